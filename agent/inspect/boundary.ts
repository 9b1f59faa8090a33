// The batch boundary at or below a place in a log: the only places where a destination can go on.

import { SpillwayError } from '../errors.ts';
import type { Disk } from '../log/disk.ts';
import { type Mark, markBefore } from '../log/marks.ts';
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
      return (await markBefore(disk, store, store.start, point.ms)) ?? oldest;
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

async function markAtMost(disk: Disk, store: SegmentStore, offset: number): Promise<Mark> {
  let mark: Mark = { offset: store.start, events: store.startEvent };
  const candidates = store.segments.filter(({ base }) => base <= offset);
  // the last one that begins there or before; an empty one tells nothing that its base does not
  const segment = candidates.at(-1);
  if (segment === undefined) return mark;
  mark = { offset: segment.base, events: segment.baseEvent };
  for (const end of await endsOf(disk, segment)) {
    if (end.offset > offset) break;
    mark = end;
  }
  return mark;
}

async function endsOf(disk: Disk, segment: Segment): Promise<Mark[]> {
  const journal = await segment.journal(disk);
  return Array.from(batchesFrom(journal, 0, segment.journalBytes), ({ record }) => record)
    .filter(({ to }) => to <= segment.end)
    .map(({ to, eventsBefore, events }) => ({ offset: to, events: eventsBefore + events }));
}
