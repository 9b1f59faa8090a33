// How regularly the observer looked: the gaps between polls are the resolution of every arrival time.

import { build } from 'hdr-histogram-js';

const UNITS_PER_MS = 100;

export interface GapFigures {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class PollGaps {
  readonly #histogram = build({ bitBucketSize: 64, autoResize: true, numberOfSignificantValueDigits: 3 });
  #lastMs: number | null = null;
  #maxMs = 0;

  get count(): number {
    return this.#histogram.totalCount;
  }

  polled(atMs: number): void {
    if (this.#lastMs !== null) {
      const gap = Math.max(0, atMs - this.#lastMs);
      this.#histogram.recordValue(Math.round(gap * UNITS_PER_MS));
      this.#maxMs = Math.max(this.#maxMs, gap);
    }
    this.#lastMs = atMs;
  }

  figures(): GapFigures {
    if (this.#histogram.totalCount === 0) return { p50: 0, p99: 0, max: 0 };
    const at = (percentile: number): number =>
      Math.min(this.#maxMs, this.#histogram.getValueAtPercentile(percentile) / UNITS_PER_MS);
    return { p50: at(50), p99: at(99), max: this.#maxMs };
  }
}
