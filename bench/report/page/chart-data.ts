// The numbers behind the charts, as the page's script takes them: seconds since the start, thinned to what a screen
// can show, each series with its colour.

import type { NamedSeries, Result } from '../../result.ts';
import type { Colours, Stroke } from './colours.ts';

export type Unit = 'eventRate' | 'backlog' | 'latency' | 'cores' | 'bytes' | 'byteRate';

export interface ChartSeries {
  readonly name: string;
  readonly stroke: Stroke;
  readonly values: readonly (number | null)[];
}

/** One choice of a chart: most have one, latency has one for each destination. */
export interface View {
  readonly label: string;
  /** Seconds since the first event was due. */
  readonly x: readonly number[];
  readonly series: readonly ChartSeries[];
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly unit: Unit;
  readonly logarithmic: boolean;
  /** What the legend shows while nobody points at the chart. */
  readonly idle: 'mean' | 'max';
  readonly views: readonly View[];
}

export interface ChartPage {
  readonly eventBytes: number;
  /** All charts show this span, in seconds, so that one cursor fits them all. */
  readonly span: readonly [number, number];
  /** When the last event had been sent. */
  readonly sentAt: number;
  readonly markers: readonly { readonly x: number; readonly label: string }[];
  readonly charts: readonly Chart[];
}

/** More points than this are folded together. */
export const POINTS_MAX = 1200;
/** Rates of shorter spans are mostly the rhythm of batches and of the sampling itself. */
const MEAN_MS = 1000;
const MEANS_MIN = 20;
const LATENCY_FLOOR_MS = 0.1;

export function chartPage(result: Result, colours: Colours): ChartPage {
  const start = result.window.startMs;
  const seconds = (ms: number): number => Math.round(ms - start) / 1000;
  const charts = [...sampled(result, colours), latency(result)].filter(({ views }) =>
    views.some(({ x, series }) => x.length > 1 && series.length > 0),
  );
  const xs = charts.flatMap(({ views }) => views.flatMap(({ x }) => [x[0] ?? 0, x.at(-1) ?? 0]));
  const order = ['rate', 'latency', 'backlog', 'cpu', 'rss', 'written'];
  return {
    eventBytes: result.eventBytes,
    span: [Math.min(0, ...xs), Math.max(seconds(result.window.endMs), ...xs)],
    sentAt: seconds(result.window.sentMs),
    markers: result.events.map(({ timeMs }, index) => ({ x: seconds(timeMs), label: String(index + 1) })),
    charts: charts.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id)),
  };
}

type Fold = (values: readonly number[]) => number;
const mean: Fold = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const highest: Fold = (values) =>
  values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);

function sampled(result: Result, colours: Colours): readonly Chart[] {
  const { series } = result;
  const byPlace = { colour: colours.place, fold: mean };
  const byProcess = { colour: colours.process, fold: mean };
  const chart = (
    id: string,
    title: string,
    explanation: string,
    unit: Unit,
    list: readonly NamedSeries[],
    how: { readonly colour: (name: string) => Stroke; readonly fold: Fold },
  ): Chart => ({
    id,
    title,
    explanation,
    unit,
    logarithmic: false,
    idle: how.fold === mean ? 'mean' : 'max',
    views: [view('all', result, series.timeMs, list, how.colour, how.fold)],
  });
  return [
    chart(
      'rate',
      'Rate per hop',
      'What arrived in each event directory; “source” is what the generator wrote.',
      'eventRate',
      series.rateBytes,
      byPlace,
    ),
    chart(
      'backlog',
      'Backlog',
      'Written into the chain but not yet in this directory.',
      'backlog',
      series.backlogBytes,
      { ...byPlace, fold: highest },
    ),
    chart(
      'cpu',
      'CPU',
      'Cores used by each process; the rig’s own in grey.',
      'cores',
      series.cpuCores,
      byProcess,
    ),
    chart('rss', 'Memory', 'Resident set of each process.', 'bytes', series.rssBytes, {
      ...byProcess,
      fold: highest,
    }),
    chart(
      'written',
      'Written to disk',
      'Bytes each process wrote, per second.',
      'byteRate',
      series.writtenBytesPerSecond,
      byProcess,
    ),
  ];
}

function view(
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

const PERCENTILES = [
  { key: 'p50', name: 'p50', stroke: { colour: 'l0', dash: 0 } },
  { key: 'p99', name: 'p99', stroke: { colour: 'l1', dash: 0 } },
  { key: 'max', name: 'max', stroke: { colour: 'l2', dash: 0 } },
] as const;

type LatencyPoint = Result['destinations'][number]['latencySeries'][number];

function latency(result: Result): Chart {
  const measured = result.destinations.filter(({ latencySeries }) => latencySeries.length > 1);
  const views = measured.map(({ name, latencySeries }) => latencyView(name, result, latencySeries));
  if (measured.length > 1) views.unshift(latencyView('slowest', result, slowest(measured)));
  return {
    id: 'latency',
    title: 'Latency',
    explanation:
      'From intended send time to arrival, by the second in which the events were due. Logarithmic.',
    unit: 'latency',
    logarithmic: true,
    idle: 'max',
    views,
  };
}

/** At every second the worst of all destinations. */
function slowest(destinations: Result['destinations']): readonly LatencyPoint[] {
  const points = new Map<number, LatencyPoint>();
  for (const { latencySeries } of destinations) {
    for (const point of latencySeries) {
      const seen = points.get(point.timeMs) ?? point;
      points.set(point.timeMs, {
        timeMs: point.timeMs,
        p50: Math.max(seen.p50, point.p50),
        p99: Math.max(seen.p99, point.p99),
        max: Math.max(seen.max, point.max),
      });
    }
  }
  return [...points.values()].sort((a, b) => a.timeMs - b.timeMs);
}

function latencyView(label: string, result: Result, points: readonly LatencyPoint[]): View {
  const list = PERCENTILES.map(({ key, name }) => ({
    name,
    values: points.map((point) => Math.max(LATENCY_FLOOR_MS, point[key])),
  }));
  const strokes = new Map(PERCENTILES.map(({ name, stroke }) => [name as string, stroke]));
  const colour = (name: string): Stroke => strokes.get(name) ?? { colour: 'l0', dash: 0 };
  return view(
    label,
    result,
    points.map(({ timeMs }) => timeMs),
    list,
    colour,
    highest,
  );
}
