// Ranges of the log between batch boundaries, as plain data: cut, joined, counted.

import type { RangeRecord } from '../../log/cursor.ts';
import type { Mark } from '../../log/marks.ts';
import type { Counts } from '../../log/sources.ts';

export interface Range {
  readonly from: Mark;
  readonly to: Mark;
}

export const isEmpty = ({ from, to }: Range): boolean => from.offset >= to.offset;

export function countsOf({ from, to }: Range): Counts {
  return { events: to.events - from.events, bytes: to.offset - from.offset };
}

export function sumOf(parts: Iterable<Readonly<Counts>>): Counts {
  const sum = { events: 0, bytes: 0 };
  for (const { events, bytes } of parts) {
    sum.events += events;
    sum.bytes += bytes;
  }
  return sum;
}

export const earlier = (a: Mark, b: Mark): Mark => (b.offset < a.offset ? b : a);
export const later = (a: Mark, b: Mark): Mark => (b.offset > a.offset ? b : a);

/** What both have; null: nothing. */
export function overlap(a: Range, b: Range): Range | null {
  const both = { from: later(a.from, b.from), to: earlier(a.to, b.to) };
  return isEmpty(both) ? null : both;
}

/** What is left of `range` without `cut`, up to two pieces. */
export function without(range: Range, cut: Range): Range[] {
  const pieces = [
    { from: range.from, to: earlier(range.to, cut.from) },
    { from: later(range.from, cut.to), to: range.to },
  ];
  return overlap(range, cut) === null ? [range] : pieces.filter((piece) => !isEmpty(piece));
}

/** What is left of `range` without all of `cuts`. */
export function withoutAll(range: Range, cuts: readonly Range[]): Range[] {
  return cuts.reduce<Range[]>((left, cut) => left.flatMap((piece) => without(piece, cut)), [range]);
}

/** Into ranges in the order of the log, where it is not empty. */
export function insert(ranges: Range[], range: Range): void {
  if (isEmpty(range)) return;
  const at = ranges.findIndex(({ from }) => from.offset > range.from.offset);
  ranges.splice(at === -1 ? ranges.length : at, 0, range);
}

export function toRecord({ from, to }: Range): RangeRecord {
  return [from.offset, from.events, to.offset, to.events];
}

export function fromRecord([offset, events, toOffset, toEvents]: RangeRecord): Range {
  return { from: { offset, events }, to: { offset: toOffset, events: toEvents } };
}
