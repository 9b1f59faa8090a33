// What the agent would say if it started on this log now, by the code that does it, on a disk that changes nothing.

import { type Disk, realDisk } from '../log/disk.ts';
import { openIdentity } from '../log/identity.ts';
import { SegmentStore } from '../log/store.ts';
import { dryDisk } from './dry-disk.ts';

export interface DryStart {
  readonly store: SegmentStore;
  readonly disk: Disk;
  readonly remarks: readonly string[];
}

/** @throws what would keep the agent from starting. No agent may run on the log. */
export async function dryStart(dir: string): Promise<DryStart> {
  const disk = dryDisk(realDisk);
  const { stream, remark } = await openIdentity(disk, dir, Date.now());
  const options = { disk, dir, stream, durable: true, now: Date.now };
  const { store, opening } = await SegmentStore.open(options);
  return { store, disk, remarks: [...(remark === null ? [] : [remark]), ...opening.remarks] };
}
