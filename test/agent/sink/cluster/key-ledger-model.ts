// A sender's ledger of keyHash and its members, all in memory, step by step. The world knows who really has what, and in
// which order; how the log is split by slots it does by itself.

import type { ClusterCursor } from '../../../../agent/log/cursor.ts';
import type { Mark } from '../../../../agent/log/marks.ts';
import type { KeyHeld } from '../../../../agent/sink/cluster/key-lane.ts';
import { KeyLedger, type Part } from '../../../../agent/sink/cluster/key-ledger.ts';
import { Ledger } from '../../../../agent/sink/cluster/ledger.ts';
import { hasSlot, overlaps, type SlotSet, slotSet } from '../../../../agent/sink/cluster/slot-set.ts';

export const MEMBERS = ['b1', 'b2', 'b3'] as const;

interface Event {
  readonly from: number;
  readonly to: number;
  readonly slot: number;
}

interface Sent {
  readonly event: number;
  readonly sequence: number;
  readonly end: Mark;
}

interface Lane {
  readonly epoch: number;
  readonly sequence: number;
  readonly offset: number;
  readonly events: number;
}

interface Durable {
  readonly events: readonly number[];
  readonly lane: Lane | null;
}

class Member {
  /** In the order in which they came. */
  events: number[] = [];
  lane: Lane | null = null;
  durable: Durable = { events: [], lane: null };
  socket: Sent[] = [];
  unacknowledged: Sent[] = [];
  isConnected = false;
  isSettled = false;
}

export class KeyWorld {
  readonly #log: Event[] = [];
  readonly #members = new Map<string, Member>(MEMBERS.map((name) => [name, new Member()]));
  ledger: KeyLedger;
  #durable: ClusterCursor;
  /** How often what a member held went to others. */
  moves = 0;

