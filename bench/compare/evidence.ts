// What a cell of the scorecard shows to whoever clicks it: configuration, timeline with the faults, ranges lost. Small:
// a scorecard holds one of these a cell.

import type { NamedSeries, Result } from '../result.ts';
import type { CellEvidence } from './scorecard.ts';

const POINTS_MAX = 160;
const RANGES_MAX = 10;
const TEXT_MAX = 12_000;
const EVENTS_MAX = 30;

export function evidenceOf(result: Result): CellEvidence {
  const { window, series } = result;
  const slowest = slowestOf(result);
  const at = sampled(series.timeMs.length);
  const pick = <T>(values: readonly T[]): T[] => at.flatMap((index) => values.slice(index, index + 1));
  const of = (list: readonly NamedSeries[]) => pick(list.find(({ name }) => name === slowest)?.values ?? []);
  return {
    seed: result.seed,
    offeredBytesPerSecond:
      result.offeredPerMinute === null ? null : (result.offeredPerMinute / 60) * result.eventBytes,
    ...{ startMs: window.startMs, sentMs: window.sentMs, endMs: window.endMs },
    events: result.events.slice(0, EVENTS_MAX),
    configuration: result.configuration.map(({ file, text }) => ({ file, text: text.slice(0, TEXT_MAX) })),
    timeMs: pick(series.timeMs),
    arrivedBytesPerSecond: of(series.rateBytes),
    backlogBytes: of(series.backlogBytes),
    lost: result.destinations
      .filter(({ lost }) => lost.events > 0)
      .map(({ name, lost }) => ({
        destination: name,
        ranges: lost.ranges.slice(0, RANGES_MAX).map(rangeText),
      })),
    notes: [
      ...result.notes,
      ...(result.events.length > EVENTS_MAX
        ? [`${result.events.length - EVENTS_MAX} more events are in the run's own result.json`]
        : []),
    ],
  };
}

function slowestOf({ destinations }: Result): string {
  const late = [...destinations].sort((a, b) => (b.lastArrivalMs ?? 0) - (a.lastArrivalMs ?? 0));
  return late[0]?.name ?? '';
}

function rangeText({
  runner,
  epoch,
  first,
  last,
}: {
  runner: number;
  epoch: number;
  first: number;
  last: number;
}) {
  const where = `runner ${runner}, epoch ${epoch}`;
  return first === last ? `${where}: ${first}` : `${where}: ${first} to ${last}`;
}

/** Indices, evenly spread, of at most POINTS_MAX samples. */
function sampled(length: number): number[] {
  const step = Math.max(1, Math.ceil(length / POINTS_MAX));
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);
}
