// Tools as columns, promises and figures as rows; the class of durability stands in each column's head.

import type { Scorecard, ScorecardColumn } from '../../compare/scorecard.ts';
import { html, type Markup } from '../page/markup.ts';
import { anchorOf, stateClass } from './evidence.ts';
import { cellAt, cellText, type Line, linesOf, rankText } from './lines.ts';

const CLASS = {
  memory: 'acknowledged from memory',
  write: 'acknowledged after the write',
  sync: 'acknowledged after the sync',
} as const;

export function scorecardTable(card: Scorecard): Markup {
  return html`<div class="card-scroll"><table class="card-table">
<thead><tr><th></th>${card.columns.map(head)}</tr></thead>
<tbody>${linesOf(card).map((line) => tableRow(card, line))}</tbody>
</table></div>`;
}

function head({ tool, version, acknowledgedAfter, durability }: ScorecardColumn): Markup {
  return html`<th scope="col"><b>${tool}</b><span>${version ?? 'not here'}</span><span>${durability}</span><i class="class ${acknowledgedAfter}">${CLASS[acknowledgedAfter]}</i></th>`;
}

function tableRow(card: Scorecard, line: Line): Markup {
  return html`<tr><th scope="row">${line.title}${line.figure === null || line.row.kind !== 'common' ? html`<span>${line.row.about}</span>` : null}</th>${card.columns.map(({ id }) => tableCell(card, line, id))}</tr>`;
}

function tableCell(card: Scorecard, line: Line, column: string): Markup {
  const cell = cellAt(card, line.row.name, column);
  if (cell === null) return html`<td></td>`;
  const { main, below } = cellText(line, cell);
  const rank = rankText(card, line, cell);
  const linked = cell.evidence !== null || cell.why.length > 0;
  const text = linked ? html`<a href="#${anchorOf(cell)}">${main}</a>` : html`${main}`;
  return html`<td class="${stateClass(cell)}${line.figure === null ? ' promise' : ''}">${text}${below.map((small) => html`<span>${small}</span>`)}${rank === null ? null : html`<span class="rank${rank === 'best' ? ' best' : ''}">${rank}</span>`}</td>`;
}
