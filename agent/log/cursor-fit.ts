// What of a cluster's cursor gives way where all of it does not fit its slot, as little as is needed, in the order of what
// it costs. Only on the disk: the agent has all of it, so this is what a start after a crash does without.
//
//   lastMembers   who the members are the registry knows as well
//   gaps          behind the position: they become counts of their reasons
//   blank lanes   of members that hold nothing and have nothing in doubt: should one of them come back without what it
//                 had acknowledged, that goes unnoticed. Those that were given something longest ago first
//   doubts        the oldest first: they become counts, in doubt for good
//   idle lanes    of members that hold nothing: what they have in doubt or lost is counted under `(former)`
//
// What members hold stays: without it events would be lost or doubled unseen.

import type { ClusterCursor, CursorGap, CursorState, MemberCursor } from './cursor.ts';
import { DROP_REASONS, FORMER } from './cursor-terms.ts';
import type { Counts } from './sources.ts';

type Members = ClusterCursor['members'];
/** Makes it smaller by about so many bytes, or as far as it can. */
type Step = (cluster: ClusterCursor, excessBytes: number) => ClusterCursor;

/** The state, or as much less as fits; what cannot be made to fit comes back too large. */
export function fitted(state: CursorState, bytesMax: number): CursorState {
  const excess = (of: CursorState) => Buffer.byteLength(JSON.stringify(of)) - bytesMax;
  const { lastMembers: _, ...rest } = state;
  let small: CursorState = rest;
  if (excess(small) > 0) small = withoutGaps(small);
  for (const step of [withoutBlankLanes, withoutDoubts, withoutIdleLanes] satisfies Step[]) {
    const { cluster } = small;
    const over = excess(small);
    if (cluster === undefined || over <= 0) return small;
    small = { ...small, cluster: step(cluster, over) };
  }
  return small;
}

/** Members of a cluster are not told of gaps: behind the position they are only counted. */
function withoutGaps(state: CursorState): CursorState {
  if (state.cluster === undefined) return state;
  const isBehind = ({ to, announced }: CursorGap) => announced && to.offset <= state.position.offset;
  const dropped: Record<string, Counts> = structuredClone(state.dropped);
  const skipped: Record<string, Counts> = structuredClone(state.skipped);
  for (const { from, to, reason } of state.gaps.filter(isBehind)) {
    const counts = DROP_REASONS.some((drop) => drop === reason) ? dropped : skipped;
    const { events, bytes } = counts[reason] ?? { events: 0, bytes: 0 };
    counts[reason] = { events: events + to.events - from.events, bytes: bytes + to.offset - from.offset };
  }
  return { ...state, dropped, skipped, gaps: state.gaps.filter((gap) => !isBehind(gap)) };
}

function withoutBlankLanes(cluster: ClusterCursor, excessBytes: number): ClusterCursor {
  const isBlank = ({ doubts, unlisted, lostEvents = 0 }: MemberCursor) =>
    doubts.length === 0 && unlisted.bytes === 0 && lostEvents === 0;
  const gone = oldest(cluster, isBlank, excessBytes);
  return { ...cluster, members: withoutNames(cluster.members, gone) };
}

function withoutDoubts(cluster: ClusterCursor, excessBytes: number): ClusterCursor {
  const all = Object.entries(cluster.members).flatMap(([name, { doubts, keyedDoubts }]) =>
    doubts.map((doubt, at) => ({ name, at, doubt, keyed: keyedDoubts?.[at] })),
  );
  // those that are known to be copies are counted as such when their range is done: they go last
  all.sort(({ doubt: a }, { doubt: b }) => a[1] - b[1] || a[0] - b[0]);
  const gone = new Map<string, Set<number>>();
  let left = excessBytes;
  for (const { name, at, doubt, keyed } of all) {
    if (left <= 0) break;
    const mine = gone.get(name);
    // the counts of a lane grow by a few digits
    if (mine === undefined) left += 32;
    gone.set(name, (mine ?? new Set()).add(at));
    left -= JSON.stringify(doubt).length + 1 + (keyed === undefined ? 0 : JSON.stringify(keyed).length + 1);
  }
  const members = Object.entries(cluster.members).map(([name, member]) => {
    const mine = gone.get(name);
    return [name, mine === undefined ? member : withFolded(member, mine)] as const;
  });
  return withoutUnusedSets({ ...cluster, members: Object.fromEntries(members) });
}

