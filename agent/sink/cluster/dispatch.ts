// Gives the log out to the members of a cluster, range by range: first what came back, then what lies at the frontier.
// One pass at a time, and one write of the cursor for all that a pass gave out; only then may it be sent.

import type { EventLog } from '../../log/log.ts';
import type { Boundaries, Mark } from '../../log/marks.ts';
import type { Book } from './book.ts';
import type { Held } from './lane.ts';
import type { Ledger } from './ledger.ts';
import type { ClusterMember } from './member.ts';
import type { Strategy } from './strategy.ts';

export interface DispatchParts {
  readonly log: EventLog;
  readonly book: Book<Ledger>;
  readonly strategy: Strategy;
  /** In the configured order. */
  readonly members: () => readonly ClusterMember[];
  readonly rangeBytes: number;
  readonly rangesMax: number;
}

/** What could be given out next. */
type Offer =
  | { readonly kind: 'returned'; readonly bytes: number }
  | { readonly kind: 'closed'; readonly to: Mark; readonly bytes: number }
  | { readonly kind: 'live'; readonly limit: number; readonly bytes: number };

export class Dispatch {
  readonly #parts: DispatchParts;
  readonly #boundaries: Boundaries;
  /** Given out before it was known how large it gets, and reckoned as a whole range. */
  #live: { readonly member: string; readonly held: Held; readonly from: number } | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.#boundaries = parts.log.boundaries();
  }

  /** Gives out what can be given out now, in the background. */
  poke(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        const given = new Set<ClusterMember>();
        try {
          await this.#pass(given);
        } finally {
          // also what was given before a pass failed: it is theirs
          await this.#handOver(given);
        }
      }
    } catch {
      // a journal that cannot be read just now, or the destination closes: the next commit of the log tries again
    }
    this.#running = null;
  }

  async #handOver(given: ReadonlySet<ClusterMember>): Promise<void> {
    if (given.size === 0) return;
    await this.#parts.book.commit();
    for (const member of given) member.poke();
  }

  async #pass(given: Set<ClusterMember>): Promise<void> {
    const { book, rangesMax } = this.#parts;
    if (book.passGaps()) book.changed();
    for (const member of this.#toProbe()) if (await this.#giveOne(member)) given.add(member);
    while (!this.#closed && (book.ledger.ranges < rangesMax || book.ledger.returned.length > 0)) {
      const offer = await this.#offer();
      if (offer === null) break;
      const member = this.#choose(offer.bytes);
      if (member === null) break;
      if (member.health.inflightBatchesMax === 1) {
        if (!(await this.#giveOne(member))) break;
      } else if (!this.#give(offer, member)) continue;
      given.add(member);
    }
  }

  /**
   * Those who have yet to show that they are well, and are to get one batch: at once, and whatever their share, or on a
   * quiet link it would take minutes. Under failover only who is chosen.
   */
  #toProbe(): readonly ClusterMember[] {
    const { members, strategy } = this.#parts;
    if (strategy.among === 'health') return [];
    return members().filter(
      ({ usable, hasRoom, health }) => usable && hasRoom && health.inflightBatchesMax === 1,
    );
  }

  async #offer(): Promise<Offer | null> {
    const { book, log, rangeBytes } = this.#parts;
    const { ledger } = book;
    const [returned] = ledger.returned;
    if (returned !== undefined) return { kind: 'returned', bytes: returned.to.offset - returned.from.offset };
    await this.#closeFull();
    this.#reckonLive();
    if (ledger.live !== null) return null;
    const from = ledger.frontier.offset;
    const ends = log.endOffset;
    if (ends <= from) return null;
    const gap = book.position.nextGap(from);
    if (gap !== null && gap.from.offset <= from) return null;
    const limit = Math.min(from + rangeBytes, gap?.from.offset ?? Number.POSITIVE_INFINITY);
    if (ends < limit) return { kind: 'live', limit, bytes: rangeBytes };
    const to = await this.#boundaries.atLeast(from, limit);
    return { kind: 'closed', to, bytes: to.offset - from };
  }

  /** A live range that the log has outgrown ends behind the last batch that begins before its limit. */
  async #closeFull(): Promise<void> {
    const { log, book } = this.#parts;
    const { live } = book.ledger;
    if (live === null || log.endOffset < live.limit) return;
    let mark = live.sent;
    while (mark.offset < live.limit) mark = await this.#boundaries.atLeast(mark.offset, live.limit);
    // it may have been closed meanwhile
    if (book.ledger.live === live) book.ledger.closeLive(mark);
  }

  #reckonLive(): void {
    const { strategy, rangeBytes } = this.#parts;
    const end = this.#live?.held.to ?? null;
    if (this.#live === null || end === null) return;
    strategy.correct(this.#live.member, end.offset - this.#live.from - rangeBytes);
    this.#live = null;
  }

  #choose(bytes: number): ClusterMember | null {
    const { strategy, members } = this.#parts;
    const healthy = members().filter(({ usable }) => usable);
    const candidates = strategy.among === 'credit' ? healthy.filter(({ hasRoom }) => hasRoom) : healthy;
    const order = members();
    const loads = candidates.map((member) => member.load(order.indexOf(member)));
    const name = loads.length === 0 ? null : strategy.choose(loads, { bytes });
    const chosen = candidates.find((member) => member.name === name) ?? null;
    return chosen?.hasRoom === true ? chosen : null;
  }

  /** False where the offer does not stand any more. */
  #give(offer: Offer, { name }: ClusterMember): boolean {
    const { ledger } = this.#parts.book;
    if (offer.kind === 'returned') {
      if (ledger.returned.length === 0) return false;
      ledger.giveReturned(name);
      return true;
    }
    if (ledger.live !== null) return false;
    if (offer.kind === 'live') {
      const held = ledger.giveLive(name, offer.limit);
      this.#live = { member: name, held, from: held.from.offset };
    } else if (offer.to.offset > ledger.frontier.offset) ledger.give(name, offer.to);
    else return false;
    return true;
  }

  /** The next batch, and no more; of a range that is live, what was not sent of it. False: there is none. */
  async #giveOne({ name }: ClusterMember): Promise<boolean> {
    const { book, log } = this.#parts;
    const { ledger } = book;
    const [returned] = ledger.returned;
    if (returned === undefined && !this.#freeFrontier(log.endOffset)) return false;
    const from = returned?.from ?? ledger.frontier;
    const to = await this.#boundaries.atLeast(from.offset, from.offset);
    if (returned !== undefined) {
      if (ledger.returned[0] !== returned) return false;
      ledger.giveReturned(name, to);
    } else {
      if (ledger.live !== null || ledger.frontier !== from) return false;
      ledger.give(name, to);
    }
    return true;
  }

  /** Ends what is live, where something was not sent of it. False: nothing lies at the frontier that can be given. */
  #freeFrontier(end: number): boolean {
    const { ledger, position } = this.#parts.book;
    const { live } = ledger;
    if (ledger.sentTo.offset >= end) return false;
    if (live !== null) ledger.closeLive(live.sent);
    const gap = position.nextGap(ledger.frontier.offset);
    return gap === null || gap.from.offset > ledger.frontier.offset;
  }
}
