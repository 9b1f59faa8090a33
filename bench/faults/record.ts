// What the fault engine leaves as evidence: which faults happened when, and what was seen of the nodes meanwhile.

import type { NodeAccount } from '../tools/tool.ts';
import type { StepAction } from './step.ts';

export interface FaultRecord {
  readonly action: StepAction;
  /** A node or a link. */
  readonly target: string;
  /** For a link its receiver. */
  readonly node: string;
  readonly fromMs: number;
  /** null: it was over as soon as it had happened. */
  readonly toMs: number | null;
}

/** One look at all nodes. */
export interface WatchSample {
  readonly timeMs: number;
  readonly nodes: Readonly<Record<string, WatchedNode>>;
  /** Ids missing in the registry; null when it was not asked or did not answer. */
  readonly unregistered: readonly string[] | null;
}

export interface WatchedNode {
  /** The folder that the cap limits, as the file system sees it; null for a tool without one. */
  readonly logBytes: number | null;
  /** buffer/ of a tool without such a folder: its queues, and whatever else it keeps. */
  readonly bufferBytes?: number;
  /** Open descriptors of its processes; null while it is down. */
  readonly descriptors: number | null;
  readonly rssBytes: number | null;
  /** null: did not answer. */
  readonly account: NodeAccount | null;
}

export interface FaultEvidence {
  readonly faults: readonly FaultRecord[];
  readonly watch: readonly WatchSample[];
}

export const NO_FAULTS: FaultEvidence = { faults: [], watch: [] };
