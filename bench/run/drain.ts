// Waiting until every destination has all bytes that were sent, for as long as something still moves.

import { setTimeout as delay } from 'node:timers/promises';
import type { ChainEnd } from '../chain/layout.ts';
import type { Scenario } from '../scenario.ts';
import type { Baseline } from './baseline.ts';
import { bytesAt } from './sizes.ts';

const POLL_MS = 50;

/** True when all have all, or `settled` says that no more will come; false when the limits ran out. */
export async function waitDrained(
  destinations: readonly ChainEnd[],
  baseline: Baseline,
  wantedBytes: number,
  limits: Scenario['limits'],
  signal: AbortSignal,
  settled: (() => Promise<boolean>) | null = null,
): Promise<boolean> {
  const beganMs = Date.now();
  let movedMs = beganMs;
  let before = -1;
  for (;;) {
    signal.throwIfAborted();
    const sizes = await Promise.all(destinations.map((end) => bytesAt(end, baseline)));
    if (sizes.every((size) => size >= wantedBytes)) return true;
    if (settled !== null && (await settled())) return true;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const now = Date.now();
    if (total !== before) movedMs = now;
    before = total;
    if (now - beganMs > limits.drain || now - movedMs > limits.noProgress) return false;
    await delay(POLL_MS, undefined, { signal });
  }
}
