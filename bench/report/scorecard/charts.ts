// The scorecard's charts: rates with intervals, cost, latency percentiles, and what an outage did to each tool.

import type { FigureName, Scorecard, ScorecardRow } from '../../compare/scorecard.ts';
import { formatCores, formatMs, formatPerMinute } from '../format.ts';
import { html, type Markup } from '../page/markup.ts';
import { type Bar, barChart } from './bars.ts';
import { CLASS_TEXT, groupsOf, inGroups, labelOf, strokeOf } from './classes.ts';
import { cellAt } from './lines.ts';
import { outageCharts } from './outage.ts';
import { drawPlot, legend, logTicks, type PlotLine } from './plot.ts';

/** Stands for nothing on a logarithmic scale. */
const LATENCY_FLOOR_MS = 0.1;
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
  const at = ({ offered }: ScorecardRow): string => (offered === null ? '' : ` at ${offered}`);
  return html`<section class="card-charts"><h2>Charts</h2>
${rates.map((row) => bars(card, row, 'ratePerMinute', `${row.title}, events a minute`, 'higher', formatPerMinute))}
${common.map((row) => bars(card, row, 'cpuSecondsPerMillion', `CPU seconds per million events${at(row)}`, 'lower', formatCores))}
${common.map((row) => latency(card, row, `Latency percentiles${at(row)}`))}
${outage === undefined ? null : outageCharts(card, outage)}</section>`;
}

function bars(
  card: Scorecard,
  row: ScorecardRow,
  figure: FigureName,
  title: string,
  better: 'higher' | 'lower',
  format: (value: number) => string,
): Markup | null {
  const order = (a: Bar, b: Bar): number => (better === 'higher' ? b.value - a.value : a.value - b.value);
  const groups = groupsOf(card).map((group) => {
    const drawn = group.columns.flatMap((column): Bar[] => {
      const cell = cellAt(card, row.name, column.id);
      const summary = cell?.figures[figure];
      if (cell === null || summary === undefined) return [];
      const spoiled = cell.state !== 'pass';
      const text = `${format(summary.median)}${spoiled ? ` (${cell.state})` : ''}`;
      const { median: value, low, high } = summary;
      const place = { label: labelOf(card, column), stroke: strokeOf(card, column.id) };
      return [{ ...place, value, low, high, text, spoiled }];
    });
    return { title: CLASS_TEXT[group.class], bars: drawn.sort(order) };
  });
  return barChart(title, `${better === 'higher' ? 'More' : 'Less'} is better. ${row.about}`, groups);
}

function latency(card: Scorecard, row: ScorecardRow, title: string): Markup | null {
  const lines = inGroups(card).flatMap((column): PlotLine[] => {
    const figures = cellAt(card, row.name, column.id)?.figures;
    const points = PERCENTILES.flatMap(({ figure }, index) => {
      const value = figures?.[figure]?.median;
      return value === undefined ? [] : [[index, Math.max(LATENCY_FLOOR_MS, value)] as const];
    });
    if (points.length === 0) return [];
    return [{ name: labelOf(card, column), stroke: strokeOf(card, column.id), points, dots: true }];
  });
  if (lines.length === 0) return null;
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const x = { from: -0.3, to: 3.3, ticks: PERCENTILES.map(({ name }, at) => ({ at, text: name })) };
  return html`<figure class="card-chart"><figcaption><strong>${title}</strong> <small>From intended send time to arrival; logarithmic. Less is better.</small></figcaption>
${legend(lines)}${drawPlot(title, { lines, x, y: logTicks(values, formatMs), height: 300 })}</figure>`;
}
