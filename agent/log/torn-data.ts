// A segment file that is shorter than its journal says: something outside of the log cut it. What is left of the batch
// in which it was cut cannot be delivered, and to who reads the files as they are (tail, grep, lsevents) its last line
// would run into the next segment's first. So the file is cut back to its last whole batch, and the rest is set aside.

import type { Disk } from './disk.ts';
import type { Mark } from './marks.ts';
import type { Opening } from './opening.ts';
import type { BatchRecord } from './record.ts';
import { batchesFrom, type Segment } from './segment.ts';
import { writeAside } from './set-aside.ts';
import { unlessGone } from './survey.ts';
import { readDespiteDamage } from './unreadable.ts';

/**
 * @param limit where the next segment begins: what a journal says of bytes behind it was never committed
 * @returns where the journal says that the segment ends, with the events before; null where its data is all there
 */
export async function cutTornData(
  disk: Disk,
  segment: Segment,
  limit: number,
  opening: Opening,
): Promise<Mark | null> {
  const facts = await unlessGone(disk.facts(segment.path));
  if (facts === null) return null;
  const whole: BatchRecord[] = [];
  let torn: BatchRecord | null = null;
  let end: Mark = { offset: segment.base, events: segment.baseEvent };
  for (const { record } of batchesFrom(await segment.journal(disk), 0, segment.journalBytes)) {
    if (record.to > limit) break;
    if (torn === null && record.position + record.bytes <= facts.size) whole.push(record);
    else torn ??= record;
    end = { offset: record.to, events: record.eventsBefore + record.events };
  }
  if (torn === null) return null;
  const last = whole.at(-1);
  const bytes = last === undefined ? 0 : last.position + last.bytes;
  if (facts.size > bytes) {
    opening.asideBytes += await setAsideAndCut(disk, segment, { from: bytes, to: facts.size }, torn);
    opening.say(
      `cut the file of segment ${segment.base} after its last whole batch, and set ${facts.size - bytes} bytes aside in quarantine/: it is ${end.offset - segment.base - facts.size} bytes shorter than its journal says`,
    );
  }
  segment.bytes = bytes;
  segment.events = last === undefined ? 0 : last.eventsBefore + last.events - segment.baseEvent;
  segment.damaged = {
    from: { offset: segment.end, events: segment.baseEvent + segment.events },
    to: end,
  };
  return end;
}

async function setAsideAndCut(
  disk: Disk,
  segment: Segment,
  { from, to }: { from: number; to: number },
  torn: BatchRecord,
): Promise<number> {
  const fd = await disk.open(segment.path, 'r+');
  try {
    const rest = Buffer.alloc(to - from);
    const got = await readDespiteDamage(disk, fd, rest, from);
    const name = `damaged-${torn.from}-${torn.to}`;
    const aside = await writeAside(disk, segment.dir, name, rest.subarray(0, got));
    await disk.truncate(fd, from);
    await disk.sync(fd);
    return aside;
  } finally {
    await disk.close(fd);
  }
}
