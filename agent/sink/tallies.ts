// What became of everything that a destination was to get, from its cursor and the end of the log: pure, so that a look
// at a cursor file and a running agent count alike.

import type { CursorState } from '../log/cursor.ts';
import type { Mark } from '../log/marks.ts';
import type { Counts } from '../log/sources.ts';
import { countGaps, type Gap, isDropReason, splitAt, wantsAny } from './gaps.ts';

type ByReason = Readonly<Record<string, Readonly<Counts>>>;

/** Since the destination's start: appended = acknowledged + buffered + dropped + skipped. */
export interface Tallies {
  readonly appended: Readonly<Counts>;
  readonly acknowledged: Readonly<Counts>;
  readonly buffered: Readonly<Counts>;
  readonly dropped: ByReason;
  readonly skipped: ByReason;
}

export function talliesOf(state: CursorState, end: Mark): Tallies {
  const { start, position } = state;
  const gaps = splitAt(state.gaps, position);
  const behind = countGaps(gaps, start.offset, position.offset);
  const ahead = countGaps(gaps, position.offset);
  const folded = [...Object.values(state.skipped), ...Object.values(state.dropped)];
  return {
    appended: between(start, end),
    buffered: less(between(position, end), Object.values(ahead)),
    acknowledged: less(between(start, position), [...folded, ...Object.values(behind)]),
    ...countedWith(
      state,
      gaps.filter(({ to }) => to.offset > start.offset),
    ),
  };
}

/** Whether a destination still wants any byte of [from, to). */
export function cursorWants({ position, gaps, orphaned }: CursorState, from: number, to: number): boolean {
  return (
    orphaned === undefined && to > position.offset && wantsAny(gaps, Math.max(from, position.offset), to)
  );
}

/** The counts by reason, with these gaps added to what was folded into them. */
export function countedWith(
  { dropped, skipped }: Pick<CursorState, 'dropped' | 'skipped'>,
  gaps: readonly Gap[],
): { readonly dropped: ByReason; readonly skipped: ByReason } {
  const isDrop = ({ reason }: Gap) => isDropReason(reason);
  return {
    dropped: add(dropped, countGaps(gaps.filter(isDrop))),
    skipped: add(skipped, countGaps(gaps.filter((gap) => !isDrop(gap)))),
  };
}

function between(from: Mark, to: Mark): Counts {
  return { events: to.events - from.events, bytes: to.offset - from.offset };
}

function less(from: Counts, parts: readonly Readonly<Counts>[]): Counts {
  return parts.reduce<Counts>(
    (rest, { events, bytes }) => ({ events: rest.events - events, bytes: rest.bytes - bytes }),
    from,
  );
}

function add(a: ByReason, b: ByReason): ByReason {
  const sum: Record<string, Counts> = structuredClone(a);
  for (const [reason, { events, bytes }] of Object.entries(b)) {
    const before = sum[reason] ?? { events: 0, bytes: 0 };
    sum[reason] = { events: before.events + events, bytes: before.bytes + bytes };
  }
  return sum;
}
