// Tools as columns, grouped by when they acknowledge; throughput, cost and promises as rows.

import type { Scorecard, ScorecardColumn } from '../../compare/scorecard.ts';
import { html, type Markup } from '../page/markup.ts';
import { CLASS_TEXT, groupsOf, inGroups } from './classes.ts';
import { anchorOf, stateClass } from './evidence.ts';
import { cellAt, cellText, type Line, linesOf, type Part, partText } from './lines.ts';
import { rankOf } from './rank.ts';

export function scorecardTable(card: Scorecard): Markup {
  const columns = inGroups(card);
  const lines = linesOf(card);
  const parts = [...new Set(lines.map(({ part }) => part))];
  return html`<div class="card-scroll" tabindex="0"><table class="card-table">
<thead><tr><td></td>${groupsOf(card).map(
    (group) =>
      html`<th class="group" scope="colgroup" colspan="${group.columns.length}"><i class="class ${group.class}">${CLASS_TEXT[group.class]}</i></th>`,
  )}</tr>
<tr><td></td>${columns.map((column) => head(card, column))}</tr></thead>
${parts.map((part) => tablePart(card, columns, part, lines))}
</table></div>`;
}

function head(card: Scorecard, { id, tool, version, durability, isLimit }: ScorecardColumn): Markup {
  const [name, ...configuration] = tool.split(':');
  return html`<th scope="col"${startOf(card, id)}><b>${name ?? tool}</b><span>${[...configuration, durability].join(', ')}</span><span>${version ?? 'not here'}</span>${isLimit ? html`<span>the limit: not ranked</span>` : null}</th>`;
}

/** A stronger line where a class begins. */
function startOf(card: Scorecard, id: string): Markup {
  const isFirst = groupsOf(card).some(({ columns }) => columns[0]?.id === id);
  return isFirst ? html` data-first` : html``;
}

function tablePart(
  card: Scorecard,
  columns: readonly ScorecardColumn[],
  part: Part,
  lines: readonly Line[],
): Markup {
  const own = lines.filter((line) => line.part === part);
  return html`<tbody><tr class="part"><th colspan="${columns.length + 1}"><b class="part-title">${partText(card, part)}</b></th></tr>
${own.map((line) => tableRow(card, columns, line))}</tbody>`;
}

function tableRow(card: Scorecard, columns: readonly ScorecardColumn[], line: Line): Markup {
  const about = line.about === '' ? null : html`<span>${line.about}</span>`;
  return html`<tr><th scope="row">${line.title}${about}</th>${columns.map(({ id }) => tableCell(card, line, id))}</tr>`;
}

function tableCell(card: Scorecard, line: Line, column: string): Markup {
  const cell = cellAt(card, line.row.name, column);
  if (cell === null) return html`<td${startOf(card, column)}></td>`;
  const { main, below, marks } = cellText(line, cell);
  const rank = rankOf(card, line, cell);
  const linked = cell.evidence !== null || cell.why.length > 0;
  const text = linked ? html`<a href="#${anchorOf(cell)}">${main}</a>` : html`${main}`;
  const kind = line.figure === null ? ' promise' : '';
  return html`<td class="${stateClass(cell)}${kind}"${startOf(card, column)}>${text}${below.map((small) => html`<span>${small}</span>`)}${rank === null ? null : html`<span class="rank${rank.isBest ? ' best' : ''}">${rank.text}</span>`}${marks.map((mark) => html`<span class="mark">${mark}</span>`)}</td>`;
}
