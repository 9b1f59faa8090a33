// A sender's ledger and the members it gives the log to, all in memory, step by step: what is sent may be lost, arrive
// late, be written and not synced; both sides die and come back. The world knows who really has what.

import type { ClusterCursor } from '../../../../agent/log/cursor.ts';
import type { Mark } from '../../../../agent/log/marks.ts';
import type { Held } from '../../../../agent/sink/cluster/lane.ts';
import { Ledger } from '../../../../agent/sink/cluster/ledger.ts';

export const MEMBERS = ['b1', 'b2', 'b3'] as const;

interface Batch {
  readonly from: Mark;
  readonly to: Mark;
}

interface Sent extends Batch {
  readonly sequence: number;
}

interface Lane {
  readonly epoch: number;
  sequence: number;
  offset: number;
  events: number;
  crc: number | null;
}

class Member {
  /** How often it has the batch that begins at an offset. */
  copies = new Map<number, number>();
  lane: Lane | null = null;
  durable: { copies: Map<number, number>; lane: Lane | null } = { copies: new Map(), lane: null };
  /** In the socket: still to be read by it, until it greets anew or dies. */
  socket: Sent[] = [];
  /** Read by it, and to be acknowledged once synced. */
  isConnected = false;
  /** What it was told is written down at the sender. */
  isSettled = false;
  unacknowledged: Sent[] = [];

  append({ from, to, sequence }: Sent): void {
    const { lane } = this;
    if (lane === null) throw new Error('a batch without a lane');
    if (sequence < lane.sequence || (sequence === lane.sequence && from.offset !== lane.offset)) {
      throw new Error(`a gap: ${from.offset} in ${sequence} behind ${lane.offset} in ${lane.sequence}`);
    }
    this.copies.set(from.offset, (this.copies.get(from.offset) ?? 0) + 1);
    const events = lane.events + to.events - from.events;
    this.lane = { ...lane, sequence, offset: to.offset, events, crc: from.offset };
  }

  sync(): void {
    this.durable = { copies: new Map(this.copies), lane: this.lane };
  }

  die(): void {
    this.socket = [];
    this.copies = new Map(this.durable.copies);
    this.lane = this.durable.lane;
  }
}

const DOUBTS_MAX = 1000;

export class World {
  readonly batches: Batch[] = [];
  readonly members = new Map(MEMBERS.map((name) => [name as string, new Member()]));
  ledger: Ledger;
  durable: ClusterCursor;
  durableSequence = 0;

  constructor() {
    this.durable = Ledger.fresh({ offset: 0, events: 0 });
    this.ledger = new Ledger(this.durable, DOUBTS_MAX);
  }

  get end(): Mark {
    return this.batches.at(-1)?.to ?? { offset: 0, events: 0 };
  }

  append(bytes: number): void {
    const from = this.end;
    this.batches.push({
      from,
      to: { offset: from.offset + 1 + bytes, events: from.events + 1 + (bytes % 3) },
    });
  }

