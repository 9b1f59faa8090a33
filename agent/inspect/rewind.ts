// Where a destination goes on after an operator moved it, as pure functions of its cursor.
//
// Back: a new epoch that begins at the target. Its receiver sees a lane that it does not know and takes everything from
// there, so what it had is doubled on purpose. All of the destination's accounting begins again at the target, because
// what was dropped and skipped is counted by reason and not by range: then `appended since its start = acknowledged +
// buffered + dropped + skipped` holds for the new epoch to the event.
//
// Forward: no new epoch. What lies between is given up the way a policy does it: announced to the receiver as a skip and
// counted as dropped (dropOldest), so that both ends know and conservation closes.

import type { CursorState } from '../log/cursor.ts';
import type { Mark } from '../log/marks.ts';
import { addGap } from '../sink/gaps.ts';

export type Move =
  | { readonly kind: 'stay' }
  | { readonly kind: 'back' | 'forward'; readonly state: CursorState };

/**
 * Where a receiver's disk was replaced and all it had was passed on: a new epoch that begins where the destination is, so
 * that nothing of what the old disk had is sent again, or counted as lost.
 */
export function renewCursor(state: CursorState): CursorState {
  return newEpoch(state, state.position);
}

export function moveCursor(state: CursorState, to: Mark): Move {
  const { position, gaps } = state;
  if (to.offset === position.offset) return { kind: 'stay' };
  if (to.offset > position.offset) {
    // what members of a cluster hold is theirs
    const from = state.cluster === undefined ? position : state.cluster.frontier;
    if (to.offset <= from.offset) return { kind: 'stay' };
    const dropped = addGap(gaps, { from, to, reason: 'dropOldest', announced: false });
    return { kind: 'forward', state: { ...state, gaps: dropped } };
  }
  return { kind: 'back', state: newEpoch(state, to) };
}

function newEpoch(state: CursorState, at: Mark): CursorState {
  // the lanes of a cluster begin anew with the epoch
  const { cluster: _, ...rest } = state;
  return {
    ...rest,
    epoch: state.epoch + 1,
    epochStart: at,
    start: at,
    position: at,
    last: null,
    skipped: {},
    dropped: {},
    gaps: state.gaps.filter(({ from, announced }) => !announced && from.offset >= at.offset),
  };
}