function withFolded(member: MemberCursor, gone: ReadonlySet<number>): MemberCursor {
  const { doubts, keyedDoubts } = member;
  let { events, bytes } = member.unlisted;
  for (const at of gone) {
    const [, , from = 0, eventsBefore = 0, to = 0, eventsAt = 0] = doubts[at] ?? [];
    events += eventsAt - eventsBefore;
    bytes += to - from;
  }
  const stays = (_: unknown, at: number) => !gone.has(at);
  return {
    ...member,
    doubts: doubts.filter(stays),
    ...(keyedDoubts !== undefined && { keyedDoubts: keyedDoubts.filter(stays) }),
    unlisted: { events, bytes },
  };
}

function withoutIdleLanes(cluster: ClusterCursor, excessBytes: number): ClusterCursor {
  const gone = oldest(cluster, ({ doubts }) => doubts.length === 0, excessBytes + 256);
  if (gone.size === 0) return cluster;
  const epoch = cluster.epoch + 1;
  const { [FORMER]: former = freshLane(epoch), ...members } = withoutNames(cluster.members, gone);
  const all = [former, ...[...gone].map((name) => cluster.members[name]).filter((one) => one !== undefined)];
  const sum = (of: (member: MemberCursor) => number) => all.reduce((total, member) => total + of(member), 0);
  const unlisted = { events: sum((one) => one.unlisted.events), bytes: sum((one) => one.unlisted.bytes) };
  const lostEvents = sum((one) => one.lostEvents ?? 0);
  const whole = { ...former, unlisted, ...(lostEvents > 0 && { lostEvents }) };
  return { ...cluster, epoch, members: { ...members, [FORMER]: whole } };
}

function freshLane(epoch: number): MemberCursor {
  const reached = { sequence: 0, offset: 0, events: 0, crc: null };
  return { epoch, given: 0, reached, held: [], doubts: [], unlisted: { events: 0, bytes: 0 } };
}

/** Of the lanes that hold nothing and may go, those that were given something longest ago. */
function oldest(
  { members, live }: ClusterCursor,
  mayGo: (member: MemberCursor) => boolean,
  bytes: number,
): ReadonlySet<string> {
  const able = Object.entries(members).filter(
    ([name, member]) => member.held.length === 0 && name !== live?.member && name !== FORMER && mayGo(member),
  );
  able.sort(([, a], [, b]) => a.given - b.given);
  const gone = new Set<string>();
  let left = bytes;
  for (const [name, member] of able) {
    if (left <= 0) break;
    gone.add(name);
    left -= JSON.stringify({ [name]: member }).length - 1;
  }
  return gone;
}

function withoutNames(members: Members, names: ReadonlySet<string>): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.has(name)));
}

/** Under keyHash, slots of which nothing is left. */
function withoutUnusedSets(cluster: ClusterCursor): ClusterCursor {
  const { slotSets, members } = cluster;
  if (slotSets === undefined) return cluster;
  const kept: string[] = [];
  const places = new Map<number, number>();
  const placeOf = (slots: number): number => {
    const known = places.get(slots) ?? kept.push(slotSets[slots] ?? '') - 1;
    places.set(slots, known);
    return known;
  };
  const moved = Object.entries(members).map(([name, member]) => {
    const { keyedHeld = [], keyedDoubts = [] } = member;
    const again = {
      ...member,
      keyedHeld: keyedHeld.map(([slots, ...range]) => [placeOf(slots), ...range] as const),
      keyedDoubts: keyedDoubts.map(([slots, ...range]) => [placeOf(slots), ...range] as const),
    };
    return [name, again] as const;
  });
  return { ...cluster, members: Object.fromEntries(moved), slotSets: kept };
}