  constructor() {
    this.#durable = { ...Ledger.fresh({ offset: 0, events: 0 }), slotSets: [] };
    this.ledger = new KeyLedger(this.#durable, 1000);
  }

  get end(): Mark {
    return { offset: this.#log.at(-1)?.to ?? 0, events: this.#log.length };
  }

  append(slot: number): void {
    const from = this.end.offset;
    this.#log.push({ from, to: from + 5 + (this.#log.length % 7), slot });
  }

  bytesOf(from: number, to: number): number {
    return this.#log.slice(from, to).reduce((sum, event) => sum + event.to - event.from, 0);
  }

  /** @returns whether it was free to be given */
  give(events: number, among: readonly string[]): boolean {
    const { ledger } = this;
    const from = ledger.frontier;
    const last = this.#log[Math.min(from.events + events, this.#log.length) - 1];
    if (last === undefined || last.to <= from.offset) return false;
    const to = { offset: last.to, events: this.#log.indexOf(last) + 1 };
    const deal = dealOf(among);
    if (!ledger.isFree((name) => deal.get(name))) return false;
    ledger.give(
      to,
      [...deal].map(([member, slots]) => this.#part(member, slots, { from, to }, 0)),
    );
    return true;
  }

  commit(): void {
    this.#durable = JSON.parse(JSON.stringify(this.ledger.cursor())) as ClusterCursor;
    for (const member of this.#members.values()) if (member.isConnected) member.isSettled = true;
  }

  /** The next event that the member holds, where all that must be written down is. */
  send(name: string): boolean {
    const member = this.#member(name);
    const held = this.ledger.lane(name).held.find(({ sent, to }) => sent.offset < to.offset);
    if (!member.isConnected || !member.isSettled || held === undefined) return false;
    if (held.sequence > this.#durable.sequence) return false;
    const event = this.#stream(held.log, held.slots)[held.sent.events];
    const found = event === undefined ? undefined : this.#log[event];
    if (event === undefined || found === undefined) throw new Error('nothing lies there');
    const end = { offset: held.sent.offset + found.to - found.from, events: held.sent.events + 1 };
    held.sent = end;
    const sent = { event, sequence: held.sequence, end };
    member.socket.push(sent);
    member.unacknowledged.push(sent);
    return true;
  }

  arrive(name: string): boolean {
    const member = this.#member(name);
    const sent = member.socket.shift();
    if (sent === undefined) return false;
    if (member.lane === null) throw new Error('an event without a lane');
    member.events.push(sent.event);
    const { epoch, events } = member.lane;
    member.lane = { epoch, sequence: sent.sequence, offset: sent.end.offset, events: events + 1 };
    return true;
  }

  acknowledge(name: string): void {
    const member = this.#member(name);
    this.#sync(member);
    const { lane } = member;
    if (!member.isConnected || lane === null) return;
    for (let sent = member.unacknowledged[0]; sent !== undefined; sent = member.unacknowledged[0]) {
      const { sequence, end } = sent;
      if (sequence > lane.sequence || (sequence === lane.sequence && end.offset > lane.offset)) return;
      member.unacknowledged.shift();
      this.ledger.acknowledge(name, { sequence, end, crc: null });
    }
  }

  disconnect(name: string): void {
    const member = this.#member(name);
    member.isConnected = false;
    member.isSettled = false;
    member.unacknowledged = [];
  }

  /** Those who are connected take over what it holds, if there are any. */
  lose(name: string): void {
    if (this.#member(name).isConnected) return;
    this.ledger.lose(name);
    const others = MEMBERS.filter((other) => this.#member(other).isConnected);
    if (others.length === 0 || !this.ledger.lost.includes(name)) return;
    const deal = dealOf(others);
    const split = this.ledger.lane(name).held.map((held) => {
      const done = held.from.events;
      return [...deal].map(([member, slots]) => {
        const both = slots.map((bits, at) => bits & (held.slots[at] ?? 0));
        const skipped = this.#stream(held.log, held.slots)
          .slice(0, done)
          .filter((event) => hasSlot(both, this.#log[event]?.slot ?? 0)).length;
        return this.#part(member, both, held.log, skipped);
      });
    });
    this.ledger.move(name, split);
    this.moves++;
  }

  connect(name: string): void {
    const member = this.#member(name);
    this.disconnect(name);
    member.socket = [];
    this.#sync(member);
    const { epoch } = this.ledger.lane(name);
    if (member.lane === null || member.lane.epoch < epoch) {
      member.lane = { epoch, sequence: 0, offset: 0, events: 0 };
      this.#sync(member);
    }
    const settlement = this.ledger.settle(name, { ...member.lane, crc: null });
    if (settlement.kind === 'settled') member.isConnected = true;
  }

  crashSender(): void {
    for (const name of MEMBERS) this.disconnect(name);
    this.ledger = new KeyLedger(this.#durable, 1000);
    this.commit();
  }

  crashMember(name: string): void {
    const member = this.#member(name);
    member.socket = [];
    member.events = [...member.durable.events];
    member.lane = member.durable.lane;
    this.disconnect(name);
  }

  /** Everybody is there, and everything arrives. */
  settle(): void {
    for (let round = 0; round < 500; round++) {
      for (const name of MEMBERS) if (!this.#member(name).isConnected) this.connect(name);
      this.give(50, MEMBERS);
      this.commit();
      for (const name of MEMBERS) {
        while (this.send(name));
        while (this.arrive(name));
        this.acknowledge(name);
      }
      this.commit();
      if (this.ledger.position.offset === this.end.offset && this.inDoubt === 0) return;
    }
    throw new Error('it does not come to an end');
  }

  get inDoubt(): number {
    return MEMBERS.reduce((sum, name) => sum + this.ledger.inDoubt(name).events, 0);
  }

  /** Copies beyond the first. */
  get doubled(): number {
    const all = [...this.#members.values()].flatMap(({ events }) => events);
    return all.length - new Set(all).size;
  }

  /** What is wrong with the world now, in words. */
  get faults(): string[] {
    return [...this.#lost(), ...this.#unordered(), ...this.#shared(), ...this.#uncounted()];
  }

  #lost(): string[] {
    const open = new Set<number>();
    for (const { held } of this.ledger.lanes.values()) {
      for (const part of held) {
        for (const event of this.#stream(part.log, part.slots).slice(part.from.events)) open.add(event);
      }
    }
    const had = new Set([...this.#members.values()].flatMap(({ durable }) => durable.events));
    const given = this.#log.slice(0, this.ledger.frontier.events);
    return given.flatMap((_, event) => (open.has(event) || had.has(event) ? [] : [`event ${event} is lost`]));
  }

  /** At each member, of each slot, what came for the first time is in the order of the log. */
  #unordered(): string[] {
    return [...this.#members].flatMap(([name, { events }]) => {
      const last = new Map<number, number>();
      return [...new Set(events)].flatMap((event) => {
        const slot = this.#log[event]?.slot ?? 0;
        const before = last.get(slot) ?? -1;
        last.set(slot, event);
        return event < before ? [`${name} has event ${event} behind ${before}`] : [];
      });
    });
  }

  #shared(): string[] {
    const lanes = [...this.ledger.lanes];
    return lanes.flatMap(([one, { held }], at) =>
      lanes.slice(at + 1).flatMap(([other, { held: others }]) => {
        const isShared = held.some(({ slots }) => others.some((part) => overlaps(slots, part.slots)));
        return isShared ? [`${one} and ${other} hold the same slot`] : [];
      }),
    );
  }

  #uncounted(): string[] {
    const counted = this.ledger.had.events + this.inDoubt;
    return this.doubled > counted ? [`${this.doubled} are doubled, ${counted} counted`] : [];
  }

  #part(member: string, slots: SlotSet, log: KeyHeld['log'], skipped: number): Part {
    const stream = this.#stream(log, slots);
    const bytes = (events: readonly number[]) =>
      events.reduce((sum, event) => sum + this.bytesOf(event, event + 1), 0);
    return {
      member,
      slots,
      skipped: { events: skipped, bytes: bytes(stream.slice(0, skipped)) },
      whole: { events: stream.length, bytes: bytes(stream) },
    };
  }

  /** The events of a range that have one of the slots. */
  #stream({ from, to }: KeyHeld['log'], slots: SlotSet): number[] {
    const found: number[] = [];
    for (let event = from.events; event < to.events; event++) {
      if (hasSlot(slots, this.#log[event]?.slot ?? 0)) found.push(event);
    }
    return found;
  }

  #sync(member: Member): void {
    member.durable = { events: [...member.events], lane: member.lane };
  }

  #member(name: string): Member {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }
}

/** Slot by slot in turn. */
function dealOf(among: readonly string[]): Map<string, SlotSet> {
  return new Map(
    among.map((name, at) => {
      const mine = Array.from({ length: 256 }, (_, slot) => slot).filter(
        (slot) => slot % among.length === at,
      );
      return [name, slotSet(mine)];
    }),
  );
}
