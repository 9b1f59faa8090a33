// Everything a run found out, as far as it got. The verdict and the result are made from this and nothing else,
// so a run that was interrupted still leaves a result.

import type { ProcessRecord } from '../chain/process.ts';
import type { FaultEvidence } from '../faults/record.ts';
import type { Manifest } from '../generator/spec.ts';
import type { Sample } from '../observer/spec.ts';
import type { Result } from '../result.ts';
import type { ToolCounters } from '../tools/tool.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';
import type { Books } from './conservation.ts';
import type { Machine } from './machine.ts';
import type { RunPlan } from './plan.ts';
import type { TimedText } from './steps.ts';

export interface Evidence {
  readonly plan: RunPlan;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly commit: string;
  readonly dirty: boolean;
  readonly hops: Result['hops'];
  /** The load of this run; null when the generator never wrote one. */
  readonly manifest: Manifest | null;
  /** When the last event had been written; null when not all were. */
  readonly sentMs: number | null;
  /** Flood: when the first sender was started, which is when the clock starts. */
  readonly floodStartMs: number | null;
  /** All bytes were in every destination within the scenario's limits. */
  readonly drained: boolean;
  readonly samples: readonly Sample[];
  readonly processes: readonly Pick<ProcessRecord, 'name' | 'group'>[];
  readonly destinations: readonly DestinationVerdict[];
  readonly books: Books;
  readonly probes: Result['probes'];
  readonly events: readonly TimedText[];
  /** What was broken on purpose, and what was seen of the nodes meanwhile. */
  readonly faults: FaultEvidence;
  /** Processes of the tool that ended by themselves, or had to be killed at the end. */
  readonly misbehaved: readonly string[];
  /** Reasons why nothing can be concluded: interrupted, observer gone, a step that never happened. */
  readonly invalid: readonly string[];
  readonly notes: readonly string[];
  readonly killedFromOutside: readonly string[];
  /** Processes that the kernel ended meanwhile for want of memory, anywhere on the machine. */
  readonly oomKills: number;
  readonly configuration: Result['configuration'];
  /** Why the tool did not come up: nothing else was found out then. Left out: it did. */
  readonly failedAtStart?: string | null;
  /** Faults that found nothing to break: a run that would pass proves nothing then; one that fails has failed. */
  readonly unproven?: readonly string[];
  /** By node, what a rival's own counters said; never judged. */
  readonly counters?: ReadonlyMap<string, ToolCounters>;
}
