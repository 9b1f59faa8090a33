// Who has, or may have, which range of the log: the whole state of a cluster above its position, without files or
// sockets. What of it was written down may be acted on (book.ts); here is only what follows from what.
//
//   position ── done ── held by b1 ── done ── returned ── held by b2 ── frontier ── live: held by b3 ── end of the log
//
//   held      given to one member, who may have all of it. The last may be `live`: it goes on to `limit`, beyond the
//             end of the log, and takes every batch that begins before it
//   returned  nobody's: its member was lost, or could take nothing more. It is given out again before anything else
//   doubt     given to a member who was lost, and sent; some other member gets it. Settled when it answers: `had` or absent
//
// A doubt that was had, of a range that nobody else is known to have yet, stays as `confirmed`: should the one who holds
// the range now be lost as well, it is done all the same. So every copy of an event beyond the first is counted in `had`
// or is in doubt, and `had` never counts one that does not exist.

import type { ClusterCursor, MemberCursor } from '../../log/cursor.ts';
import type { Mark } from '../../log/marks.ts';
import type { Counts } from '../../log/sources.ts';
import { Copies } from './copies.ts';
import { type Doubt, type Held, type Lane, laneOf, recordOf } from './lane.ts';
import { LaneLedger } from './lane-ledger.ts';
import {
  countsOf,
  earlier,
  fromRecord,
  insert,
  isEmpty,
  overlap,
  type Range,
  toRecord,
  withoutAll,
} from './range.ts';

export class Ledger extends LaneLedger {
  #returned: Range[];
  /** Behind it nothing was given out, except what is live. */
  #frontier: Mark;
  #live: { readonly lane: Lane; readonly held: Held } | null = null;
  readonly #copies: Copies;