  give(name: string, bytes: number): void {
    const { ledger } = this;
    this.#closeFull();
    if (ledger.returned.length > 0) {
      const [range] = ledger.returned;
      const isPart = bytes % 3 === 0 && range !== undefined;
      ledger.giveReturned(name, isPart ? this.#boundary(range.from.offset + 1) : null);
      return;
    }
    const limit = ledger.frontier.offset + 1 + bytes;
    if (ledger.live !== null || this.end.offset <= ledger.frontier.offset) return;
    if (limit > this.end.offset) ledger.giveLive(name, limit);
    else ledger.give(name, this.#boundary(limit));
  }

  giveBack(name: string): void {
    this.ledger.giveBack(name);
  }

  commit(): void {
    this.durable = JSON.parse(JSON.stringify(this.ledger.cursor())) as ClusterCursor;
    this.durableSequence = this.durable.sequence;
    for (const member of this.members.values()) if (member.isConnected) member.isSettled = true;
  }

  /** The next batch that the member holds, where all that must be written down is. */
  send(name: string): boolean {
    const member = this.#member(name);
    if (!member.isConnected || !member.isSettled) return false;
    const held = this.ledger.lane(name).held.find((range) => this.#hasMore(range));
    const batch = this.batches.find(({ from }) => from.offset === held?.sent.offset);
    if (held === undefined || batch === undefined) return false;
    held.sent = batch.to;
    const sent = { ...batch, sequence: held.sequence };
    member.socket.push(sent);
    member.unacknowledged.push(sent);
    return true;
  }

  /** The member reads a batch, of a connection that may be over for the sender. */
  arrive(name: string): boolean {
    const member = this.#member(name);
    const sent = member.socket.shift();
    if (sent === undefined) return false;
    member.append(sent);
    return true;
  }

  acknowledge(name: string): void {
    const member = this.#member(name);
    member.sync();
    const { lane } = member.durable;
    if (!member.isConnected || lane === null) return;
    while (member.unacknowledged[0] !== undefined) {
      const [{ sequence, from, to }] = member.unacknowledged as [Sent];
      if (sequence > lane.sequence || (sequence === lane.sequence && to.offset > lane.offset)) return;
      member.unacknowledged.shift();
      this.ledger.acknowledge(name, { sequence, end: to, crc: from.offset });
    }
  }

  /** The sender's end of the connection is gone; the bytes in the socket may arrive all the same. */
  disconnect(name: string): void {
    const member = this.#member(name);
    member.isConnected = false;
    member.isSettled = false;
    member.unacknowledged = [];
  }

  lose(name: string): void {
    if (!this.#member(name).isConnected) this.ledger.lose(name);
  }

  /** @param knowsEvents whether the sender's log still says how many events lie before the member's place */
  connect(name: string, knowsEvents = true): void {
    const member = this.#member(name);
    this.disconnect(name);
    // the fence: what the older connection handed over is settled, the rest is never read
    member.socket = [];
    member.sync();
    const { epoch } = this.ledger.lane(name);
    if (member.lane === null || member.lane.epoch < epoch) {
      member.lane = { epoch, sequence: 0, offset: 0, events: 0, crc: null };
      member.sync();
    }
    const { lane } = member;
    const at = this.batches.find(({ to }) => to.offset === lane.offset)?.to.events;
    const settlement = this.ledger.settle(name, lane, knowsEvents ? (at ?? null) : null);
    if (settlement.kind === 'settled') member.isConnected = true;
  }

  crashSender(): void {
    for (const name of MEMBERS) this.disconnect(name);
    this.ledger = new Ledger(this.durable, DOUBTS_MAX);
    const { live } = this.ledger;
    if (live !== null) this.ledger.closeUnknown(this.#boundary(Math.min(live.limit, this.end.offset)));
    this.commit();
  }

  crashMember(name: string): void {
    this.#member(name).die();
    this.disconnect(name);
  }

  /** The member comes back with nothing. */
  loseDisk(name: string): void {
    this.disconnect(name);
    this.members.set(name, new Member());
  }

  /** Everybody is there, and everything arrives. */
  settle(): void {
    for (let round = 0; round < 20; round++) {
      for (const name of MEMBERS) if (!this.#member(name).isConnected) this.connect(name);
      for (const name of MEMBERS) this.give(name, 50);
      this.commit();
      for (const name of MEMBERS) {
        while (this.send(name));
        while (this.arrive(name));
        this.acknowledge(name);
      }
      const isOver = this.ledger.position.offset === this.end.offset;
      if (isOver && this.inDoubt === 0) return;
      round -= this.ledger.position.offset < this.end.offset ? 1 : 0;
    }
  }

  get inDoubt(): number {
    return MEMBERS.reduce((sum, name) => sum + this.ledger.inDoubt(name).events, 0);
  }

  /** Events beyond the first copy, of what is synced or of all that is there. */
  doubled(of: 'durable' | 'all'): number {
    return this.batches.reduce((sum, { from, to }) => {
      const copies = this.copies(from.offset, of);
      return sum + Math.max(0, copies - 1) * (to.events - from.events);
    }, 0);
  }

  copies(offset: number, of: 'durable' | 'all'): number {
    let copies = 0;
    for (const member of this.members.values()) {
      const map = of === 'durable' ? member.durable.copies : member.copies;
      copies += map.get(offset) ?? 0;
    }
    return copies;
  }

  /** Batches that the ledger says are done, and nobody has. */
  get lost(): Batch[] {
    const open = [...this.ledger.returned];
    for (const { held } of this.ledger.lanes.values()) {
      for (const { from, to } of held) open.push({ from, to: to ?? this.end });
    }
    return this.batches.filter(({ from, to }) => {
      const isOpen = open.some((range) => range.from.offset < to.offset && range.to.offset > from.offset);
      const isDone = !isOpen && to.offset <= this.ledger.frontier.offset;
      return isDone && this.copies(from.offset, 'durable') === 0;
    });
  }

  #closeFull(): void {
    const { live } = this.ledger;
    if (live !== null && this.end.offset >= live.limit) this.ledger.closeLive(this.#boundary(live.limit));
  }

  #hasMore({ sequence, sent, limit }: Held): boolean {
    return sequence <= this.durableSequence && sent.offset < limit && sent.offset < this.end.offset;
  }

  /** The first one at or behind the offset. */
  #boundary(offset: number): Mark {
    if (offset <= 0) return { offset: 0, events: 0 };
    return this.batches.find(({ to }) => to.offset >= offset)?.to ?? this.end;
  }

  #member(name: string): Member {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }
}
