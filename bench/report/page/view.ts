// Samples made into one view of a chart: thinned to what a screen can show, so that a day's run is still a small page.

import type { NamedSeries, Result } from '../../result.ts';
import type { View } from './chart.ts';
import type { Stroke } from './colours.ts';

/** More points than this are folded together. */
export const POINTS_MAX = 1200;
/** Rates of shorter spans are mostly the rhythm of batches and of the sampling itself. */
const MEAN_MS = 1000;
const MEANS_MIN = 20;

/** How the samples of one point become its value: never empty. */
export type Fold = (values: readonly number[]) => number;
export const mean: Fold = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
export const highest: Fold = (values) =>
  values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);

export function viewOf(
  label: string,
  result: Result,
  timeMs: readonly number[],
  list: readonly NamedSeries[],
  colour: (name: string) => Stroke,
  fold: Fold,
): View {
  const size = bucketSize(timeMs, fold);
  const x: number[] = [];
  for (let at = 0; at < timeMs.length; at += size) {
    const first = timeMs[at] ?? 0;
    const last = timeMs[Math.min(at + size, timeMs.length) - 1] ?? first;
    x.push(Math.round((first + last) / 2 - result.window.startMs) / 1000);
  }
  const series = list.map(({ name, values }) => ({
    name,
    stroke: colour(name),
    values: thin(values, size, x.length, fold),
  }));
  return { label, x, series };
}

/** How many samples make one point. */
function bucketSize(timeMs: readonly number[], fold: Fold): number {
  const fewest = Math.max(1, Math.ceil(timeMs.length / POINTS_MAX));
  const spanMs = (timeMs.at(-1) ?? 0) - (timeMs[0] ?? 0);
  if (fold !== mean || spanMs < MEAN_MS * MEANS_MIN) return fewest;
  const sampleMs = spanMs / (timeMs.length - 1);
  return Math.max(fewest, Math.round(MEAN_MS / sampleMs));
}

function thin(
  values: readonly (number | null)[],
  size: number,
  length: number,
  fold: Fold,
): readonly (number | null)[] {
  return Array.from({ length }, (_, index) => {
    const bucket = values.slice(index * size, (index + 1) * size).filter((value) => value !== null);
    return bucket.length === 0 ? null : round(fold(bucket));
  });
}

/** Four significant digits are more than a chart shows, and the page stays small. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
