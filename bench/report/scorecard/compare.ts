// Two scorecards or more, side by side: what changed since the first, figure by figure, where repeated runs can show
// it. With single runs only promises are judged.

import type { Scorecard, ScorecardCell } from '../../compare/scorecard.ts';
import { differ, visibleShare } from '../../compare/statistics.ts';
import { formatPercent } from '../format.ts';
import { columns } from '../terminal.ts';
import { cellAt, cellText, type Line, linesOf } from './lines.ts';

export interface ScorecardComparison {
  readonly text: string;
  /** Cells of a later card that are worse than those of the first. */
  readonly worse: number;
}

export function compareScorecards(cards: readonly Scorecard[]): ScorecardComparison {
  const [first, ...others] = cards;
  if (first === undefined) return { text: 'nothing to compare: no scorecards were given\n', worse: 0 };
  const rows = linesOf(first).flatMap((line) =>
    first.columns.map(({ id }) => ({ line, id, cell: cellAt(first, line.row.name, id) })),
  );
  let worse = 0;
  const table = rows.flatMap(({ line, id, cell }) => {
    if (cell === null) return [];
    const judged = others.map((other) => {
      const peer = cellAt(other, line.row.name, id);
      if (peer === null) return 'not there';
      const said = judge(line, cell, peer);
      if (said.startsWith('worse')) worse += 1;
      return `${cellText(line, peer).main}  ${said}`.trimEnd();
    });
    return [[`${line.title}, ${id}`, cellText(line, cell).main, ...judged]];
  });
  const head = [
    '',
    ...cards.map(({ commit, mode }, index) => `card ${index + 1} (${commit.slice(0, 10)}, ${mode})`),
  ];
  return { text: `${columns([head, ...table], 'left', '   ').join('\n')}\n`, worse };
}

/** `better`, `worse`, or what else can be said; the smallest change that would have shown where none does. */
function judge(line: Line, before: ScorecardCell, after: ScorecardCell): string {
  const states = [before.state, after.state];
  if (before.state !== after.state) {
    if (states.every((state) => state === 'pass' || state === 'fail')) {
      return after.state === 'pass' ? 'better' : 'worse';
    }
    return 'cannot be compared';
  }
  if (line.figure === null) return '';
  const [old, now] = [before.figures[line.figure], after.figures[line.figure]];
  if (old === undefined || now === undefined) return '';
  const shows = differ(old, now);
  if (shows === null) return 'single runs: not judged';
  if (!shows) {
    const share = visibleShare(old, now);
    const least = share === null ? '' : ` (${formatPercent(share * 100)} would have shown)`;
    return `no difference that could be seen${least}`;
  }
  return now.median > old.median === (line.better === 'higher') ? 'better' : 'worse';
}
