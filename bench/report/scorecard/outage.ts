// What the outage of a receiver did to each tool: what arrived, as a share of what was sent at that time, one small chart
// a tool; and how far each fell behind, in seconds of its own load. So tools that met it at different rates compare.

import type { CellEvidence, Scorecard, ScorecardRow } from '../../compare/scorecard.ts';
import { formatPercent } from '../format.ts';
import { html, type Markup } from '../page/markup.ts';
import { inGroups, labelOf, strokeOf } from './classes.ts';
import { stateClass } from './evidence.ts';
import { cellAt } from './lines.ts';
import { drawPlot, legend, linearTicks, type PlotLine, type Shade } from './plot.ts';

/** Catching up goes at many times the load; more than this is cut off. */
const SHARE_MAX = 4;
const SMALL = { width: 420, height: 150 } as const;

interface Shown {
  readonly line: PlotLine;
  readonly backlog: PlotLine;
  readonly state: string;
  readonly css: string;
  readonly lastSecond: number;
}

export function outageCharts(card: Scorecard, row: ScorecardRow): Markup | null {
  const shown = inGroups(card).flatMap((column): Shown[] => {
    const cell = cellAt(card, row.name, column.id);
    const evidence = cell?.evidence ?? null;
    if (cell === null || evidence === null || evidence.offeredBytesPerSecond === null) return [];
    const [arrived, backlog] = [
      pointsOf(evidence, 'arrivedBytesPerSecond', evidence.offeredBytesPerSecond),
      pointsOf(evidence, 'backlogBytes', evidence.offeredBytesPerSecond),
    ];
    if (arrived.length < 2) return [];
    const place = { name: labelOf(card, column), stroke: strokeOf(card, column.id) };
    const lastSecond = arrived.at(-1)?.[0] ?? 0;
    const state = `${cell.state}${cell.rate === null ? '' : ` at ${cell.rate}`}`;
    const line = { ...place, points: arrived.map(([x, y]) => [x, Math.min(SHARE_MAX, y)] as const) };
    return [{ line, backlog: { ...place, points: backlog }, state, css: stateClass(cell), lastSecond }];
  });
  if (shown.length === 0) return null;
  const shades: Shade[] = row.faults.map(({ text, fromMs, toMs }) => ({
    ...{ text, from: fromMs / 1000, to: toMs / 1000 },
  }));
  const seconds = linearTicks(
    Math.max(...shown.map(({ lastSecond }) => lastSecond)),
    (value) => `${value} s`,
  );
  const share = linearTicks(SHARE_MAX, (value) => formatPercent(value * 100));
  const behind = shown.map(({ backlog }) => backlog);
  const most = Math.max(1, ...behind.flatMap(({ points }) => points.map(([, y]) => y)));
  const title = 'Backlog through an outage';
  return html`<figure class="card-chart wide"><figcaption><strong>Delivery through an outage</strong> <small>What arrived as a share of the load, cut off at ${formatPercent(SHARE_MAX * 100)}; the receiver is away where it is shaded. ${row.about}</small></figcaption>
<div class="card-multiples">${shown.map(({ line, state, css }) => html`<div><p><b>${line.name}</b> <span class="state ${css}">${state}</span></p>${drawPlot(`What arrived, ${line.name}`, { lines: [line], x: seconds, y: share, shades, ...SMALL })}</div>`)}</div></figure>
<figure class="card-chart wide"><figcaption><strong>${title}</strong> <small>Written by the generator and not yet at the destination, in seconds of load.</small></figcaption>
${legend(behind)}${drawPlot(title, { lines: behind, x: seconds, y: linearTicks(most, (value) => `${value} s`), shades, width: 1200, height: 300 })}</figure>`;
}

/** Seconds since the first event was due, and the value by the load of one second. */
function pointsOf(
  { timeMs, startMs, arrivedBytesPerSecond, backlogBytes }: CellEvidence,
  pick: 'arrivedBytesPerSecond' | 'backlogBytes',
  load: number,
): (readonly [number, number])[] {
  const values = pick === 'backlogBytes' ? backlogBytes : arrivedBytesPerSecond;
  return timeMs.flatMap((at, index) => {
    const value = values[index] ?? null;
    return value === null || at < startMs
      ? []
      : [[(at - startMs) / 1000, value / Math.max(1, load)] as const];
  });
}
