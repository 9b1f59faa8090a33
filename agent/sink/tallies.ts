// What became of everything that a destination was to get, from its cursor and the end of the log: pure, so that a look
// at a cursor file and a running agent count alike.

import type { ClusterCursor, CursorState, RangeRecord } from '../log/cursor.ts';
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
  if (state.cluster !== undefined) return clusterTallies(state, state.cluster, end);
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

/** Acknowledged is what lies below the frontier, less what is held or was returned. */
function clusterTallies(state: CursorState, cluster: ClusterCursor, end: Mark): Tallies {
  const { start, gaps } = state;
  const counted = countedWith(
    state,
    gaps.filter(({ to }) => to.offset > start.offset),
  );
  const ahead = countGaps(splitAt(gaps, cluster.frontier), cluster.frontier.offset);
  const buffered = less(between(cluster.frontier, end), Object.values(ahead));
  for (const [offset, events, toOffset, toEvents] of openRanges(cluster)) {
    buffered.events += toEvents - events;
    buffered.bytes += toOffset - offset;
  }
  const appended = between(start, end);
  const given = [...Object.values(counted.dropped), ...Object.values(counted.skipped)];
  return { appended, buffered, acknowledged: less(appended, [buffered, ...given]), ...counted };
}

/** Below the frontier of a cluster, what is not done. */
function* openRanges({ returned, members }: ClusterCursor): Generator<RangeRecord> {
  yield* returned;
  for (const { held } of Object.values(members)) for (const [, ...range] of held) yield range;
}

/** Whether a destination still wants any byte of [from, to). */
export function cursorWants(state: CursorState, from: number, to: number): boolean {
  const { position, gaps, cluster, orphaned } = state;
  if (orphaned !== undefined) return false;
  if (cluster !== undefined && to <= cluster.frontier.offset) {
    // what is left of a range under keyHash may lie anywhere in it
    if (cluster.slotSets !== undefined) return to > position.offset;
    for (const [begin, , end] of openRanges(cluster)) if (begin < to && end > from) return true;
    return false;
  }
  return to > position.offset && wantsAny(gaps, Math.max(from, position.offset), to);
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
