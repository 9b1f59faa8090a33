// How far the clock of each machine is from ours. A reading is asked for over the connection of the run: what the
// machine answered was true at some moment between asking and hearing, so the offset is known to half the round trip.
// The quickest of several counts. Asked before and after the load: what the clocks drifted meanwhile is added.

import { wallClockMs } from '../observer/clock.ts';
import type { Session } from './session.ts';

const READINGS = 15;

export interface ClockReading {
  /** Its clock less ours, ms. */
  readonly offsetMs: number;
  /** The offset is right to within this, ms. */
  readonly boundMs: number;
}

export async function readClock(session: Pick<Session, 'ask'>): Promise<ClockReading> {
  const readings: ClockReading[] = [];
  for (let n = 0; n < READINGS; n++) {
    const askedMs = wallClockMs();
    const { nowMs } = await session.ask('clock', null);
    const heardMs = wallClockMs();
    readings.push({ offsetMs: nowMs - (askedMs + heardMs) / 2, boundMs: (heardMs - askedMs) / 2 });
  }
  return readings.reduce((best, reading) => (reading.boundMs < best.boundMs ? reading : best));
}

/** Over a run: between the two readings, and right for all of it. */
export function clockOver(before: ClockReading, after: ClockReading): ClockReading {
  const driftMs = Math.abs(after.offsetMs - before.offsetMs);
  return {
    offsetMs: (before.offsetMs + after.offsetMs) / 2,
    boundMs: Math.max(before.boundMs, after.boundMs) + driftMs / 2,
  };
}

/** What is added to a time of one machine's clock to have it by another's, and how right that is. */
export function between(from: ClockReading, to: ClockReading): { shiftMs: number; boundMs: number } {
  return { shiftMs: to.offsetMs - from.offsetMs, boundMs: from.boundMs + to.boundMs };
}
