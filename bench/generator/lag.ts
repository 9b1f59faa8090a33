// How late events were written. The intended time never moves (it is in the event's bytes); what is held by a full
// source is the chain's doing and not ours, so lag counts from the end of the hold.

import { build } from 'hdr-histogram-js';
import { type DueTimes, dueMs, firstDueAt } from './due.ts';

/** A histogram unit is a tenth of a millisecond. */
const UNITS_PER_MS = 10;
/** A write is recorded in so many steps: lag is linear in between. */
const STEPS = 16;

export class LagMeter {
  lateEvents = 0;
  maxMs = 0;
  readonly #histogram = build({ bitBucketSize: 64, autoResize: true, numberOfSignificantValueDigits: 3 });
  readonly #due: DueTimes;
  readonly #lagMsMax: number;
  #notBeforeMs = 0;

  constructor(due: DueTimes, lagMsMax: number) {
    this.#due = due;
    this.#lagMsMax = lagMsMax;
  }

  holdEnded(atMs: number): void {
    this.#notBeforeMs = atMs;
  }

  /** Events from `first` on were written at `doneMs`; returns the largest lag among them, ms. */
  record(first: number, count: number, doneMs: number): number {
    const lagOf = (n: number): number =>
      Math.max(0, doneMs - Math.max(dueMs(this.#due, n), this.#notBeforeMs));
    const end = first + count;
    const step = Math.ceil(count / STEPS);
    for (let n = first; n < end; n += step) {
      this.#histogram.recordValueWithCount(Math.round(lagOf(n) * UNITS_PER_MS), Math.min(step, end - n));
    }
    if (lagOf(first) > this.#lagMsMax) {
      this.lateEvents += firstDueAt(this.#due, doneMs - this.#lagMsMax, first, end) - first;
    }
    this.maxMs = Math.max(this.maxMs, lagOf(first));
    return lagOf(first);
  }

  get p99Ms(): number {
    if (this.#histogram.totalCount === 0) return 0;
    return Math.min(this.maxMs, this.#histogram.getValueAtPercentile(99) / UNITS_PER_MS);
  }
}
