// Who has, or may have, which slots of which range of the log: the state of a cluster with keyHash above its position,
// without files or sockets. Like ledger.ts, but a range has a part for every member, each with its slots, and is done when
// all of them are.
//
// A slot is with one member at a time: of all that is open, the parts with that slot are held by one member, in the order
// of the log. So whoever goes on with a slot does it when the one before is through (`isFree`), or takes all that the one
// before had not acknowledged (`move`), and no key is ever sent by two members in turns.
//
// Every part is acknowledged once, by whoever holds it in the end: that is the first copy. What a member who was lost had
// is one more. It stays in doubt, `confirmed`, until the range is done, and is `had` then.

import type { ClusterCursor, MemberCursor } from '../../log/cursor.ts';
import type { Mark } from '../../log/marks.ts';
import type { Counts } from '../../log/sources.ts';
import { type KeyDoubt, type KeyHeld, type KeyLane, keyLaneOf, keyRecordOf, SlotTable } from './key-lane.ts';
import type { Reached } from './lane.ts';
import { LaneLedger, type Settlement } from './lane-ledger.ts';
import { countsOf, isEmpty, type Range, sumOf } from './range.ts';
import { isWithin, type SlotSet, slotsFromText } from './slot-set.ts';

/** What a member gets of a range: of the stream of these slots what lies behind `skipped`. */
export interface Part {
  readonly member: string;
  readonly slots: SlotSet;
  readonly skipped: Counts;
  readonly whole: Counts;
}

/** Parts that all members together may hold, however many a move makes of one: that the cursor fits its slot. */
export const PARTS_MAX = 200;

export class KeyLedger extends LaneLedger<KeyHeld, KeyDoubt> {
  readonly #lost = new Set<string>();
  #frontier: Mark;
  #had: Counts;
  /** A part is acknowledged to its end, or nothing more of it can be read. */
  onDone: (held: KeyHeld) => void = () => undefined;

  /** @param doubtsMax ranges in doubt that are listed */
  constructor(cursor: ClusterCursor, doubtsMax: number) {
    const sets = (cursor.slotSets ?? []).map(slotsFromText);
    super(
      cursor,
      new Map(Object.entries(cursor.members).map(([name, member]) => [name, keyLaneOf(member, sets)])),
      doubtsMax,
    );
    this.#had = { ...cursor.had };
    this.#frontier = cursor.frontier;
  }

