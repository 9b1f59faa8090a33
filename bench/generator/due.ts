// When event n is due. One small pure function that generator, payload and verifier share: the intended send
// time is part of an event's bytes, so all three must agree on it to the last digit.

import type { GeneratorSpec } from './spec.ts';

export interface DueTimes {
  /** Wall clock of event 0, ms since 1970, an integer. */
  readonly startMs: number;
  /** Infinity for a flood: every event is due at the start. */
  readonly eventsPerSecond: number;
}

export function dueTimes(pace: GeneratorSpec['pace'], startMs: number): DueTimes {
  return { startMs, eventsPerSecond: pace.kind === 'schedule' ? pace.eventsPerSecond : Infinity };
}

/** Intended time of event n, ms since 1970, an integer. */
export function dueMs(due: DueTimes, n: number): number {
  return due.startMs + Math.floor((n * 1000) / due.eventsPerSecond);
}

/** How many events are due at `nowMs` (any fraction of a millisecond); never counts an event before its time. */
export function dueBy(due: DueTimes, nowMs: number): number {
  if (nowMs < due.startMs) return 0;
  if (due.eventsPerSecond === Infinity) return Infinity;
  return Math.floor(((nowMs - due.startMs) * due.eventsPerSecond) / 1000) + 1;
}

/** The first event from `from` on, and before `end`, whose intended time is at least `ms`; `end` if there is none. */
export function firstDueAt(due: DueTimes, ms: number, from: number, end: number): number {
  let low = from;
  let high = end;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (dueMs(due, middle) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
