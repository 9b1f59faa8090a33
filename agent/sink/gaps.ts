// The ranges of the log that one destination will not get, because its policy gave them up. Plain data and pure
// functions: a list of gaps, ascending, none touching another, all at or above the destination's position.
//
// A gap is announced to the receiver as a skip when the sender comes to it. Until that is acknowledged it stays in the
// cursor, so that a restart drops neither more nor less.

import type { Mark } from '../log/marks.ts';
import type { Counts } from '../log/sources.ts';

export const DROP_REASONS = ['dropOldest', 'dropNewest', 'maxAge'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface Gap {
  readonly from: Mark;
  readonly to: Mark;
  readonly reason: DropReason;
}

export function isDropReason(reason: string): reason is DropReason {
  return (DROP_REASONS as readonly string[]).includes(reason);
}

/**
 * The list with everything in [from, to) dropped: gaps inside are swallowed, so that what was given up before keeps its
 * own reason only where it lies outside.
 */
export function dropRange(gaps: readonly Gap[], drop: Gap): readonly Gap[] {
  const before = gaps.filter(({ to }) => to.offset <= drop.from.offset);
  const after = gaps.filter(({ from }) => from.offset >= drop.to.offset);
  const within = gaps.filter((gap) => !before.includes(gap) && !after.includes(gap));
  const pieces: Gap[] = [];
  let at = drop.from;
  for (const gap of within) {
    if (gap.from.offset > at.offset) pieces.push({ ...drop, from: at, to: gap.from });
    pieces.push(gap);
    at = gap.to;
  }
  if (at.offset < drop.to.offset) pieces.push({ ...drop, from: at });
  return join([...before, ...pieces, ...after]);
}

/** What is left of the gaps for a destination that is at `position`. */
export function gapsFrom(gaps: readonly Gap[], position: Mark): readonly Gap[] {
  if (gaps.every(({ from }) => from.offset >= position.offset)) return gaps;
  return gaps
    .filter(({ to }) => to.offset > position.offset)
    .map((gap) => (gap.from.offset < position.offset ? { ...gap, from: position } : gap));
}

/** The first gap that ends behind the offset: where the sender must stop, or what it must announce now. */
export function nextGap(gaps: readonly Gap[], offset: number): Gap | null {
  return gaps.find(({ to }) => to.offset > offset) ?? null;
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

export function countGaps(gaps: readonly Gap[]): Readonly<Record<string, Counts>> {
  const counts: Record<string, Counts> = {};
  for (const { from, to, reason } of gaps) {
    const count = counts[reason] ?? { events: 0, bytes: 0 };
    count.events += to.events - from.events;
    count.bytes += to.offset - from.offset;
    counts[reason] = count;
  }
  return counts;
}

function join(gaps: readonly Gap[]): readonly Gap[] {
  const joined: Gap[] = [];
  for (const gap of gaps) {
    const last = joined.at(-1);
    if (last !== undefined && last.to.offset === gap.from.offset && last.reason === gap.reason) {
      joined[joined.length - 1] = { ...last, to: gap.to };
    } else {
      joined.push(gap);
    }
  }
  return joined;
}
