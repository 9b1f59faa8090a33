// A cluster's cursor when it is to share its load in another way: what members hold whole cannot be held by slots, nor the
// other way. The log is given out anew from the lowest byte that is not done; whatever lies above it some member may have,
// and it stays in doubt.

import type { ClusterCursor, MemberCursor } from '../../log/cursor.ts';
import type { Mark } from '../../log/marks.ts';
import type { Counts } from '../../log/sources.ts';
import { countsOf, fromRecord, sumOf } from './range.ts';

export function resharded(cursor: ClusterCursor, position: Mark, to: 'ranges' | 'keys'): ClusterCursor {
  const { slotSets, ...rest } = cursor;
  const isKeyed = slotSets !== undefined;
  if (isKeyed === (to === 'keys')) return cursor;
  const kept = isKeyed ? rest : { ...rest, slotSets: [] };
  const isFresh = Object.keys(cursor.members).length === 0;
  if (isFresh) return kept;
  let { epoch } = cursor;
  const members: Record<string, MemberCursor> = {};
  for (const [name, { doubts, unlisted }] of Object.entries(cursor.members)) {
    const counts = doubts.map(([, , ...range]) => countsOf(fromRecord(range)));
    members[name] = newLane(++epoch, sumOf([unlisted, ...counts]));
  }
  const [first] = Object.keys(members);
  const lane = first === undefined ? undefined : members[first];
  if (first !== undefined && lane !== undefined) {
    const above = countsOf({ from: position, to: cursor.frontier });
    members[first] = { ...lane, unlisted: sumOf([lane.unlisted, above]) };
  }
  return { ...kept, epoch, frontier: position, live: null, returned: [], members };
}

function newLane(epoch: number, unlisted: Counts): MemberCursor {
  const reached = { sequence: 0, offset: 0, events: 0, crc: null };
  return { epoch, given: 0, reached, held: [], doubts: [], unlisted };
}
