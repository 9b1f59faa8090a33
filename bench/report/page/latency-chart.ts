// Latency percentiles over time: of every destination, and of the slowest at each moment.

import type { Result } from '../../result.ts';
import { formatMs } from '../format.ts';
import type { Chart, View } from './chart.ts';
import type { Stroke } from './colours.ts';
import { highest, viewOf } from './view.ts';

/** Stands for nothing on a logarithmic scale. */
const LATENCY_FLOOR_MS = 0.1;
/** A point sums up the second that begins at its time, and stands in its middle. */
const SECOND_MS = 1000;

const PERCENTILES = [
  { key: 'p50', name: 'p50', stroke: { colour: 'l0', dash: 0 } },
  { key: 'p99', name: 'p99', stroke: { colour: 'l1', dash: 0 } },
  { key: 'max', name: 'max', stroke: { colour: 'l2', dash: 0 } },
] as const;

type LatencyPoint = Result['destinations'][number]['latencySeries'][number];

export function latencyChart(result: Result): Chart {
  const measured = result.destinations.filter(({ latencySeries }) => latencySeries.length > 1);
  const views = measured.map(({ name, latencySeries }) => latencyView(name, result, latencySeries));
  if (measured.length > 1) views.unshift(latencyView('slowest', result, slowest(measured)));
  return {
    id: 'latency',
    title: 'Latency',
    explanation: `From intended send time to arrival, by the second in which the events were due. Logarithmic.${between(result)}`,
    unit: 'latency',
    logarithmic: true,
    idle: 'max',
    views,
  };
}

function between({ latencyMs }: Result): string {
  const bound = latencyMs?.clockBoundMs;
  return bound === undefined ? '' : ` Between machines: clocks ±${formatMs(bound)}.`;
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
  return viewOf(
    label,
    result,
    points.map(({ timeMs }) => timeMs + SECOND_MS / 2),
    list,
    colour,
    highest,
  );
}
