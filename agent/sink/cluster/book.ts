// The ledger of a cluster and the cursor that it is written to: what may be acted on is what was written down.
//
// A range is sent only once it stands in the cursor who may have it, and a member that has answered is sent nothing
// before it stands there what that settled. Many decisions go into one write: one is under way, one gathers.

import { setTimeout as sleep } from 'node:timers/promises';
import { SpillwayError } from '../../errors.ts';
import type { ClusterCursor } from '../../log/cursor.ts';
import type { EventLog } from '../../log/log.ts';
import { announce, type GapReason, nextGap, withoutDelivered } from '../gaps.ts';
import type { Position } from '../position.ts';
import type { LaneLedger } from './lane-ledger.ts';
import { Ledger } from './ledger.ts';
import { countsOf, type Range, sumOf } from './range.ts';

const LAZY_MS = 50;
const RETRY_MS = 200;

export class Book<L extends LaneLedger = LaneLedger> {
  readonly ledger: L;
  readonly position: Position;
  #durableSequence: number;
  #writing: Promise<void> = Promise.resolve();
  #gathering: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #retries = true;
  #closed = false;

  private constructor(ledger: L, position: Position) {
    this.ledger = ledger;
    this.position = position;
    this.#durableSequence = 0;
  }

  /**
   * Takes up a cursor, that of a single endpoint too: its position is then where the cluster begins.
   * @throws SpillwayError `disk` where the cursor cannot be written now; the position is as it was then
   */
  static async open<L extends LaneLedger>(
    log: EventLog,
    position: Position,
    ledgerOf: (cursor: ClusterCursor) => L | Promise<L>,
  ): Promise<Book<L>> {
    const { state } = position;
    try {
      return await Book.#open(log, position, ledgerOf);
    } catch (error) {
      // nothing was given out by it: who has the position next, a cluster or not, finds it as it was
      position.takeBack(state);
      throw error;
    }
  }

  static async #open<L extends LaneLedger>(
    log: EventLog,
    position: Position,
    ledgerOf: (cursor: ClusterCursor) => L | Promise<L>,
  ): Promise<Book<L>> {
    const { state } = position;
    const known = state.cluster;
    const fits = known !== undefined && reachOf(known) <= log.endOffset;
    if (known !== undefined && !fits) position.update({ epoch: state.epoch + 1 });
    const ledger = await ledgerOf(fits ? known : Ledger.fresh(position.mark));
    const book = new Book(ledger, position);
    // a start or a reload is told that the disk fails, and does not wait for it
    book.#retries = false;
    await book.commit();
    book.#retries = true;
    return book;
  }

  /** Ranges up to this sequence stand in the cursor. */
  get durableSequence(): number {
    return this.#durableSequence;
  }

  /** Something happened that may be forgotten in a crash: the members will say it again. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, LAZY_MS);
  }

  /** The cursor in memory is what the ledger says. */
  flush(): void {
    // the position may be another's by now
    if (this.#closed) return;
    this.position.update({ cluster: this.ledger.cursor(), position: this.ledger.position });
  }

  /** Resolves when everything that was decided up to now is written down. @throws SpillwayError `closed`, `disk` */
  commit(): Promise<void> {
    this.#gathering ??= this.#writing.then(() => {
      this.#gathering = null;
      this.#writing = this.#write();
      return this.#writing;
    });
    // who waits is told; who does not must not bring the process down
    this.#gathering.catch(() => undefined);
    return this.#gathering;
  }

  /** A range that no member gets: it is not announced, since a sparse lane need not be told what it does not carry. */
  leaveOut(range: Range, reason: GapReason): void {
    if (range.from.offset >= range.to.offset) return;
    const gap = { ...range, reason };
    this.position.onGap(gap);
    this.position.update({ gaps: announce(this.position.gaps, gap) });
  }

  /** Of a range some events, which no member gets: `from` and `to` count only those. */
  leaveOutPart({ from, to }: Range, reason: GapReason): void {
    if (from.offset >= to.offset) return;
    this.position.onGap({ from, to, reason });
    const { skipped } = this.position.state;
    const known = skipped[reason] ?? { events: 0, bytes: 0 };
    const sum = sumOf([known, countsOf({ from, to })]);
    this.position.update({ skipped: { ...skipped, [reason]: sum } });
  }

  /**
   * What a policy gave up ahead of what was sent: the frontier goes over it. What it gave up too late is no gap.
   * @returns whether anything changed
   */
  passGaps(): boolean {
    const { ledger, position } = this;
    const gaps = withoutDelivered(position.gaps, ledger.sentTo);
    const gap = nextGap(gaps, ledger.sentTo.offset);
    const isLate = gaps !== position.gaps;
    if (isLate) position.update({ gaps });
    if (gap === null) return isLate;
    if (ledger.live !== null && gap.from.offset < ledger.live.limit) {
      ledger.closeLive(gap.from.offset < ledger.sentTo.offset ? ledger.sentTo : gap.from);
    }
    if (ledger.live !== null || gap.from.offset > ledger.frontier.offset) return isLate;
    this.leaveOut({ from: ledger.frontier, to: gap.to }, gap.reason);
    ledger.pass(gap.to);
    return true;
  }

  /** From now on a write that fails is not tried again: the destination is to end, whatever the disk does. */
  stopRetrying(): void {
    this.#retries = false;
  }

  async close(): Promise<void> {
    this.stopRetrying();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.commit().catch(() => undefined);
    this.#closed = true;
  }

  /** A cursor that cannot be written now is tried again: nothing is sent until then. */
  async #write(): Promise<void> {
    for (;;) {
      if (this.#closed) throw new SpillwayError('closed', 'the destination is closed');
      this.flush();
      const { sequence } = this.ledger.cursor();
      if (await this.position.commit()) {
        this.#durableSequence = Math.max(this.#durableSequence, sequence);
        return;
      }
      if (!this.#retries) {
        const text = `cannot write the cursor: ${this.position.cursorFailure}`;
        throw new SpillwayError('disk', text, { retryable: true });
      }
      await sleep(RETRY_MS);
    }
  }
}

/** How far a cursor has given the log out. */
function reachOf({ frontier, returned, members }: ClusterCursor): number {
  const ends = [...returned.map(([, , to]) => to)];
  for (const { held } of Object.values(members)) ends.push(...held.map(([, , , to]) => to));
  return Math.max(frontier.offset, ...ends);
}