  /** @param doubtsMax ranges in doubt that are listed */
  constructor(cursor: ClusterCursor, doubtsMax: number) {
    super(
      cursor,
      new Map(Object.entries(cursor.members).map(([name, member]) => [name, laneOf(member)])),
      doubtsMax,
    );
    this.#copies = new Copies(this.lanes, cursor.had);
    this.#frontier = cursor.frontier;
    this.#returned = cursor.returned.map(fromRecord);
    if (cursor.live === null) return;
    const { member, sequence, limit } = cursor.live;
    const held: Held = { sequence, from: this.#frontier, to: null, limit, sent: this.#frontier };
    const lane = this.lane(member);
    lane.held.push(held);
    this.#live = { lane, held };
  }

  static fresh(frontier: Mark): ClusterCursor {
    return {
      sequence: 0,
      epoch: 0,
      frontier,
      live: null,
      returned: [],
      members: {},
      had: { events: 0, bytes: 0 },
    };
  }

  override cursor(): ClusterCursor {
    const members: Record<string, MemberCursor> = {};
    let live: ClusterCursor['live'] = null;
    for (const [name, lane] of this.lanes) {
      members[name] = recordOf(lane);
      if (this.#live?.lane === lane) {
        const { sequence, limit } = this.#live.held;
        live = { member: name, sequence, limit };
      }
    }
    const returned = this.#returned.map(toRecord);
    const { sequence, epoch, frontier, had } = this;
    return { sequence, epoch, frontier, live, returned, members, had };
  }

  override get frontier(): Mark {
    return this.#live?.held.from ?? this.#frontier;
  }

  override get live(): Held | null {
    return this.#live?.held ?? null;
  }

  override get position(): Mark {
    let lowest = this.frontier;
    for (const { from } of this.#open()) if (from.offset < lowest.offset) lowest = from;
    return lowest;
  }

  override get sentTo(): Mark {
    return this.#live?.held.sent ?? this.#frontier;
  }

  override get had(): Readonly<Counts> {
    return this.#copies.had;
  }

  override get returned(): readonly Range[] {
    return this.#returned;
  }

  /** Ranges that must be written down. */
  get ranges(): number {
    let ranges = this.#returned.length;
    for (const lane of this.lanes.values()) ranges += lane.held.length;
    return ranges;
  }

  // ---- giving out

  /** The lowest range that was returned, or its beginning up to a batch boundary. */
  giveReturned(member: string, upTo: Mark | null = null): void {
    const range = this.#returned.shift();
    if (range === undefined) throw new Error('nothing was returned');
    const to = upTo === null ? range.to : earlier(upTo, range.to);
    // a later sequence on its lane ends what is live on it
    if (this.#live?.lane === this.lane(member)) this.closeLive(this.#live.held.sent);
    insert(this.#returned, { from: to, to: range.to });
    this.#give(member, range.from, to, to.offset);
  }

  /** From the frontier to a batch boundary. */
  give(member: string, to: Mark): void {
    if (this.#live !== null) throw new Error('the frontier is live');
    this.#give(member, this.#frontier, to, to.offset);
    this.#frontier = to;
  }

  /** From the frontier on, whatever comes and begins before `limit`. */
  giveLive(member: string, limit: number): Held {
    if (this.#live !== null) throw new Error('the frontier is live');
    const held = this.#give(member, this.#frontier, null, limit);
    this.#live = { lane: this.lane(member), held };
    return held;
  }

  /** What is live ends at a batch boundary, at or behind what was sent of it. */
  override closeLive(to: Mark): void {
    const live = this.#live;
    if (live === null) return;
    const { lane, held } = live;
    if (to.offset < held.sent.offset) throw new Error(`closed at ${to.offset}, sent to ${held.sent.offset}`);
    held.to = to;
    held.limit = to.offset;
    this.#live = null;
    this.#frontier = to;
    if (held.from.offset >= to.offset) lane.held = lane.held.filter((other) => other !== held);
  }

  /** The log has a gap where nothing is given out: the frontier moves over it. */
  override pass(to: Mark): void {
    if (this.#live !== null) throw new Error('the frontier is live');
    if (to.offset > this.#frontier.offset) this.#frontier = to;
  }

  /** After a restart nobody knows what of a live range was sent: everything in it up to there may have been. */
  closeUnknown(to: Mark): void {
    const held = this.#live?.held;
    if (held === undefined) return;
    held.sent = to.offset > held.sent.offset ? to : held.sent;
    this.closeLive(held.sent);
  }

  /** What the member was given and not sent is given back: nobody can have it. */
  override giveBack(member: string): void {
    const lane = this.lane(member);
    if (this.#live?.lane === lane) this.closeLive(this.#live.held.sent);
    for (const held of lane.held) {
      if (held.to === null) continue;
      insert(this.#returned, { from: held.sent, to: held.to });
      held.to = held.sent;
      held.limit = held.sent.offset;
    }
    lane.held = lane.held.filter(({ from, to }) => to === null || from.offset < to.offset);
  }

  /**
   * A range that a member holds cannot be read from where it was sent to up to `to`: it ends there, and what lies behind
   * is given back. @returns what is left out
   */
  cutUnreadable(member: string, held: Held, to: Mark): Range {
    const lane = this.lane(member);
    const from = held.sent;
    const isLive = this.#live?.held === held;
    const end = isLive || held.to === null || to.offset < held.to.offset ? to : held.to;
    if (isLive) {
      this.closeLive(from);
      this.pass(end);
    } else if (held.to !== null) {
      insert(this.#returned, { from: end, to: held.to });
      held.to = from;
      held.limit = from.offset;
      if (held.from.offset >= from.offset) lane.held = lane.held.filter((other) => other !== held);
    }
    return { from, to: end };
  }

  // ---- what came of it

  /** The member has everything of its lane up to `end` in that sequence. @returns how much that is more than before */
  override acknowledge(
    member: string,
    { sequence, end, crc }: { sequence: number; end: Mark; crc: number | null },
  ): Counts {
    const lane = this.lane(member);
    const held = lane.held.find((other) => other.sequence === sequence);
    if (held === undefined) return { events: 0, bytes: 0 };
    const done = { from: held.from, to: end };
    held.from = end;
    if (held.sent.offset < end.offset) held.sent = end;
    const events = lane.reached.events + countsOf(done).events;
    lane.reached = { sequence, offset: end.offset, events, crc };
    if (held.to !== null && end.offset >= held.to.offset)
      lane.held = lane.held.filter((other) => other !== held);
    this.#copies.resolve(done);
    return countsOf(done);
  }

  /** The member is gone, or silent: what it was sent is in doubt, and everything it holds goes to others. */
  override lose(member: string): void {
    const lane = this.lane(member);
    if (this.#live?.lane === lane) this.closeLive(this.#live.held.sent);
    const { held: lost } = lane;
    lane.held = [];
    for (const { sequence, from, to, sent } of lost) {
      if (to === null) continue;
      const whole = { from, to };
      // somebody else is known to have it: it is done, and the copy of this member would be one too many
      const elsewhere = this.#copies.confirmedWithin(whole);
      for (const piece of withoutAll(whole, elsewhere)) insert(this.#returned, piece);
      for (const piece of elsewhere) this.#copies.unconfirm(piece);
      const doubt = { sequence, from, to: sent, confirmed: false };
      if (!isEmpty(doubt)) lane.doubts.push(doubt);
    }
    this.boundDoubts();
  }

  #give(member: string, from: Mark, to: Mark | null, limit: number): Held {
    const lane = this.lane(member);
    const held: Held = { sequence: this.nextSequence(lane), from, to, limit, sent: from };
    lane.held.push(held);
    return held;
  }

  protected override settleHad(lane: Lane, { sequence }: Doubt, had: Range): void {
    let known: Range[] = [had];
    // nobody has it: it is done by this
    for (const range of this.#returned) known = known.flatMap((piece) => withoutAll(piece, [range]));
    this.#returned = this.#returned.flatMap((range) => withoutAll(range, [had]));
    for (const other of this.#open()) {
      for (const piece of known) {
        const both = overlap(piece, other);
        if (both !== null) lane.doubts.push({ sequence, ...both, confirmed: true });
      }
      known = known.flatMap((piece) => withoutAll(piece, [other]));
    }
    for (const piece of known) this.#copies.countHad(piece);
  }

  *#open(): Generator<Range> {
    yield* this.#returned;
    for (const { held } of this.lanes.values()) {
      for (const { from, to, sent } of held) yield { from, to: to ?? sent };
    }
  }
}
