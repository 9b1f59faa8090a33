// What gives way when a destination lags: intake (block), its oldest bytes, or its newest. Each destination has its own
// policy and limit, and nobody else's bytes are touched.
//
//   block       nothing here: the log fills up to its cap, and intake stops for all
//   dropOldest  whole batches from the position on, as many as bring the lag back under lagBytesMax; and, where the log
//               is full, those whose segments nobody else wants
//   dropNewest  from the moment the lag reaches lagBytesMax everything new, until a tenth of the limit is free again
//   maxAge      batches that have waited longer, whatever the lag is
//
// The lag is counted as what it takes on the disk, journals included, for that is what limits and cap are made of.

import type { DropReason } from '../log/cursor-terms.ts';
import type { EventLog } from '../log/log.ts';
import type { Mark } from '../log/marks.ts';
import type { Position } from './position.ts';

export interface LagPolicyOptions {
  readonly policy: 'block' | 'dropOldest' | 'dropNewest';
  readonly lagBytesMax: number;
  /** 0: any age. */
  readonly maxAgeMs: number;
}

const AGE_EVERY_MS = 1000;
/** dropNewest takes new bytes again when this share of its limit is free. */
const RESUME_SHARE = 0.1;

export class LagPolicy {
  readonly #options: LagPolicyOptions;
  readonly #log: EventLog;
  readonly #position: Position;
  readonly #stop: (() => void)[] = [];
  /** Where the next batch to be sent begins: what is under way is not dropped. */
  #sentTo: () => Mark;
  #busy: Promise<void> | null = null;
  #dropping = false;

  constructor(options: LagPolicyOptions, log: EventLog, position: Position) {
    this.#options = options;
    this.#log = log;
    this.#position = position;
    this.#sentTo = () => position.mark;
    this.#dropping = position.gaps.at(-1)?.reason === 'dropNewest';
  }

  start(): void {
    const { policy, maxAgeMs } = this.#options;
    this.#position.yields = policy === 'dropOldest';
    if (policy !== 'block') {
      const makeRoom = () => (policy === 'dropOldest' ? this.#giveWay() : this.#turnAway());
      this.#stop.push(
        this.#log.onCommit(() => this.#afterCommit()),
        this.#log.onFull(() => this.#inBackground(makeRoom)),
      );
    }
    if (maxAgeMs > 0) {
      const timer = setInterval(() => this.#inBackground(() => this.#dropOld()), AGE_EVERY_MS);
      this.#stop.push(() => clearInterval(timer));
    }
    this.#afterCommit();
  }

  /** Tells where sending is, while there is a connection. */
  follow(sentTo: (() => Mark) | null): void {
    this.#sentTo = sentTo ?? (() => this.#position.mark);
  }

  async close(): Promise<void> {
    for (const stop of this.#stop) stop();
    await this.#busy;
  }

  #afterCommit(): void {
    const { policy, lagBytesMax } = this.#options;
    if (policy === 'dropNewest') this.#dropNewest();
    else if (policy === 'dropOldest' && this.#lagOnDisk() > lagBytesMax) {
      this.#inBackground(() => this.#dropOverLimit());
    }
  }

  /** The gap at the end grows with the log for as long as there is no room. */
  #dropNewest(): void {
    const { lagBytesMax } = this.#options;
    const lag = this.#lagOnDisk();
    const end = this.#log.end;
    const seen = this.#position.seenEnd;
    if (!this.#dropping && lag > lagBytesMax) this.#dropping = true;
    else if (this.#dropping && lag <= lagBytesMax * (1 - RESUME_SHARE)) this.#dropping = false;
    // what came with the commit that went over the limit is dropped with it, so that the limit holds
    if (this.#dropping && seen.offset < end.offset)
      this.#position.drop({ from: seen, to: end, reason: 'dropNewest' });
    this.#position.seenEnd = end;
  }

  async #dropOverLimit(): Promise<void> {
    const overOnDisk = this.#lagOnDisk() - this.#options.lagBytesMax;
    if (overOnDisk <= 0) return;
    const over = Math.ceil(overOnDisk / this.#log.diskShare);
    const from = this.#sentTo();
    const to = await this.#log.markAtLeast(this.#position.offsetBehind(from.offset, over));
    this.#drop(from, to, 'dropOldest');
  }

  /** The log is full: the oldest segment is given up where that frees it, that is where all who want it yield. */
  async #giveWay(): Promise<void> {
    const segment = this.#log.holders.oldestYielded(this.#position.holder);
    if (segment === null) return;
    const from = this.#sentTo();
    const to = await this.#log.markAtLeast(Math.min(segment.end, this.#log.endOffset));
    this.#drop(from, to, 'dropOldest');
  }

  /** The log is full though the lag is within its limit: the newest sealed segment is given up, and what comes. */
  async #turnAway(): Promise<void> {
    const from = this.#log.holders.newestSealed(this.#position.holder);
    if (from === null) return;
    this.#dropping = true;
    const to = this.#log.end;
    this.#position.seenEnd = to;
    this.#drop(from.offset < this.#sentTo().offset ? this.#sentTo() : from, to, 'dropNewest');
  }

  /** What the lag takes of the directory, its journals included: that is what the limits and the cap are made of. */
  #lagOnDisk(): number {
    return this.#position.lagBytes * this.#log.diskShare;
  }

  async #dropOld(): Promise<void> {
    const to = await this.#log.markOlderThan(this.#options.maxAgeMs, this.#position.mark.offset);
    if (to !== null) this.#drop(this.#sentTo(), to, 'maxAge');
  }

  #drop(from: Mark, to: Mark, reason: DropReason): void {
    if (from.offset < to.offset) this.#position.drop({ from, to, reason });
  }

  #inBackground(work: () => Promise<void>): void {
    if (this.#busy !== null) return;
    this.#busy = work()
      // the journal could not be read just now: the next commit tries again
      .catch(() => undefined)
      .finally(() => {
        this.#busy = null;
      });
  }
}
