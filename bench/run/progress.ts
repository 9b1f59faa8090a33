// How far a run is, from the generator's progress and the sizes of the destinations: a live line on a terminal,
// plain lines every few seconds elsewhere.

import { setTimeout as delay } from 'node:timers/promises';
import type { ChainEnd } from '../chain/layout.ts';
import { type ProgressState, renderProgress } from '../report/progress.ts';
import type { Baseline } from './baseline.ts';
import type { GeneratorRun } from './generator.ts';
import type { RunPlan } from './plan.ts';
import { bytesAt } from './sizes.ts';

const TERMINAL_MS = 500;
const PLAIN_MS = 5000;
const WIDTH = 110;

export interface ProgressSource {
  readonly plan: RunPlan;
  readonly destinations: readonly ChainEnd[];
  readonly baseline: Baseline;
  readonly generator: GeneratorRun;
  readonly phase: () => string;
  readonly step: () => string | null;
}

export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  #drawn = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** Draws until `signal` is aborted. */
  async follow(source: ProgressSource, signal: AbortSignal): Promise<void> {
    const beganMs = Date.now();
    let last = { timeMs: beganMs, events: 0 };
    while (!signal.aborted) {
      const state = await stateOf(source, beganMs, last);
      last = { timeMs: Date.now(), events: state.sent };
      this.#draw(state);
      const waitMs = this.#out.isTTY ? TERMINAL_MS : PLAIN_MS;
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
    this.clear();
  }

  /** A line that stays, above the live one. */
  say(text: string): void {
    this.clear();
    this.#out.write(`${text}\n`);
  }

  clear(): void {
    if (!this.#drawn) return;
    this.#out.write('\r\x1b[2K');
    this.#drawn = false;
  }

  #draw(state: ProgressState): void {
    const width = this.#out.isTTY ? (this.#out.columns || WIDTH) - 1 : WIDTH;
    const line = renderProgress(state, width);
    if (!this.#out.isTTY) {
      this.#out.write(`${line}\n`);
      return;
    }
    this.#out.write(`\r\x1b[2K${line}`);
    this.#drawn = true;
  }
}

async function stateOf(
  source: ProgressSource,
  beganMs: number,
  last: { timeMs: number; events: number },
): Promise<ProgressState> {
  const { plan, destinations, baseline, generator } = source;
  const progress = await generator.progress();
  const [sent, sentBytes] = [progress?.events ?? 0, progress?.bytes ?? 0];
  const eventSize = sent === 0 ? 0 : sentBytes / sent;
  const counts = await Promise.all(
    destinations.map(async (end) => ({ name: end.name, bytes: await bytesAt(end, baseline) })),
  );
  const least = counts.toSorted((a, b) => a.bytes - b.bytes)[0];
  const seconds = Math.max(0.001, (Date.now() - last.timeMs) / 1000);
  return {
    phase: source.phase(),
    elapsedMs: Date.now() - beganMs,
    totalMs: plan.pace.kind === 'schedule' ? (plan.events / plan.pace.eventsPerSecond) * 1000 : null,
    sent,
    eventBytes: eventSize,
    eventsPerSecond: Math.max(0, sent - last.events) / seconds,
    slowest:
      least === undefined || eventSize === 0
        ? null
        : { name: least.name, delivered: Math.floor(least.bytes / eventSize) },
    backlogBytes: least === undefined ? null : Math.max(0, sentBytes - least.bytes),
    latencyMs: null,
    step: source.step(),
  };
}
