// Which charts a run has, and the one span of time that they all show.

import type { NamedSeries, Result, Series } from '../../result.ts';
import type { Chart, ChartPage, Unit } from './chart.ts';
import type { Colours } from './colours.ts';
import { processOrder } from './colours.ts';
import { latencyChart } from './latency-chart.ts';
import type { Fold } from './view.ts';
import { highest, mean, viewOf } from './view.ts';

/** As the reader meets them. */
const ORDER = ['rate', 'latency', 'backlog', 'cpu', 'rss', 'written'];

export function chartPage(result: Result, colours: Colours): ChartPage {
  const start = result.window.startMs;
  const seconds = (ms: number): number => Math.round(ms - start) / 1000;
  const charts = [...SAMPLED.map((each) => sampledChart(each, result, colours)), latencyChart(result)].filter(
    ({ views }) => views.some(({ x, series }) => x.length > 1 && series.length > 0),
  );
  const xs = charts.flatMap(({ views }) => views.flatMap(({ x }) => [x[0] ?? 0, x.at(-1) ?? 0]));
  return {
    eventBytes: result.eventBytes,
    span: [Math.min(0, ...xs), Math.max(seconds(result.window.endMs), ...xs)],
    endAt: seconds(result.window.endMs),
    sentAt: seconds(result.window.sentMs),
    markers: result.events.map(({ timeMs }, index) => ({ x: seconds(timeMs), label: String(index + 1) })),
    charts: charts.sort((a, b) => ORDER.indexOf(a.id) - ORDER.indexOf(b.id)),
  };
}

interface Definition {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly unit: Unit;
  readonly of: 'places' | 'processes';
  readonly fold: Fold;
  readonly pick: (series: Series) => readonly NamedSeries[];
}

const SAMPLED: readonly Definition[] = [
  {
    id: 'rate',
    title: 'Rate per hop',
    explanation: 'What arrived in each event directory; “source” is what the generator wrote.',
    unit: 'eventRate',
    of: 'places',
    fold: mean,
    pick: (series) => series.rateBytes,
  },
  {
    id: 'backlog',
    title: 'Backlog',
    explanation: 'Written into the chain but not yet in this directory.',
    unit: 'backlog',
    of: 'places',
    fold: highest,
    pick: (series) => series.backlogBytes,
  },
  {
    id: 'cpu',
    title: 'CPU',
    explanation: 'Cores used by each process; the rig’s own in grey.',
    unit: 'cores',
    of: 'processes',
    fold: mean,
    pick: (series) => series.cpuCores,
  },
  {
    id: 'rss',
    title: 'Memory',
    explanation: 'Resident set of each process; the rig’s own in grey.',
    unit: 'bytes',
    of: 'processes',
    fold: highest,
    pick: (series) => series.rssBytes,
  },
  {
    id: 'written',
    title: 'Written to disk',
    explanation: 'Bytes each process wrote, per second.',
    unit: 'byteRate',
    of: 'processes',
    fold: mean,
    pick: (series) => series.writtenBytesPerSecond,
  },
];

function sampledChart(definition: Definition, result: Result, colours: Colours): Chart {
  const { id, title, explanation, unit, fold, pick } = definition;
  const ofPlaces = definition.of === 'places';
  const list = ofPlaces ? pick(result.series) : inOrder(pick(result.series), result);
  const colour = ofPlaces ? colours.place : colours.process;
  return {
    id,
    title,
    explanation,
    unit,
    logarithmic: false,
    idle: fold === mean ? 'mean' : 'max',
    views: [viewOf('all', result, result.series.timeMs, list, colour, fold)],
  };
}

/** Processes in the order of the chain; those that are gone before the figures were taken come last. */
function inOrder(list: readonly NamedSeries[], result: Result): readonly NamedSeries[] {
  const names = processOrder(result).map(({ name }) => name);
  const position = ({ name }: NamedSeries): number =>
    names.includes(name) ? names.indexOf(name) : names.length;
  return [...list].sort((a, b) => position(a) - position(b));
}
