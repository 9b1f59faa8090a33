// Behind each cell: why, the timeline with what was broken, the ranges lost, the configuration in force. Sections of
// the same page, reached by a link and closed until then.

import type { CellEvidence, Scorecard, ScorecardCell, ScorecardRow } from '../../compare/scorecard.ts';
import { formatBytes, formatCount } from '../format.ts';
import { html, type Markup } from '../page/markup.ts';
import { inGroups, labelOf, strokeOf } from './classes.ts';
import { cellAt } from './lines.ts';
import { drawPlot, linearTicks, type Shade } from './plot.ts';

const WHY_MAX = 8;

export function anchorOf({ row, column }: Pick<ScorecardCell, 'row' | 'column'>): string {
  return `cell-${row}-${column}`;
}

export function evidenceSections(card: Scorecard): Markup {
  return html`<section class="card-proofs"><h2>Evidence</h2><p class="muted">One entry for each cell of the table, which links here: why, what happened when, what was lost, and the configuration that was in force.</p>
${card.rows.map((row) => rowSections(card, row))}</section>`;
}

function rowSections(card: Scorecard, row: ScorecardRow): Markup | null {
  const cells = inGroups(card)
    .flatMap(({ id }) => cellAt(card, row.name, id) ?? [])
    .filter(({ evidence, why }) => evidence !== null || why.length > 0);
  if (cells.length === 0) return null;
  return html`<h3>${row.title}</h3>${cells.map((cell) => section(card, row, cell))}`;
}

function section(card: Scorecard, row: ScorecardRow, cell: ScorecardCell): Markup {
  const more = cell.why.length - WHY_MAX;
  const column = card.columns.find(({ id }) => id === cell.column);
  const name = column === undefined ? cell.column : labelOf(card, column);
  return html`<details class="card-evidence" id="${anchorOf(cell)}"><summary><b class="state ${stateClass(cell)}">${cell.state}</b> ${name}${cell.rate === null ? null : html` <span class="muted">at ${cell.rate}</span>`}</summary>
${cell.why.length === 0 ? null : html`<ul class="why">${cell.why.slice(0, WHY_MAX).map((text) => html`<li>${text}</li>`)}${more > 0 ? html`<li>and ${formatCount(more)} more</li>` : null}</ul>`}
${cell.evidence === null ? null : details(card, row, cell, cell.evidence)}</details>`;
}

export function stateClass({ state }: Pick<ScorecardCell, 'state'>): string {
  return state.replace(/[^a-z]/g, '');
}

function details(card: Scorecard, row: ScorecardRow, cell: ScorecardCell, evidence: CellEvidence): Markup {
  const { passed, failed, invalid } = cell.runs;
  const runs = `of ${passed + failed + invalid} run${passed + failed + invalid === 1 ? '' : 's'}`;
  return html`<p class="muted">The run shown, ${runs}, has the seed ${String(evidence.seed)}.</p>
${timeline(card, row, cell, evidence)}
${evidence.events.length === 0 ? null : html`<ol class="happened">${evidence.events.map(({ timeMs, text }) => html`<li><span>${((timeMs - evidence.startMs) / 1000).toFixed(1)} s</span> ${text}</li>`)}</ol>`}
${evidence.lost.map(({ destination, ranges }) => html`<p>Lost at ${destination}: ${ranges.join('; ')}</p>`)}
${evidence.notes.map((note) => html`<p class="muted">${note}</p>`)}
${evidence.configuration.map(({ file, text }) => html`<details><summary>${file}</summary><pre>${text}</pre></details>`)}`;
}

function timeline(
  card: Scorecard,
  row: ScorecardRow,
  cell: ScorecardCell,
  evidence: CellEvidence,
): Markup | null {
  const { timeMs, arrivedBytesPerSecond, startMs, events } = evidence;
  const points = timeMs.flatMap((at, index) => {
    const value = arrivedBytesPerSecond[index] ?? null;
    return value === null || at < startMs ? [] : [[(at - startMs) / 1000, value] as const];
  });
  if (points.length < 2) return null;
  const most = (axis: 0 | 1): number => Math.max(1, ...points.map((point) => point[axis]));
  const spans = row.faults.map(({ text, fromMs, toMs }) => ({ text, from: fromMs / 1000, to: toMs / 1000 }));
  const marks = events.map(({ timeMs: at, text }): Shade => {
    const second = (at - startMs) / 1000;
    return { text, from: second, to: second };
  });
  return html`<p class="plot-title">What arrived${spans.length > 0 ? '; shaded: what was broken on purpose' : ''}</p>${drawPlot(
    `What arrived, ${cell.column}`,
    {
      lines: [{ name: cell.column, stroke: strokeOf(card, cell.column), points }],
      x: linearTicks(most(0), (value) => `${value} s`),
      y: linearTicks(most(1), (value) => `${formatBytes(value)}/s`),
      shades: [...spans, ...marks],
      height: 150,
    },
  )}`;
}
