// The ranges of the log that one destination does not get: given up by its policy, or lost. Plain data and pure
// functions: a list, ascending, none overlapping another, each a whole number of batches.
//
// A range enters the list when a policy gives it up, or when the sender finds that it cannot deliver it, and is written
// down before it is announced to the receiver. From then on it is announced: the receiver has passed over it, or will.
// Counting is a function of this list and the position, so a lost acknowledgement, a second announcement or a receiver
// that went back counts nothing twice and forgets nothing. What was given up and not announced yet is different: where
// the receiver turns out to have it after all (it was under way), it is taken off the list again.

import { DROP_REASONS, type DropReason } from '../log/cursor-terms.ts';
import type { Mark } from '../log/marks.ts';
import type { Counts } from '../log/sources.ts';

export type GapReason = DropReason | 'peerLost' | 'damaged' | 'orphaned';

export interface Gap {
  readonly from: Mark;
  readonly to: Mark;
  readonly reason: GapReason;
  readonly announced: boolean;
}

export function isDropReason(reason: string): reason is DropReason {
  return (DROP_REASONS as readonly string[]).includes(reason);
}

/** The list with one more range; what is listed already keeps its own reason. */
export function addGap(gaps: readonly Gap[], added: Gap): readonly Gap[] {
  const before = gaps.filter(({ to }) => to.offset <= added.from.offset);
  const after = gaps.filter(({ from }) => from.offset >= added.to.offset);
  const within = gaps.filter((gap) => !before.includes(gap) && !after.includes(gap));
  const pieces: Gap[] = [];
  let at = added.from;
  for (const gap of within) {
    if (gap.from.offset > at.offset) pieces.push({ ...added, from: at, to: gap.from });
    pieces.push(gap);
    at = gap.to;
  }
  if (at.offset < added.to.offset) pieces.push({ ...added, from: at });
  return join([...before, ...pieces, ...after]);
}

/** Everything in [from, to) is announced now; what of it was not listed yet is, under `reason`. */
export function announce(gaps: readonly Gap[], range: Omit<Gap, 'announced'>): readonly Gap[] {
  const cut = withoutDelivered(gaps, range.from);
  // what was given up beyond the range is not announced with it, and its part within the range is
  const listed = splitAt(addGap(cut, { ...range, announced: true }), range.to);
  return join(
    listed.map((gap) =>
      gap.from.offset >= range.from.offset && gap.to.offset <= range.to.offset
        ? { ...gap, announced: true }
        : gap,
    ),
  );
}

/** Whether the whole range was announced before. */
export function isAnnounced(gaps: readonly Gap[], range: Omit<Gap, 'announced'>): boolean {
  const pieces = gaps.filter(({ announced }) => announced);
  return !wantsAny(pieces, range.from.offset, range.to.offset);
}

/** What was given up but delivered all the same, because it was under way, is no gap. */
export function withoutDelivered(gaps: readonly Gap[], position: Mark): readonly Gap[] {
  if (gaps.every(({ announced, from }) => announced || from.offset >= position.offset)) return gaps;
  return gaps
    .filter(({ announced, to }) => announced || to.offset > position.offset)
    .map((gap) => (!gap.announced && gap.from.offset < position.offset ? { ...gap, from: position } : gap));
}

/** The list for a log that ends at `end`: a gap behind it would swallow what is yet to come. */
export function gapsWithin(gaps: readonly Gap[], end: Mark): readonly Gap[] {
  return gaps
    .filter(({ from }) => from.offset < end.offset)
    .map((gap) => (gap.to.offset > end.offset ? { ...gap, to: end } : gap));
}

/** The first gap that ends behind the offset: where the sender must stop, or what it must announce now. */
export function nextGap(gaps: readonly Gap[], offset: number): Gap | null {
  return gaps.find(({ to }) => to.offset > offset) ?? null;
}

/** Bytes behind the offset that are given up. */
export function givenFrom(gaps: readonly Gap[], offset: number): number {
  return gaps.reduce((sum, { from, to }) => sum + Math.max(0, to.offset - Math.max(from.offset, offset)), 0);
}

/** The offset that lies behind `bytes` wanted bytes, counted from `from`. */
export function offsetBehind(gaps: readonly Gap[], from: number, bytes: number): number {
  let at = from;
  let left = bytes;
  for (const gap of gaps) {
    if (gap.to.offset <= at) continue;
    const free = Math.max(0, gap.from.offset - at);
    if (left <= free) break;
    left -= free;
    at = gap.to.offset;
  }
  return at + left;
}

/** Whether any byte of [from, to) is outside the gaps. */
export function wantsAny(gaps: readonly Gap[], from: number, to: number): boolean {
  let at = from;
  for (const gap of gaps) {
    if (gap.from.offset > at) return true;
    at = Math.max(at, gap.to.offset);
    if (at >= to) return false;
  }
  return at < to;
}

/** By reason, what of the gaps lies in [from, to). */
export function countGaps(
  gaps: readonly Gap[],
  from = 0,
  to = Number.POSITIVE_INFINITY,
): Readonly<Record<string, Counts>> {
  const counts: Record<string, Counts> = {};
  for (const gap of gaps) {
    if (gap.to.offset <= from || gap.from.offset >= to) continue;
    const count = counts[gap.reason] ?? { events: 0, bytes: 0 };
    count.events += gap.to.events - gap.from.events;
    count.bytes += gap.to.offset - gap.from.offset;
    counts[gap.reason] = count;
  }
  return counts;
}

/** The list with a gap that lies across the mark made two. */
export function splitAt(gaps: readonly Gap[], mark: Mark): readonly Gap[] {
  return gaps.flatMap((gap) =>
    gap.from.offset < mark.offset && mark.offset < gap.to.offset
      ? [
          { ...gap, to: mark },
          { ...gap, from: mark },
        ]
      : [gap],
  );
}

function join(gaps: readonly Gap[]): readonly Gap[] {
  const joined: Gap[] = [];
  for (const gap of gaps) {
    const last = joined.at(-1);
    const touches = last?.to.offset === gap.from.offset && last.reason === gap.reason;
    if (touches && last.announced === gap.announced) joined[joined.length - 1] = { ...last, to: gap.to };
    else joined.push(gap);
  }
  return joined;
}
