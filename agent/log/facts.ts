// What is to be said of a log at a moment: for its metrics, for /healthz, and for who watches it.

import type { Committer } from './committer.ts';
import type { QuarantineFacts } from './quarantine.ts';
import type { Counts, SourceTable } from './sources.ts';
import type { Space } from './space.ts';
import { countsOf, type SegmentStore } from './store.ts';

export interface LogFacts {
  readonly state: 'ok' | 'full' | 'failing';
  readonly reason: string | null;
  readonly appended: Counts;
  readonly expired: Counts;
  /** Lost to damage that was seen when the log was opened, as long as its segment is there. */
  readonly damaged: Counts;
  readonly bytes: number;
  readonly bytesMax: number;
  readonly capBytes: number;
  readonly syncs: number;
  readonly writtenBytes: number;
  /** What peers announced that they will not send, by reason. */
  readonly skipped: Readonly<Record<string, Readonly<Counts>>>;
  readonly quarantine: QuarantineFacts;
  /** How long the disk has taken for the write that is under way. */
  readonly stalledMs: number;
}

export function factsOf(of: {
  readonly store: SegmentStore;
  readonly table: SourceTable;
  readonly space: Space;
  readonly committer: Committer;
  readonly capBytes: number;
}): LogFacts {
  const { store, table, space, committer, capBytes } = of;
  const { failure } = committer;
  const waiting = space.waitingFor ?? space.turnedAwayFor;
  return {
    state: failure !== null ? 'failing' : waiting !== null ? 'full' : 'ok',
    reason: failure?.message ?? waiting,
    appended: { events: store.endEvent, bytes: store.end },
    expired: store.expired,
    damaged: countsOf(store.damaged),
    bytes: space.bytes,
    bytesMax: Math.max(space.bytesMax, space.bytes),
    capBytes,
    syncs: committer.syncs,
    writtenBytes: committer.writtenBytes,
    skipped: Object.fromEntries(table.skipped()),
    quarantine: space.quarantine.facts(),
    stalledMs: committer.stalledMs,
  };
}
