// The batch boundary at or below a place in a log: the only places where a destination can go on.

import { SpillwayError } from '../errors.ts';
import type { Disk } from '../log/disk.ts';
import type { Mark } from '../log/marks.ts';
import type { BatchRecord } from '../log/record.ts';
import { batchesFrom, type Segment } from '../log/segment.ts';
import type { SegmentStore } from '../log/store.ts';
import type { Point } from './point.ts';

/** @throws SpillwayError `bad-usage` where the log does not reach so far. */
export async function boundaryAt(disk: Disk, store: SegmentStore, point: Point): Promise<Mark> {
  const oldest = { offset: store.start, events: store.startEvent };
  const newest = { offset: store.end, events: store.endEvent };
  switch (point.by) {
    case 'oldest':
      return oldest;
    case 'newest':
      return newest;
    case 'time':
      return await markBefore(disk, store, point.ms);
    case 'offset':
      if (point.offset >= oldest.offset && point.offset <= newest.offset)
        return await markAtMost(disk, store, point.offset);
      throw new SpillwayError(
        'bad-usage',
        `--to: the log does not hold offset ${point.offset}: it holds ${oldest.offset} to ${newest.offset}`,
      );
    default:
      return point satisfies never;
  }
}

/** Where the first batch begins that came at that time or later. */
async function markBefore(disk: Disk, store: SegmentStore, ms: number): Promise<Mark> {
  let mark: Mark = { offset: store.start, events: store.startEvent };
  for (const segment of store.segments) {
    for (const { timeMs, to, eventsBefore, events } of await recordsOf(disk, segment)) {
      if (timeMs >= ms) return mark;
      mark = { offset: to, events: eventsBefore + events };
    }
  }
  return mark;
}

async function markAtMost(disk: Disk, store: SegmentStore, offset: number): Promise<Mark> {
  const segment = store.segments.findLast(({ base }) => base <= offset);
  if (segment === undefined) return { offset: store.start, events: store.startEvent };
  let mark: Mark = { offset: segment.base, events: segment.baseEvent };
  for (const { to, eventsBefore, events } of await recordsOf(disk, segment)) {
    if (to > offset) break;
    mark = { offset: to, events: eventsBefore + events };
  }
  return mark;
}

async function recordsOf(disk: Disk, segment: Segment): Promise<BatchRecord[]> {
  const journal = await segment.journal(disk);
  const records = Array.from(batchesFrom(journal, 0, segment.journalBytes), ({ record }) => record);
  return records.filter(({ to }) => to <= segment.end);
}
