// From intended time to arrival. An event has arrived when the observer first saw its file at least as long as the
// event's end offset. Nothing is discarded; a negative latency (clocks of two machines) counts as zero and is
// counted. Events are recorded in groups of equal latency, so ten million cost a fraction of a second.

import { build, type Histogram } from 'hdr-histogram-js';
import { dueMs, firstDueAt } from '../generator/due.ts';
import type { ArrivalLog } from '../observer/spec.ts';
import type { Expectation } from './expectation.ts';
import type { DestinationVerdict, LatencyFigures } from './spec.ts';

/** A histogram unit is a tenth of a millisecond. */
const UNITS_PER_MS = 10;
/** Longer runs get wider steps: the chart has no room for more, and every step is a histogram. */
const SERIES_STEPS_MAX = 3600;

/** How arrivals name a file: members of a cluster have files of the same names. */
export function fileKey(file: string, member: string | null): string {
  return member === null ? file : `${member}/${file}`;
}

/** The arrivals of all members of a cluster as those of one destination. */
export function joinArrivals(
  logs: readonly { readonly member: string; readonly log: ArrivalLog }[],
): ArrivalLog {
  const files: string[] = [];
  const arrivals: ArrivalLog['arrivals'][number][] = [];
  for (const { member, log } of logs) {
    const base = files.length;
    for (const file of log.files) files.push(fileKey(file ?? '', member));
    for (const { timeMs, file, size } of log.arrivals) arrivals.push({ timeMs, file: base + file, size });
  }
  const worst = (figure: 'p50' | 'p99' | 'max') => Math.max(0, ...logs.map(({ log }) => log.pollMs[figure]));
  return { files, arrivals, pollMs: { p50: worst('p50'), p99: worst('p99'), max: worst('max') } };
}

interface FileArrivals {
  readonly sizes: number[];
  readonly times: number[];
  cursor: number;
}

export class Latency {
  firstArrivalMs: number | null = null;
  lastArrivalMs: number | null = null;
  readonly #files = new Map<string, FileArrivals>();
  readonly #resolutionMs: number;
  readonly #all = histogram(3);
  readonly #series = new Map<number, { readonly histogram: Histogram; maxMs: number }>();
  readonly #stepMs: number;
  #maxMs = 0;
  #clamped = 0;

  constructor({ files, arrivals, pollMs }: ArrivalLog, expectations: readonly Expectation[]) {
    this.#resolutionMs = pollMs.p99;
    const seconds = Math.max(1, ...expectations.map(({ due, expected }) => expected / due.eventsPerSecond));
    this.#stepMs = 1000 * Math.ceil(seconds / SERIES_STEPS_MAX);
    for (const { file, size, timeMs } of arrivals) {
      const name = files[file] ?? '';
      const known = this.#files.get(name) ?? { sizes: [], times: [], cursor: 0 };
      this.#files.set(name, known);
      if (size <= (known.sizes.at(-1) ?? 0)) continue;
      known.sizes.push(size);
      known.times.push(timeMs);
    }
  }

  /** For events that cannot be followed one by one: the last time that any file grew. */
  lastGrowthSeen(): void {
    for (const { times } of this.#files.values()) {
      const last = times.at(-1);
      if (last !== undefined) this.lastArrivalMs = Math.max(this.lastArrivalMs ?? last, last);
    }
  }

  /** Events from `first` on stand in `file` (its base name, see fileKey) one after the other from `offset` on. */
  record(expectation: Expectation, first: number, count: number, file: string, offset: number): void {
    const arrivals = this.#files.get(file);
    if (!arrivals) return;
    const { sizes, times } = arrivals;
    let position = offset;
    let n = first;
    while (n < first + count) {
      while ((sizes[arrivals.cursor] ?? Infinity) <= position) arrivals.cursor++;
      const size = sizes[arrivals.cursor];
      const timeMs = times[arrivals.cursor];
      if (size === undefined || timeMs === undefined) return; // never seen: `count` of the figures says so
      const events = expectation.payload.fitting(n, first + count - n, size - position);
      if (events === 0) {
        arrivals.cursor++;
        continue;
      }
      position += expectation.payload.bytes(n, events);
      this.#arrived(expectation, n, n + events, timeMs);
      n += events;
    }
  }

  figures(): LatencyFigures | null {
    const all = this.#all;
    if (all.totalCount === 0) return null;
    const at = (percentile: number): number => this.#percentile(all, percentile, this.#maxMs);
    return {
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: this.#maxMs,
      count: all.totalCount,
      resolutionMs: this.#resolutionMs,
      clamped: this.#clamped,
    };
  }

  series(): DestinationVerdict['latencySeries'] {
    const steps = [...this.#series].sort(([a], [b]) => a - b);
    return steps.map(([step, { histogram: values, maxMs }]) => ({
      timeMs: step * this.#stepMs,
      p50: this.#percentile(values, 50, maxMs),
      p99: this.#percentile(values, 99, maxMs),
      max: maxMs,
    }));
  }

  #arrived({ due }: Expectation, first: number, end: number, timeMs: number): void {
    this.firstArrivalMs = Math.min(this.firstArrivalMs ?? timeMs, timeMs);
    this.lastArrivalMs = Math.max(this.lastArrivalMs ?? timeMs, timeMs);
    if (due.eventsPerSecond === Infinity) return; // a flood has no intended times
    const perMs = Math.ceil(due.eventsPerSecond / 1000) + 1;
    for (let n = first; n < end; ) {
      const dueAt = dueMs(due, n);
      const next = firstDueAt(due, dueAt + 1, n + 1, Math.min(end, n + perMs));
      this.#record(dueAt, timeMs - dueAt, next - n);
      n = next;
    }
  }

  #record(dueAtMs: number, latencyMs: number, count: number): void {
    const ms = Math.max(0, latencyMs);
    if (latencyMs < 0) this.#clamped += count;
    const units = Math.round(ms * UNITS_PER_MS);
    this.#all.recordValueWithCount(units, count);
    this.#maxMs = Math.max(this.#maxMs, ms);
    const step = Math.floor(dueAtMs / this.#stepMs);
    const second = this.#series.get(step) ?? { histogram: histogram(2), maxMs: 0 };
    this.#series.set(step, second);
    second.histogram.recordValueWithCount(units, count);
    second.maxMs = Math.max(second.maxMs, ms);
  }

  /** The histogram answers with the upper end of a bucket, which may lie above the largest value. */
  #percentile(values: Histogram, percentile: number, maxMs: number): number {
    return Math.min(maxMs, values.getValueAtPercentile(percentile) / UNITS_PER_MS);
  }
}

const histogram = (digits: 2 | 3): Histogram =>
  build({
    bitBucketSize: 64,
    autoResize: true,
    highestTrackableValue: 65_536,
    numberOfSignificantValueDigits: digits,
  });
