// What a member is given under keyHash, and how that is written down: of a range of the log the events of some slots.
//
// The events of a range that have those slots, one behind the other, are a stream of their own. Its marks are what
// lane.ts counts with: `offset` is the beginning of the range in the log and the bytes of the stream before the place,
// `events` the events of the stream before it. So a batch is as long as what it says, `from` to `to`, a receiver needs to
// know nothing of slots, and what a place says of events and bytes is exact. `log` says where the range lies.

import type { KeyedRecord, MemberCursor } from '../../log/cursor.ts';
import type { Mark } from '../../log/marks.ts';
import { type Doubt, type Held, type Lane, laneOf, recordOf } from './lane.ts';
import { fromRecord, type Range, toRecord } from './range.ts';
import { type SlotSet, slotsToText } from './slot-set.ts';

interface Keyed {
  /** The range of the log. */
  readonly log: Range;
  readonly slots: SlotSet;
}

export type KeyHeld = Held & Keyed & { to: Mark };
export type KeyDoubt = Doubt & Keyed;

export type KeyLane = Lane<KeyHeld, KeyDoubt>;

/** The sets that stand in one cursor, each once. */
export class SlotTable {
  readonly texts: string[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(set: SlotSet): number {
    const text = slotsToText(set);
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    const index = this.texts.push(text) - 1;
    this.#indexes.set(text, index);
    return index;
  }
}

export function keyLaneOf(member: MemberCursor, sets: readonly SlotSet[]): KeyLane {
  const { held, doubts, ...lane } = laneOf(member);
  const keyed = (record: KeyedRecord | undefined): Keyed => {
    if (record === undefined) throw new Error('a range of keyHash without its slots');
    const [slots, ...range] = record;
    return { slots: sets[slots] ?? new Uint8Array(32), log: fromRecord(range) };
  };
  return {
    ...lane,
    held: held.map((one, at) => ({ ...one, to: one.to ?? one.sent, ...keyed(member.keyedHeld?.[at]) })),
    doubts: doubts.map((one, at) => ({ ...one, ...keyed(member.keyedDoubts?.[at]) })),
  };
}

export function keyRecordOf(lane: KeyLane, table: SlotTable): MemberCursor {
  const keyed = ({ slots, log }: Keyed): KeyedRecord => [table.indexOf(slots), ...toRecord(log)];
  return { ...recordOf(lane), keyedHeld: lane.held.map(keyed), keyedDoubts: lane.doubts.map(keyed) };
}
