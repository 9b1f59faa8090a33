// Behind each cell: why, the timeline with what was broken, the ranges lost, the configuration in force. Sections of
// the same page, reached by a link and closed until then.

import type { CellEvidence, Scorecard, ScorecardCell } from '../../compare/scorecard.ts';
import { formatBytes, formatCount } from '../format.ts';
import { html, type Markup } from '../page/markup.ts';
import { colourOf } from './charts.ts';
import { drawPlot, linearTicks } from './plot.ts';

const WHY_MAX = 8;

export function anchorOf({ row, column }: Pick<ScorecardCell, 'row' | 'column'>): string {
  return `cell-${row}-${column}`;
}

export function evidenceSections(card: Scorecard): Markup {
  const cells = card.cells.filter(({ evidence, why }) => evidence !== null || why.length > 0);
  return html`<section><h2>Evidence</h2><p class="muted">One entry a cell; the table links here.</p>
${cells.map((cell) => section(card, cell))}</section>`;
}

function section(card: Scorecard, cell: ScorecardCell): Markup {
  const row = card.rows.find(({ name }) => name === cell.row);
  const more = cell.why.length - WHY_MAX;
  return html`<details class="card-evidence" id="${anchorOf(cell)}"><summary><b class="state ${stateClass(cell)}">${cell.state}</b> ${row?.title ?? cell.row}: ${cell.column}${cell.rate === null ? null : html` <span class="muted">at ${cell.rate}</span>`}</summary>
${cell.why.length === 0 ? null : html`<ul class="why">${cell.why.slice(0, WHY_MAX).map((text) => html`<li>${text}</li>`)}${more > 0 ? html`<li>and ${formatCount(more)} more</li>` : null}</ul>`}
${cell.evidence === null ? null : details(card, cell, cell.evidence)}</details>`;
}

export function stateClass({ state }: Pick<ScorecardCell, 'state'>): string {
  return state.replace(/[^a-z]/g, '');
}

function details(card: Scorecard, cell: ScorecardCell, evidence: CellEvidence): Markup {
  return html`${timeline(card, cell, evidence)}
${evidence.events.length === 0 ? null : html`<ol class="happened">${evidence.events.map(({ timeMs, text }) => html`<li><span>${((timeMs - evidence.startMs) / 1000).toFixed(1)} s</span> ${text}</li>`)}</ol>`}
${evidence.lost.map(({ destination, ranges }) => html`<p>Lost at ${destination}: ${ranges.join('; ')}</p>`)}
${evidence.notes.map((note) => html`<p class="muted">${note}</p>`)}
<p class="muted">seed ${String(evidence.seed)}</p>
${evidence.configuration.map(({ file, text }) => html`<details><summary>${file}</summary><pre>${text}</pre></details>`)}`;
}

function timeline(card: Scorecard, cell: ScorecardCell, evidence: CellEvidence): Markup | null {
  const { timeMs, arrivedBytesPerSecond, startMs, events } = evidence;
  const points = timeMs.flatMap((at, index) => {
    const value = arrivedBytesPerSecond[index] ?? null;
    return value === null || at < startMs ? [] : [[(at - startMs) / 1000, value] as const];
  });
  if (points.length < 2) return null;
  const most = (axis: 0 | 1): number => Math.max(1, ...points.map((point) => point[axis]));
  const marks = events.map(({ timeMs: at }) => (at - startMs) / 1000);
  return drawPlot(`What arrived, ${cell.column}`, {
    lines: [{ name: cell.column, colour: colourOf(card, cell.column), points }],
    x: linearTicks(most(0), (value) => `${value} s`),
    y: linearTicks(most(1), (value) => `${formatBytes(value)}/s`),
    shades: marks.map((at) => [at, at + most(0) / 400] as const),
    height: 150,
  });
}
