// One line about a run that is under way: redrawn in place on a terminal, printed now and then elsewhere.

import {
  formatBytes,
  formatBytesPerSecond,
  formatElapsed,
  formatEvents,
  formatMs,
  formatPerMinute,
} from './format.ts';
import { cutTo, lengthOf } from './terminal.ts';

export interface ProgressState {
  /** What the run is doing: `warm-up`, `sending`, `draining`, `verifying`, ... */
  readonly phase: string;
  readonly elapsedMs: number;
  /** null: nobody knows how long this takes (flood, draining). */
  readonly totalMs: number | null;
  /** Events sent so far. */
  readonly sent: number;
  readonly eventBytes: number;
  /** What the generator sends now. */
  readonly eventsPerSecond: number;
  /** The destination that has least, and how many events it has; null before anything is known. */
  readonly slowest: { readonly name: string; readonly delivered: number } | null;
  /** Bytes sent that the slowest destination has not got. */
  readonly backlogBytes: number | null;
  readonly latencyMs: number | null;
  /** The timed step just done, or null. */
  readonly step: string | null;
}

interface Part {
  readonly text: string;
  /** On a narrow terminal the part with the highest number goes first. */
  readonly rank: number;
}

const BAR_CELLS = 16;

/** At most `width` characters, no newline, no colour. */
export function renderProgress(state: ProgressState, width: number): string {
  let parts = partsOf(state);
  const join = (): string => parts.map(({ text }) => text).join('  ');
  while (parts.length > 1 && lengthOf(join()) > width) {
    const least = Math.max(...parts.map(({ rank }) => rank));
    parts = parts.filter(({ rank }) => rank !== least);
  }
  return cutTo(join(), width);
}

function partsOf(state: ProgressState): readonly Part[] {
  const part = (rank: number, text: string | null): readonly Part[] =>
    text === null ? [] : [{ rank, text }];
  const { totalMs, slowest, backlogBytes, latencyMs } = state;
  const elapsed = formatElapsed(state.elapsedMs / 1000);
  const whole = totalMs === null ? '' : `/${formatElapsed(totalMs / 1000)}`;
  return [
    ...part(0, `${elapsed}${whole}`),
    ...part(9, totalMs === null ? null : bar(state.elapsedMs / totalMs)),
    ...part(3, state.phase),
    ...part(1, `sent ${formatEvents(state.sent)}`),
    ...part(2, formatPerMinute(state.eventsPerSecond * 60)),
    ...part(8, formatBytesPerSecond(state.eventsPerSecond * state.eventBytes)),
    ...part(6, slowest === null ? null : `${slowest.name} has ${formatEvents(slowest.delivered)}`),
    ...part(4, backlogBytes === null ? null : `backlog ${formatBytes(backlogBytes)}`),
    ...part(7, latencyMs === null ? null : `latency ${formatMs(latencyMs)}`),
    ...part(5, state.step === null || state.step === '' ? null : `| ${state.step}`),
  ];
}

function bar(share: number): string {
  const done = Math.round(Math.min(1, Math.max(0, share || 0)) * BAR_CELLS);
  return `[${'#'.repeat(done)}${'.'.repeat(BAR_CELLS - done)}]`;
}
