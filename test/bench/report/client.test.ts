import test from 'ava';
import { renderReport } from '../../../bench/report/html.ts';
import type { Browser, Figure, Plot } from './browser-stand-in.ts';
import { openPage } from './browser-stand-in.ts';
import { longNamesResult, losingResult, outageResult, passingResult } from './fixture.ts';

const CHARTS = ['rate', 'latency', 'backlog', 'cpu', 'rss', 'written'];

function plotOf(browser: Browser, id: string): Plot {
  const plot = browser.plots.filter(({ destroyed }) => !destroyed)[CHARTS.indexOf(id)];
  if (plot === undefined) throw new Error(`no plot ${id}`);
  return plot;
}

function figureOf(browser: Browser, id: string): Figure {
  const figure = browser.figures.get(`chart-${id}`);
  if (figure === undefined) throw new Error(`no figure ${id}`);
  return figure;
}

test('every chart is drawn, over the same span of time, with one column for each name in its legend', (t) => {
  for (const result of [passingResult(), losingResult(), outageResult(), longNamesResult()]) {
    const browser = openPage(renderReport(result));
    t.is(browser.plots.length, CHARTS.length);
    const spans = browser.plots.map(({ data }) => [data[0]?.[0], data[0]?.at(-1)]);
    for (const span of spans) t.deepEqual(span, spans[0]);
    for (const [index, { data, options }] of browser.plots.entries()) {
      for (const column of data) t.is(column.length, data[0]?.length ?? 0);
      t.is(figureOf(browser, CHARTS[index] ?? '').legend.length, data.length - 1);
      t.is(options.series.length, data.length);
    }
  }
});

test('rates are in events, and in MB on the right', (t) => {
  const plot = plotOf(openPage(renderReport(passingResult())), 'rate');
  const middle = plot.data[1]?.[30] ?? 0;
  t.true(Math.abs(middle - 166_667) < 1000, `${middle}`);
  const [time, left, right] = plot.options.axes;
  t.is(left?.label, 'events/s');
  t.deepEqual(left?.values(plot, [0, 50_000, 100_000]), ['0', '50 k', '100 k']);
  t.is(right?.label, 'MB/s');
  const splits = right?.splits?.({ height: 290 }, 2, 0, 180_000) ?? [];
  t.deepEqual(right?.values(plot, splits), ['0', '5', '10', '15']);
  t.deepEqual(time?.values(plot, [0, 5, 60]), ['0:00', '0:05', '1:00']);
});

test('a legend without cursor sums up, with a cursor it reads the moment', (t) => {
  const browser = openPage(renderReport(passingResult()));
  const plot = plotOf(browser, 'rate');
  const entry = figureOf(browser, 'rate').legend[0];
  t.regex(entry?.output.textContent ?? '', /^mean 16\d k\/s · 1[78]\.\d MB\/s$/);
  plot.legend.idxs = plot.data.map(() => 30);
  for (const hook of plot.options.hooks.setLegend) hook(plot);
  t.regex(entry?.output.textContent ?? '', /^167 k\/s · 18\.3 MB\/s$/);
  plot.legend.idxs = plot.data.map(() => 0);
  for (const hook of plot.options.hooks.setLegend) hook(plot);
  t.is(entry?.output.textContent, '–', 'no sample at the very start');
});

test('a click on a name hides its line, and a redraw keeps it hidden', (t) => {
  const browser = openPage(renderReport(passingResult()));
  figureOf(browser, 'cpu').legend[1]?.click();
  t.is(plotOf(browser, 'cpu').shown.get(2), false);
  browser.fire('beforeprint');
  t.is(plotOf(browser, 'cpu').options.series[2]?.show, false);
  figureOf(browser, 'cpu').legend[1]?.click();
  t.is(plotOf(browser, 'cpu').shown.get(2), true);
});

test('latency is logarithmic in ms and can be shown for each destination', (t) => {
  const browser = openPage(renderReport(passingResult()));
  const { options, data: slowest } = plotOf(browser, 'latency');
  t.is(options.scales.y.distr, 3);
  t.deepEqual(options.axes[1]?.values(null, [10, 20, 100, 1000]), ['10', null, '100', '1,000']);
  const { choice } = figureOf(browser, 'latency');
  t.is(choice.length, 4);
  choice[1]?.click();
  const before = browser.plots.length;
  t.is(before, CHARTS.length + 1, 'only this chart is drawn anew');
  t.is(choice[0]?.getAttribute('aria-pressed'), 'false');
  t.is(choice[1]?.getAttribute('aria-pressed'), 'true');
  const first = browser.plots.at(-1)?.data ?? [];
  for (const [at, value] of (first[2] ?? []).entries()) t.true((value ?? 0) <= (slowest[2]?.[at] ?? 0));
});

test('a linear scale begins at zero, also when nothing happened', (t) => {
  const { range } = plotOf(openPage(renderReport(passingResult())), 'rss').options.scales.y;
  t.deepEqual(range?.(null, 50, 100), [0, 108]);
  t.deepEqual(range?.(null, 0, 0), [0, 1]);
});

test('one thing has one colour in every chart', (t) => {
  const browser = openPage(renderReport(passingResult()));
  const colour = (chart: string, name: string): string | undefined =>
    plotOf(browser, chart).options.series.find(({ label }) => label === name)?.stroke;
  for (const place of ['instance2', 'instance3', 'a', 'b', 'c']) {
    t.is(colour('rate', place), colour('backlog', place));
    for (const chart of ['cpu', 'rss', 'written'])
      t.is(colour(chart, `agent ${place}`), colour('rate', place));
  }
  t.is(colour('rate', 'source'), colour('cpu', 'agent instance1'));
  t.is(colour('cpu', 'generator'), '--g0 of auto');
});

test('paper is light, and the screen comes back as it was', (t) => {
  const browser = openPage(renderReport(passingResult()));
  browser.fire('beforeprint');
  t.is(browser.theme(), 'light');
  t.is(plotOf(browser, 'rate').options.series[1]?.stroke, '--c0 of light');
  browser.fire('afterprint');
  t.is(browser.theme(), undefined);
  t.is(plotOf(browser, 'rate').options.series[1]?.stroke, '--c0 of auto');
});
