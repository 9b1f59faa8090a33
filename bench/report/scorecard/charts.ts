// The scorecard's charts: rates with intervals, cost, latency percentiles, and what an outage did to each tool.

import type { FigureName, Scorecard, ScorecardRow } from '../../compare/scorecard.ts';
import { formatBytes, formatCores, formatMs, formatPerMinute } from '../format.ts';
import { html, type Markup } from '../page/markup.ts';
import { type Bar, barChart } from './bars.ts';
import { cellAt } from './lines.ts';
import { drawPlot, legend, linearTicks, logTicks, type PlotLine } from './plot.ts';

const HUES = 8;
const PERCENTILES = [
  { name: 'p50', figure: 'latencyP50Ms' },
  { name: 'p99', figure: 'latencyP99Ms' },
  { name: 'p99.9', figure: 'latencyP999Ms' },
  { name: 'max', figure: 'latencyMaxMs' },
] as const;

export function scorecardCharts(card: Scorecard): Markup {
  const rates = card.rows.filter(({ kind }) => kind === 'sustained' || kind === 'flood');
  const common = card.rows.filter(({ kind }) => kind === 'common');
  const outage = card.rows.find(({ kind, name }) => kind === 'fault' && name === 'backpressure');
  return html`<section class="card-charts"><h2>Charts</h2>
${rates.map((row) => bars(card, row, 'ratePerMinute', `${row.title}, events a minute`, formatPerMinute))}
${common.map((row) => bars(card, row, 'cpuSecondsPerMillion', `CPU seconds per million events (${row.title.toLowerCase()})`, formatCores))}
${common.map((row) => latency(card, row))}
${outage === undefined ? null : outageCharts(card, outage)}</section>`;
}

export function colourOf({ columns }: Scorecard, id: string): string {
  return `c${
    Math.max(
      0,
      columns.findIndex((column) => column.id === id),
    ) % HUES
  }`;
}

function bars(
  card: Scorecard,
  row: ScorecardRow,
  figure: FigureName,
  title: string,
  format: (value: number) => string,
): Markup | null {
  const drawn = card.columns.flatMap(({ id }): Bar[] => {
    const cell = cellAt(card, row.name, id);
    const summary = cell?.figures[figure];
    if (cell === null || summary === undefined) return [];
    const spoiled = cell.state !== 'pass';
    const text = `${format(summary.median)}${spoiled ? ` (${cell.state})` : ''}`;
    const { median: value, low, high } = summary;
    return [{ label: id, value, low, high, text, colour: colourOf(card, id), spoiled }];
  });
  return barChart(title, row.about, drawn);
}

function latency(card: Scorecard, row: ScorecardRow): Markup | null {
  const lines = card.columns.flatMap(({ id }): PlotLine[] => {
    const figures = cellAt(card, row.name, id)?.figures;
    const points = PERCENTILES.flatMap(({ figure }, index) => {
      const value = figures?.[figure]?.median;
      return value === undefined ? [] : [[index, Math.max(0.1, value)] as const];
    });
    return points.length === 0 ? [] : [{ name: id, colour: colourOf(card, id), points, dots: true }];
  });
  if (lines.length === 0) return null;
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const x = { from: -0.3, to: 3.3, ticks: PERCENTILES.map(({ name }, at) => ({ at, text: name })) };
  const title = `Latency percentiles, ${row.title.toLowerCase()}`;
  return html`<figure class="card-chart"><figcaption><strong>${title}</strong> <small>From intended send time to arrival; logarithmic.</small></figcaption>
${legend(lines)}${drawPlot(title, { lines, x, y: logTicks(values, formatMs) })}</figure>`;
}

function outageCharts(card: Scorecard, row: ScorecardRow): Markup | null {
  const shown = card.columns.flatMap(({ id }) => {
    const evidence = cellAt(card, row.name, id)?.evidence ?? null;
    return evidence === null || evidence.timeMs.length < 2 ? [] : [{ id, evidence }];
  });
  if (shown.length === 0) return null;
  const of = (pick: 'arrivedBytesPerSecond' | 'backlogBytes'): PlotLine[] =>
    shown.map(({ id, evidence }) => ({
      name: id,
      colour: colourOf(card, id),
      points: evidence.timeMs.flatMap((timeMs, index) => {
        const value = evidence[pick][index] ?? null;
        return value === null || timeMs < evidence.startMs
          ? []
          : [[(timeMs - evidence.startMs) / 1000, value] as const];
      }),
    }));
  const most = (lines: readonly PlotLine[], axis: 0 | 1) =>
    Math.max(1, ...lines.flatMap(({ points }) => points.map((point) => point[axis])));
  const draw = (title: string, about: string, lines: readonly PlotLine[], unit: (value: number) => string) =>
    html`<figure class="card-chart"><figcaption><strong>${title}</strong> <small>${about}</small></figcaption>
${legend(lines)}${drawPlot(title, { lines, x: linearTicks(most(lines, 0), (value) => `${value} s`), y: linearTicks(most(lines, 1), unit) })}</figure>`;
  return html`${draw('Delivery through an outage', row.about, of('arrivedBytesPerSecond'), (value) => `${formatBytes(value)}/s`)}
${draw('Backlog through an outage', 'Written by the generator and not yet at the destination.', of('backlogBytes'), formatBytes)}`;
}