  override cursor(): ClusterCursor {
    this.#countHad();
    const table = new SlotTable();
    const members: Record<string, MemberCursor> = {};
    for (const [name, lane] of this.lanes) members[name] = keyRecordOf(lane, table);
    return {
      sequence: this.sequence,
      epoch: this.epoch,
      frontier: this.#frontier,
      live: null,
      returned: [],
      members,
      slotSets: table.texts,
      had: { ...this.#had },
    };
  }

  override get frontier(): Mark {
    return this.#frontier;
  }

  override get live(): null {
    return null;
  }

  override closeLive(): void {
    // nothing is live: every range is given out with its end
  }

  override get position(): Mark {
    let lowest = this.#frontier;
    for (const { log } of this.#open()) if (log.from.offset < lowest.offset) lowest = log.from;
    return lowest;
  }

  override get sentTo(): Mark {
    return this.#frontier;
  }

  override get had(): Readonly<Counts> {
    return this.#had;
  }

  /** What those who were lost still hold. */
  override get returned(): readonly Range[] {
    return this.lost.flatMap((name) => this.lane(name).held);
  }

  /** Members whose parts others are to take over. */
  get lost(): readonly string[] {
    return [...this.#lost].filter((name) => (this.lanes.get(name)?.held.length ?? 0) > 0);
  }

  get parts(): number {
    let parts = 0;
    for (const { held } of this.lanes.values()) parts += held.length;
    return parts;
  }

  /** Whether every slot that is open is with the member that `slotsOf` says: nobody else is to finish it first. */
  isFree(slotsOf: (member: string) => SlotSet | undefined): boolean {
    for (const [name, { held }] of this.lanes) {
      if (held.length === 0) continue;
      const slots = slotsOf(name);
      if (slots === undefined || !held.every((part) => isWithin(part.slots, slots))) return false;
    }
    return true;
  }

  /** From the frontier to a batch boundary; a part that is empty is nobody's. */
  give(to: Mark, parts: readonly Part[]): readonly (KeyHeld | null)[] {
    const log = { from: this.#frontier, to };
    this.#frontier = to;
    return parts.map((part) => this.#give(log, part));
  }

  /** The log has a gap where nothing is given out: the frontier moves over it. */
  override pass(to: Mark): void {
    if (to.offset > this.#frontier.offset) this.#frontier = to;
  }

  /** Nothing goes to others because its member has no credit: its keys wait for it. */
  override giveBack(): void {
    // docs/decisions/0020: keys keep their member
  }

  /** The member is gone, or silent: what it holds is to go to others, as soon as there are any. */
  override lose(member: string): void {
    this.lane(member);
    this.#lost.add(member);
  }

  /**
   * Others get what a member who was lost had not acknowledged; what it was sent of it is in doubt.
   * @param split for each part that it holds, in their order, what becomes of it
   */
  move(member: string, split: readonly (readonly Part[])[]): readonly (readonly (KeyHeld | null)[])[] {
    const lane = this.lane(member);
    const { held: lost } = lane;
    if (lost.length !== split.length) throw new Error(`${lost.length} parts are held, not ${split.length}`);
    lane.held = [];
    for (const { sequence, from, sent, log, slots } of lost) {
      const doubt = { sequence, from, to: sent, confirmed: false, log, slots };
      if (!isEmpty(doubt)) lane.doubts.push(doubt);
    }
    const moved = lost.map(({ log }, at) => (split[at] ?? []).map((part) => this.#give(log, part)));
    this.boundDoubts();
    // it holds nothing any more
    this.#lost.delete(member);
    return moved;
  }

  /** Of a part no more than this can be read. @returns what is left out */
  cut(member: string, held: KeyHeld, end: Mark): Range {
    const lane = this.lane(member);
    const to = end.offset < held.sent.offset ? held.sent : end;
    const rest = { from: to, to: held.to };
    if (isEmpty(rest)) return rest;
    held.to = to;
    held.limit = to.offset;
    if (held.from.offset < to.offset) return rest;
    lane.held = lane.held.filter((other) => other !== held);
    this.onDone(held);
    return rest;
  }

  override acknowledge(
    member: string,
    { sequence, end, crc }: { sequence: number; end: Mark; crc: number | null },
  ): Counts {
    const lane = this.lane(member);
    const held = lane.held.find((other) => other.sequence === sequence);
    if (held === undefined) return { events: 0, bytes: 0 };
    const done = countsOf({ from: held.from, to: end });
    held.from = end;
    if (held.sent.offset < end.offset) held.sent = end;
    lane.reached = { sequence, offset: end.offset, events: lane.reached.events + done.events, crc };
    if (end.offset < held.to.offset) return done;
    lane.held = lane.held.filter((other) => other !== held);
    this.onDone(held);
    return done;
  }

  /** Places in the streams of slots are none of the log: events are those that the member counted. */
  override settle(member: string, has: Reached): Settlement {
    this.#lost.delete(member);
    return super.settle(member, has, null);
  }

  protected override settleHad(lane: KeyLane, doubt: KeyDoubt, had: Range): void {
    lane.doubts.push({ ...doubt, ...had, confirmed: true });
  }

  #give(log: Range, { member, slots, skipped, whole }: Part): KeyHeld | null {
    const at = ({ bytes, events }: Counts): Mark => ({ offset: log.from.offset + bytes, events });
    const [from, to] = [at(skipped), at(whole)];
    if (from.offset >= to.offset) return null;
    const lane = this.lane(member);
    const held: KeyHeld = {
      ...{ sequence: this.nextSequence(lane), from, to, limit: to.offset, sent: from },
      ...{ log, slots },
    };
    lane.held.push(held);
    return held;
  }

  /** What is confirmed is one copy more as soon as the range has its first. */
  #countHad(): void {
    const { offset } = this.position;
    for (const lane of this.lanes.values()) {
      const isDone = ({ confirmed, log }: (typeof lane.doubts)[number]) =>
        confirmed && log.to.offset <= offset;
      this.#had = sumOf([this.#had, ...lane.doubts.filter(isDone).map(countsOf)]);
      lane.doubts = lane.doubts.filter((doubt) => !isDone(doubt));
    }
  }

  *#open(): Generator<KeyHeld> {
    for (const { held } of this.lanes.values()) yield* held;
  }
}
