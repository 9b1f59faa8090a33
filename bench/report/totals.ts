// What the whole run comes to: sums over destinations, the rate of each directory, and the verdict in a sentence.

import type { Result } from '../result.ts';
import { formatCount, formatDuration, plural } from './format.ts';

export interface Totals {
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly torn: number;
  readonly foreign: number;
}

/** The kinds of damage, in the order they are always shown. */
export const DAMAGE = ['lost', 'duplicated', 'reordered', 'torn', 'foreign'] as const;
export type Damage = (typeof DAMAGE)[number];

export const DAMAGE_MEANING: Readonly<Record<Damage, string>> = {
  lost: 'sent, never arrived',
  duplicated: 'further copies of an event',
  reordered: 'arrived after a later event',
  torn: 'cut, glued or altered lines',
  foreign: 'lines nobody sent',
};

export function damageOf(destination: Result['destinations'][number]): Totals {
  return {
    lost: destination.lost.events,
    duplicated: destination.duplicated.events,
    reordered: destination.reordered.events,
    torn: destination.torn,
    foreign: destination.foreign,
  };
}

export function totalsOf(result: Result): Totals {
  const totals = { lost: 0, duplicated: 0, reordered: 0, torn: 0, foreign: 0 };
  for (const destination of result.destinations) {
    const damage = damageOf(destination);
    for (const kind of DAMAGE) totals[kind] += damage[kind];
  }
  return totals;
}

/** Sum of all damage at one destination or of the run. */
export function damageSum(damage: Totals): number {
  return DAMAGE.reduce((sum, kind) => sum + damage[kind], 0);
}

/** Whether what the scenario asserts of the events there holds: damage that it allows is shown, and no failure. */
export function isSound({ verdict, failedAt }: Result, destination: Result['destinations'][number]): boolean {
  if (failedAt !== undefined) return !failedAt.includes(destination.name);
  return verdict === 'pass' || damageSum(damageOf(destination)) === 0;
}

/** How long events were due for, and how long after the last one the slowest destination had everything. */
export function spans(result: Result): { readonly sendMs: number; readonly drainMs: number } {
  const { startMs, sentMs, endMs } = result.window;
  return { sendMs: Math.max(0, sentMs - startMs), drainMs: Math.max(0, endMs - sentMs) };
}

/** One sentence for whoever reads nothing else. */
export function verdictSentence(result: Result): string {
  const { sendMs, drainMs } = spans(result);
  const places = result.destinations.length;
  const sent = plural(result.sent, 'event');
  switch (result.verdict) {
    case 'pass': {
      if (places === 0)
        return `${sent} sent in ${formatDuration(sendMs)}; every check of the scenario holds.`;
      const where = places === 1 ? 'at the destination' : `at all ${formatCount(places)} destinations`;
      const how =
        damageSum(totalsOf(result)) === 0
          ? 'each once, intact and in order'
          : 'within what the scenario allows';
      if (sendMs === 0) {
        return `${sent} that lay ready when the clock started arrived ${where} in ${formatDuration(drainMs)}, ${how}.`;
      }
      const after = `the last ${formatDuration(drainMs)} after it was sent`;
      return `${sent} sent in ${formatDuration(sendMs)} arrived ${where}, ${how}; ${after}.`;
    }
    case 'fail':
      return `${plural(result.failures.length, 'check')} failed. ${sent} ${sendMs === 0 ? 'lay ready' : `sent in ${formatDuration(sendMs)}`}.`;
    case 'invalid':
      return 'The measurement itself went wrong, so it says nothing about the tool. Mend the cause and run it again.';
    default:
      return unknownVerdict(result.verdict);
  }
}

function unknownVerdict(verdict: never): string {
  return `unknown verdict ${String(verdict)}`;
}

/** Mean bytes per second into a directory, from the first event due until its last byte; null without samples. */
export function meanRateBytes(result: Result, name: string): number | null {
  const { timeMs, rateBytes } = result.series;
  const values = rateBytes.find((series) => series.name === name)?.values;
  if (values === undefined) return null;
  let bytes = 0;
  let until = result.window.startMs;
  for (const [index, time] of timeMs.entries()) {
    const rate = values[index] ?? 0;
    const since = timeMs[index - 1] ?? Math.min(time, result.window.startMs);
    if (rate <= 0) continue;
    bytes += (rate * (time - since)) / 1000;
    until = Math.min(time, result.window.endMs);
  }
  const spanMs = until - result.window.startMs;
  return spanMs > 0 ? (bytes * 1000) / spanMs : null;
}

/** A directory's series may be named after the directory or after the hop that fills it. */
export function directoryRateBytes(result: Result, hopName: string, directory: string): number | null {
  const destination = result.destinations.find(({ name }) => name === directory);
  if (destination?.lastArrivalMs) {
    const spanMs = destination.lastArrivalMs - result.window.startMs;
    if (spanMs > 0) return (destination.deliveredBytes * 1000) / spanMs;
  }
  return meanRateBytes(result, directory) ?? meanRateBytes(result, hopName);
}
