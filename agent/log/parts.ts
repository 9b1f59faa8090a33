// What a log is made of, as it is found on its disk or made there: who it is, its segments, its sources.

import { type Clock, notBefore } from '../clock.ts';
import type { LockHeld, lockDirectory } from '../lock.ts';
import type { Disk } from './disk.ts';
import { openIdentity } from './identity.ts';
import type { Opening } from './opening.ts';
import type { SourceTable } from './sources.ts';
import { SegmentStore } from './store.ts';

export interface LogParts {
  readonly disk: Disk;
  readonly lock: LockHeld;
  readonly takeLock: typeof lockDirectory;
  readonly stream: string;
  readonly store: SegmentStore;
  readonly table: SourceTable;
  readonly now: () => number;
  /** What was found wrong, and was done about it. */
  readonly opening: Opening;
}

/** The directory is locked. */
export async function openParts(
  { dir, durability }: { readonly dir: string; readonly durability: 'fsync' | 'os' },
  on: Pick<LogParts, 'disk' | 'lock' | 'takeLock'>,
  clock: Clock,
): Promise<{ readonly parts: LogParts; readonly remarks: readonly string[] }> {
  const { disk } = on;
  const { stream, remark } = await openIdentity(disk, dir, clock());
  const durable = durability === 'fsync';
  const { store, table, opening } = await SegmentStore.open({ disk, dir, stream, durable, now: clock });
  const now = notBefore(clock, store.active.segment.lastMs);
  const remarks = [...(remark === null ? [] : [remark]), ...opening.remarks];
  return { parts: { ...on, stream, store, table, now, opening }, remarks };
}
