// What one member of a cluster holds, may have, and is known to have of its lane, and how that is written down.

import type { HeldRecord, MemberCursor } from '../../log/cursor.ts';
import type { Mark } from '../../log/marks.ts';
import type { Counts } from '../../log/sources.ts';
import type { Place } from '../inflight.ts';
import { countsOf, fromRecord, type Range, sumOf, toRecord } from './range.ts';

/** A range that one member holds. */
export interface Held {
  readonly sequence: number;
  from: Mark;
  /** Null: it is live. */
  to: Mark | null;
  /** No batch that begins at or behind it is part of it. */
  limit: number;
  /** How far it may have been sent. */
  sent: Mark;
}

export interface Doubt extends Range {
  readonly sequence: number;
  /** The member has it, and nobody else is known to. */
  readonly confirmed: boolean;
}

/** What a receiver durably has of a lane. */
export interface Reached extends Place {
  /** On the lane so far. */
  readonly events: number;
  readonly crc: number | null;
}

export interface Lane<H extends Held = Held, D extends Doubt = Doubt> {
  epoch: number;
  /** The last sequence that was given to it. */
  given: number;
  reached: Reached;
  held: H[];
  doubts: D[];
  /** In doubt beyond what is listed: never settled. */
  unlisted: Counts;
  /** That it had acknowledged and came back without: at most so many are nowhere, some of them went on before. */
  lostEvents: number;
}

/** What a member had acknowledged and does not have any more. */
export interface LaneLoss {
  readonly events: number;
  readonly acknowledgedSequence: number;
  readonly hasSequence: number;
}

const NOTHING: Reached = { sequence: 0, offset: 0, events: 0, crc: null };

/** What of a range the member has, by the place that it has reached. */
export function hadOf(
  range: Held | Doubt,
  { sequence, offset }: Place,
  eventsAt: (from: number) => number,
): Range {
  const { from } = range;
  const to = range.to ?? ('sent' in range ? range.sent : from);
  if (range.sequence > sequence) return { from, to: from };
  if (range.sequence < sequence || offset >= to.offset) return { from, to };
  if (offset <= from.offset) return { from, to: from };
  return { from, to: { offset, events: Math.min(eventsAt(from.events), to.events) } };
}

/** Why what a member says it has cannot be of this lane; `isLoss`: it lost what it had. */
export function faultOf(
  { given, reached }: Lane,
  has: Reached,
): { readonly why: string; readonly isLoss: boolean } | null {
  const { sequence, offset, crc } = has;
  if (sequence < reached.sequence || (sequence === reached.sequence && offset < reached.offset)) {
    return { why: 'it has less than it had acknowledged', isLoss: true };
  }
  if (sequence > given) return { why: `it has sequence ${sequence}, ${given} was the last`, isLoss: false };
  const isSame = sequence === reached.sequence && offset === reached.offset;
  if (isSame && crc !== null && reached.crc !== null && crc !== reached.crc) {
    return { why: 'its last batch is not the one it acknowledged', isLoss: false };
  }
  return null;
}

export function laneOf(cursor: MemberCursor): Lane {
  const { epoch, given, reached, held, doubts, unlisted, lostEvents = 0 } = cursor;
  return {
    epoch,
    given,
    reached: { ...reached },
    // how far they were sent is not written down: perhaps all of it
    held: held.map(([sequence, ...range]) => {
      const { from, to } = fromRecord(range);
      return { sequence, from, to, limit: to.offset, sent: to };
    }),
    doubts: doubts.map(([sequence, confirmed, ...range]) => ({
      sequence,
      confirmed: confirmed === 1,
      ...fromRecord(range),
    })),
    unlisted: { ...unlisted },
    lostEvents,
  };
}

export function recordOf(lane: Lane): MemberCursor {
  const { epoch, given, reached, held, doubts, unlisted, lostEvents } = lane;
  return {
    epoch,
    given,
    reached,
    held: held.flatMap(({ sequence, from, to }): HeldRecord[] =>
      to === null ? [] : [[sequence, ...toRecord({ from, to })]],
    ),
    doubts: doubts.map((doubt) => [doubt.sequence, doubt.confirmed ? 1 : 0, ...toRecord(doubt)]),
    unlisted,
    ...(lostEvents > 0 && { lostEvents }),
  };
}

export function freshLane(epoch: number): Lane<never, never> {
  const unlisted = { events: 0, bytes: 0 };
  return { epoch, given: 0, reached: NOTHING, held: [], doubts: [], unlisted, lostEvents: 0 };
}

/** Nothing of it is open, in doubt or lost: what is left is how far the member got. */
export function isBlank({ held, doubts, unlisted, lostEvents }: Lane): boolean {
  return held.length === 0 && doubts.length === 0 && unlisted.bytes === 0 && lostEvents === 0;
}

/** @returns what the member lost; null: what it has is of another history */
export function beginAnew(
  lane: Lane,
  { epoch, has, isLoss }: { epoch: number; has: Reached; isLoss: boolean },
): LaneLoss | null {
  const loss = {
    events: Math.max(0, lane.reached.events - has.events),
    acknowledgedSequence: lane.reached.sequence,
    hasSequence: has.sequence,
  };
  // what a member lost it does not have; what another history has of ours nobody can say
  const doubts = lane.doubts.filter(({ confirmed }) => !confirmed);
  if (!isLoss) lane.unlisted = sumOf([lane.unlisted, ...doubts.map(countsOf)]);
  lane.doubts = lane.doubts.filter(({ confirmed }) => confirmed);
  lane.epoch = epoch;
  lane.reached = NOTHING;
  for (const held of lane.held) held.sent = held.from;
  if (!isLoss) return null;
  lane.lostEvents += loss.events;
  return loss;
}

/** Of more doubts than `max` the oldest are only counted. */
export function boundDoubts(lanes: ReadonlyMap<string, Lane>, max: number): void {
  let listed = 0;
  for (const { doubts } of lanes.values()) listed += doubts.length;
  for (const lane of lanes.values()) {
    while (listed > max && lane.doubts[0] !== undefined) {
      lane.unlisted = sumOf([lane.unlisted, countsOf(lane.doubts[0])]);
      lane.doubts.shift();
      listed--;
    }
  }
}
