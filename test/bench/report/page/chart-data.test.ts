import test from 'ava';
import { chartPage } from '../../../../bench/report/page/chart-data.ts';
import { assignColours } from '../../../../bench/report/page/colours.ts';
import { POINTS_MAX } from '../../../../bench/report/page/view.ts';
import type { Result } from '../../../../bench/result.ts';
import { passingResult, START_MS } from '../fixture.ts';

const page = (result: Result) => chartPage(result, assignColours(result));
const chart = (result: Result, id: string) => page(result).charts.find((each) => each.id === id);

function withSamples(count: number, everyMs: number, value: (index: number) => number | null): Result {
  const base = passingResult();
  const values = Array.from({ length: count }, (_, index) => value(index));
  const series = [{ name: 'instance2', values }];
  return {
    ...base,
    series: {
      ...base.series,
      timeMs: values.map((_, index) => START_MS + index * everyMs),
      rateBytes: series,
      backlogBytes: series,
    },
  };
}

test('a day of samples is thinned, and no peak of the backlog is lost', (t) => {
  const result = withSamples(345_600, 250, (index) => (index === 200_001 ? 9e9 : 1000));
  const view = chart(result, 'backlog')?.views[0];
  t.true((view?.x.length ?? 0) <= POINTS_MAX);
  t.is(Math.max(...(view?.series[0]?.values ?? []).map((value) => value ?? 0)), 9e9);
});

test('thinned rates keep their mean', (t) => {
  const result = withSamples(10_000, 250, (index) => (index % 2 === 0 ? 0 : 200));
  const values = chart(result, 'rate')?.views[0]?.series[0]?.values ?? [];
  for (const value of values.slice(0, -1)) t.true(Math.abs((value ?? 0) - 100) < 15, `${value}`);
});

test('a gap in the samples stays a gap', (t) => {
  const result = withSamples(40, 1000, (index) => (index >= 10 && index < 20 ? null : 5));
  const values = chart(result, 'backlog')?.views[0]?.series[0]?.values ?? [];
  t.is(values[9], 5);
  t.is(values[10], null);
  t.is(values[20], 5);
});

test('a series shorter than the time column is filled with gaps', (t) => {
  const base = withSamples(40, 1000, () => 5);
  const result = { ...base, series: { ...base.series, backlogBytes: [{ name: 'x', values: [1, 2, 3] }] } };
  const view = chart(result, 'backlog')?.views[0];
  t.is(view?.series[0]?.values.length, view?.x.length);
});

test('the slowest destination is the worst of all at every second', (t) => {
  const result = passingResult();
  const views = chart(result, 'latency')?.views ?? [];
  t.deepEqual(
    views.map(({ label }) => label),
    ['slowest', 'a', 'b', 'c'],
  );
  const p99 = views.map(({ series }) => series[1]?.values ?? []);
  for (const [at, worst] of (p99[0] ?? []).entries())
    t.is(worst, Math.max(...p99.slice(1).map((values) => values[at] ?? 0)));
});

test('one destination needs no choice', (t) => {
  t.deepEqual(
    chart(passingResult({ fanOut: [] }), 'latency')?.views.map(({ label }) => label),
    ['instance3'],
  );
});

test('a latency of nothing can stand on a logarithmic scale', (t) => {
  const base = passingResult();
  const destinations = base.destinations.map((destination) => ({
    ...destination,
    latencySeries: destination.latencySeries.map((point) => ({ ...point, p50: 0 })),
  }));
  const p50 = chart({ ...base, destinations }, 'latency')?.views[0]?.series[0]?.values ?? [];
  t.true(p50.every((value) => value !== null && value > 0));
});

test('time is counted from the first event due, and markers are numbered', (t) => {
  const base = passingResult();
  const result = {
    ...base,
    events: [
      { timeMs: START_MS + 1500, text: 'x' },
      { timeMs: START_MS - 500, text: 'y' },
    ],
  };
  t.deepEqual(page(result).markers, [
    { x: 1.5, label: '1' },
    { x: -0.5, label: '2' },
  ]);
  t.is(page(result).sentAt, 60);
});
