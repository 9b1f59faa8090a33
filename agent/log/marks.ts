// Batch boundaries: the places in a log where a range that is dropped or sent may begin and end.

import type { Disk } from './disk.ts';
import type { BatchRecord } from './record.ts';
import { batchesFrom, type Segment } from './segment.ts';
import type { SegmentStore } from './store.ts';

/** Finds boundaries one behind the other, without looking at the same records of a journal twice. */
export class Boundaries {
  readonly #disk: Disk;
  readonly #store: SegmentStore;
  #segment: Segment | null = null;
  #journalAt = 0;
  #at = 0;

  constructor(disk: Disk, store: SegmentStore) {
    this.#disk = disk;
    this.#store = store;
  }

  /**
   * The first boundary at or behind `limit`, and behind `from`, itself a boundary; at most the end of the segment that
   * `from` lies in. Where the log has a hole at `from`, the hole's end.
   */
  async atLeast(from: number, limit: number): Promise<Mark> {
    const segment = this.#store.find(from);
    if (segment === null) return { offset: this.#store.end, events: this.#store.endEvent };
    if (segment !== this.#segment || from < this.#at) this.#journalAt = 0;
    this.#segment = segment;
    this.#at = from;
    if (from < segment.base) return { offset: segment.base, events: segment.baseEvent };
    const journal = await segment.journal(this.#disk);
    for (const { record, next } of batchesFrom(journal, this.#journalAt, segment.journalBytes)) {
      if (record.from >= segment.end) break;
      if (record.to > from && record.to >= limit) {
        return { offset: record.to, events: record.eventsBefore + record.events };
      }
      // what is looked for next lies behind `from` again
      if (record.to <= from) this.#journalAt = next;
    }
    return { offset: segment.end, events: segment.baseEvent + segment.events };
  }
}

/** An offset where a batch begins or ends, with the events before it. */
export interface Mark {
  readonly offset: number;
  readonly events: number;
}

/** The batch that ends at `offset`; null where none does, or where the log no longer has it. */
export async function batchEndingAt(
  disk: Disk,
  store: SegmentStore,
  offset: number,
): Promise<BatchRecord | null> {
  if (offset <= store.start || offset > store.end) return null;
  const segment = store.find(offset - 1);
  if (segment === null) return null;
  for (const record of await recordsOf(disk, segment)) {
    if (record.to === offset) return record;
    if (record.to > offset) return null;
  }
  return null;
}

/** The first boundary at or behind `offset`; at most the end of the log. */
export async function markAtLeast(disk: Disk, store: SegmentStore, offset: number): Promise<Mark> {
  const segment = offset >= store.end ? null : store.find(offset);
  if (segment === null) return { offset: store.end, events: store.endEvent };
  if (offset <= segment.base) return { offset: segment.base, events: segment.baseEvent };
  for (const record of await recordsOf(disk, segment)) {
    if (record.to >= offset) return { offset: record.to, events: record.eventsBefore + record.events };
  }
  return { offset: segment.end, events: segment.baseEvent + segment.events };
}

/** The boundary behind the last batch that was appended before `timeMs`, looking from `from` on; null: none was. */
export async function markBefore(
  disk: Disk,
  store: SegmentStore,
  from: number,
  timeMs: number,
): Promise<Mark | null> {
  let mark: Mark | null = null;
  for (let segment = store.find(from); segment !== null; segment = store.find(segment.end)) {
    for (const record of await recordsOf(disk, segment)) {
      if (record.to <= from) continue;
      if (record.timeMs >= timeMs) return mark;
      mark = { offset: record.to, events: record.eventsBefore + record.events };
    }
    if (segment.lastMs >= timeMs) return mark;
  }
  return mark;
}

/** The ranges behind `from` that no segment holds, ascending. */
export function missingFrom(
  { segments }: SegmentStore,
  from: Mark,
): readonly { readonly from: Mark; readonly to: Mark }[] {
  const missing: { from: Mark; to: Mark }[] = [];
  let at = from;
  for (const { base, baseEvent, end, events } of segments) {
    if (base > at.offset) missing.push({ from: at, to: { offset: base, events: baseEvent } });
    if (end > at.offset) at = { offset: end, events: baseEvent + events };
  }
  return missing;
}

async function recordsOf(disk: Disk, segment: Segment): Promise<BatchRecord[]> {
  const journal = await segment.journal(disk);
  return Array.from(batchesFrom(journal, 0, segment.journalBytes), ({ record }) => record).filter(
    ({ from }) => from < segment.end,
  );
}
