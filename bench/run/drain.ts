// Waiting until every destination has all bytes that were sent, for as long as something still moves.

import { setTimeout as delay } from 'node:timers/promises';
import type { ChainEnd } from '../chain/layout.ts';
import type { Scenario } from '../scenario.ts';
import type { Baseline } from './baseline.ts';
import { bytesAt } from './sizes.ts';

const POLL_MS = 50;
/** As many bytes as were sent may be too few events, when some came twice: for so long nothing more may come. */
const QUIET_MS = 300;
/** More than were sent: some came twice or were invented, and nobody knows how many are still to come. */
const QUIET_BEYOND_MS = 3000;

/** Judges sizes as they are seen; knows nothing of where they come from. */
export class DrainWatch {
  readonly #wantedBytes: number;
  readonly #limits: Pick<Scenario['limits'], 'drain' | 'noProgress'>;
  readonly #beganMs: number;
  #movedMs: number;
  #total = -1;

  constructor(wantedBytes: number, limits: Pick<Scenario['limits'], 'drain' | 'noProgress'>, nowMs: number) {
    this.#wantedBytes = wantedBytes;
    this.#limits = limits;
    this.#beganMs = nowMs;
    this.#movedMs = nowMs;
  }

  look(sizes: readonly number[], nowMs: number): 'all' | 'waiting' | 'given up' {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total !== this.#total) this.#movedMs = nowMs;
    this.#total = total;
    const { drain, noProgress } = this.#limits;
    const isBeyond = sizes.some((size) => size > this.#wantedBytes);
    const quietMs = Math.min(isBeyond ? QUIET_BEYOND_MS : QUIET_MS, noProgress);
    const stillMs = nowMs - this.#movedMs;
    if (sizes.every((size) => size >= this.#wantedBytes) && stillMs >= quietMs) return 'all';
    return nowMs - this.#beganMs > drain || stillMs > noProgress ? 'given up' : 'waiting';
  }
}

/** True when all have all, or `settled` says that no more will come; false when the limits ran out. */
export async function waitDrained(
  destinations: readonly ChainEnd[],
  baseline: Baseline,
  wantedBytes: number,
  limits: Scenario['limits'],
  signal: AbortSignal,
  settled: (() => Promise<boolean>) | null = null,
): Promise<boolean> {
  const watch = new DrainWatch(wantedBytes, limits, Date.now());
  for (;;) {
    signal.throwIfAborted();
    const sizes = await Promise.all(destinations.map((end) => bytesAt(end, baseline)));
    if (settled !== null && (await settled())) return true;
    const state = watch.look(sizes, Date.now());
    if (state !== 'waiting') return state === 'all';
    await delay(POLL_MS, undefined, { signal });
  }
}
