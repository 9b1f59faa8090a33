// The table in a few sentences, for who reads no further: made from it, so it claims nothing that the table does not.

import type { Scorecard, ScorecardCell, ScorecardColumn } from '../../compare/scorecard.ts';
import { formatCount, formatPerMinute } from '../format.ts';
import { html, type Markup } from '../page/markup.ts';
import { CLASS_TEXT, groupsOf, inGroups, labelOf } from './classes.ts';
import { cellAt } from './lines.ts';

const SHOWN = 4;
const SEPARATOR = ' · ';

export function glance(card: Scorecard): Markup {
  const facts = [...groupsOf(card).flatMap((group) => fastest(card, group.columns)), ...promises(card)];
  if (facts.length === 0) return html``;
  return html`<section class="card-glance"><h2>At a glance</h2><dl>${facts.map(([what, said]) => html`<dt>${what}</dt><dd>${said}</dd>`)}</dl></section>`;
}

type Fact = readonly [what: string, said: string];

/** The sustained rates of one class, the highest first. */
function fastest(card: Scorecard, columns: readonly ScorecardColumn[]): Fact[] {
  const row = card.rows.find(({ kind }) => kind === 'sustained');
  const [first] = columns;
  if (row === undefined || first === undefined) return [];
  const ranked = columns.filter(({ isLimit }) => !isLimit);
  const rates = ranked.flatMap((column) => {
    const cell = cellAt(card, row.name, column.id);
    const rate = cell?.state === 'pass' ? cell.figures.ratePerMinute : undefined;
    return rate === undefined ? [] : [{ name: labelOf(card, column), rate: rate.median }];
  });
  if (rates.length === 0) return [];
  const sorted = rates.toSorted((a, b) => b.rate - a.rate);
  const said = sorted.map(({ name, rate }) => `${name} ${formatPerMinute(rate)}`).join(SEPARATOR);
  return [[`Sustained without loss, ${CLASS_TEXT[first.acknowledgedAfter]}`, said]];
}

function promises(card: Scorecard): Fact[] {
  const rows = card.rows.filter(({ kind }) => kind === 'fault').map(({ name }) => name);
  const judged = inGroups(card).flatMap((column) => {
    const cells = rows.flatMap((row) => cellAt(card, row, column.id) ?? []);
    const decided = cells.filter(({ state }) => state === 'pass' || state === 'fail');
    return decided.length === 0 ? [] : [{ name: labelOf(card, column), decided }];
  });
  if (judged.length === 0) return [];
  const kept = judged.map(({ name, decided }) => {
    const passed = decided.filter(({ state }) => state === 'pass').length;
    return `${name} ${passed} of ${decided.length}`;
  });
  const losers = judged
    .map(({ name, decided }) => ({ name, lost: mostLost(decided) }))
    .filter(({ lost }) => lost > 0)
    .toSorted((a, b) => b.lost - a.lost);
  const lost = losers.slice(0, SHOWN).map(({ name, lost: events }) => `${name} ${formatCount(events)}`);
  const more = losers.length > SHOWN ? ` · ${losers.length - SHOWN} more` : '';
  return [
    ['Kept under faults, of what it claims', kept.join(SEPARATOR)],
    [
      'Most events lost in one fault',
      lost.length === 0 ? 'none by anybody' : `${lost.join(SEPARATOR)}${more}`,
    ],
  ];
}

function mostLost(cells: readonly ScorecardCell[]): number {
  return Math.max(0, ...cells.map(({ figures }) => figures.lost?.high ?? 0));
}
