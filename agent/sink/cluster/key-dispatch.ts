// Gives the log out under keyHash: of every range each member gets the events of its slots. First the members who were
// lost: what they hold goes to others. One pass at a time, and one write of the cursor for all that a pass gave out.

import type { EventLog } from '../../log/log.ts';
import type { GapReason } from '../gaps.ts';
import type { Book } from './book.ts';
import type { KeyBodies, Stream } from './key-bodies.ts';
import { type Deal, Dealer } from './key-deal.ts';
import type { KeyHeld } from './key-lane.ts';
import { type KeyLedger, PARTS_MAX, type Part } from './key-ledger.ts';
import type { SplitPart } from './key-split.ts';
import type { ClusterMember } from './member.ts';
import { sumOf } from './range.ts';
import { type SlotSet, slotSet } from './slot-set.ts';

export interface KeyDispatchParts {
  readonly log: EventLog;
  readonly book: Book<KeyLedger>;
  readonly bodies: KeyBodies;
  readonly members: () => readonly ClusterMember[];
  /** Parts that all members together may hold before another range is given out. */
  readonly rangesMax: number;
}

const EVERY_SLOT = slotSet(Array.from({ length: 256 }, (_, slot) => slot));

export class KeyDispatch {
  readonly #parts: KeyDispatchParts;
  readonly #dealer = new Dealer();
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(parts: KeyDispatchParts) {
    this.#parts = parts;
  }

  /** Gives out what can be given out now, in the background. */
  poke(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#parts.bodies.close();
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        while (!this.#closed && (await this.#pass())) this.#announce();
      }
    } catch {
      // a journal that cannot be read just now, or the destination closes: the next commit of the log tries again
    }
    this.#running = null;
  }

  /** The members send it once it is written down; meanwhile the next range is read. */
  #announce(): void {
    const poke = () => {
      for (const member of this.#parts.members()) member.poke();
    };
    this.#parts.book.commit().then(poke, () => undefined);
  }

  /** Gives out one range, and what was lost. False: there is nothing to give out. */
  async #pass(): Promise<boolean> {
    const { book } = this.#parts;
    if (book.passGaps()) book.changed();
    const deal = this.#dealer.next(this.#parts.members().map(dealtOf));
    if (deal === null) return false;
    let gave = false;
    for (const name of book.ledger.lost) if (await this.#move(name, deal)) gave = true;
    return (this.#mayGive(deal) && (await this.#give(deal))) || gave;
  }

  #mayGive({ members, sets }: Deal): boolean {
    const { book, rangesMax } = this.#parts;
    const { ledger } = book;
    const most = Math.max(Math.min(rangesMax, PARTS_MAX), members.length);
    if (this.#closed || ledger.parts + members.length > most) return false;
    return ledger.isFree((name) => sets[members.indexOf(name)]);
  }

  /** The next range. False: there is none now. */
  async #give(deal: Deal): Promise<boolean> {
    const { book, bodies, log } = this.#parts;
    const { ledger, position } = book;
    const from = ledger.frontier;
    const gap = position.nextGap(from.offset);
    if (log.endOffset <= from.offset || (gap !== null && gap.from.offset <= from.offset)) return false;
    const limit = gap?.from.offset ?? Number.POSITIVE_INFINITY;
    const read = await bodies.readRange(from.offset, limit, deal.sets);
    if (read.kind === 'end') return false;
    if (read.kind === 'gap') {
      book.leaveOut({ from, to: read.to }, read.reason);
      ledger.pass(read.to);
      return true;
    }
    this.#dealer.begin();
    const held = ledger.give(
      read.to,
      read.parts.map((part, at) => partOf(deal, at, part)),
    );
    this.#keep(held, read.parts);
    this.#proveIdle(deal, held);
    return true;
  }

  /** What a member that was lost holds goes to others, whole parts at a time if there would be too many. */
  async #move(name: string, deal: Deal): Promise<boolean> {
    const { book, bodies } = this.#parts;
    const { ledger } = book;
    const others = without(deal, name);
    if (others === null) return false;
    const lane = ledger.lane(name);
    const { held } = lane;
    const isMany = ledger.parts + held.length * (others.members.length - 1) > PARTS_MAX;
    const to = isMany ? wholly(others) : others;
    const streams: (Stream & { readonly done: number })[] = [];
    for (const part of held) streams.push({ ...(await bodies.of(part)), done: doneOf(part) });
    // it may have answered meanwhile, or acknowledged something before its connection ended
    const isSame = lane.held === held && held.every((part, at) => doneOf(part) === streams[at]?.done);
    if (!ledger.lost.includes(name) || !isSame) return false;
    const split = streams.map(({ body, reason, done }, at) => {
      const slots = held[at]?.slots ?? EVERY_SLOT;
      const sets = to.sets.map((set) => both(set, slots));
      // of what is damaged nobody can say what was acknowledged
      const isUsable = reason === null || done === 0;
      return { sets, parts: bodies.again(isUsable ? body : body.subarray(0, 0), sets, done) };
    });
    for (const [at, part] of held.entries())
      this.#countMissing(part, split[at]?.parts ?? [], streams[at]?.reason);
    const moved = ledger.move(
      name,
      split.map(({ sets, parts }) => parts.map((part, at) => partOf({ ...to, sets }, at, part))),
    );
    for (const part of held) bodies.drop(part);
    for (const [at, { parts }] of split.entries()) this.#keep(moved[at] ?? [], parts);
    return true;
  }

  /** What the log lost of a part goes to nobody. */
  #countMissing(part: KeyHeld, parts: readonly SplitPart[], reason: GapReason | null | undefined): void {
    const left = sumOf(
      parts.map(({ body, events, skipped }) => {
        return { bytes: body.length - skipped.bytes, events: events - skipped.events };
      }),
    );
    const end = { offset: part.from.offset + left.bytes, events: part.from.events + left.events };
    this.#parts.book.leaveOutPart({ from: end, to: part.to }, reason ?? 'damaged');
  }

  #keep(held: readonly (KeyHeld | null)[], parts: readonly SplitPart[]): void {
    for (const [at, one] of held.entries()) {
      const body = parts[at]?.body;
      if (one !== null && body !== undefined) this.#parts.bodies.keep(one, body);
    }
  }

  /** A member that has yet to show that it is well, and has no key in a range, has done all that was asked of it. */
  #proveIdle({ members }: Deal, held: readonly (KeyHeld | null)[]): void {
    for (const member of this.#parts.members()) {
      const at = members.indexOf(member.name);
      if (at !== -1 && held[at] === null) member.health.acknowledged(performance.now());
    }
  }
}

function dealtOf(member: ClusterMember) {
  const { name, usable, awaited } = member;
  return { name, usable, awaited, share: member.health.share(performance.now()) };
}

function doneOf({ from, log }: KeyHeld): number {
  return from.offset - log.from.offset;
}

function partOf({ members, sets }: Pick<Deal, 'members' | 'sets'>, at: number, part: SplitPart): Part {
  return {
    member: members[at] ?? '',
    slots: sets[at] ?? EVERY_SLOT,
    skipped: part.skipped,
    whole: { bytes: part.body.length, events: part.events },
  };
}

/** The deal, should the member still be in it, is none for what it held. */
function without(deal: Deal, name: string): Deal | null {
  return deal.members.includes(name) ? null : deal;
}

/** Everything to one. */
function wholly({ key, members }: Deal): Deal {
  return { key, members: members.slice(0, 1), sets: [EVERY_SLOT] };
}

function both(a: SlotSet, b: SlotSet): SlotSet {
  return a.map((bits, at) => bits & (b[at] ?? 0));
}
