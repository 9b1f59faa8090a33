// The scorecard as Markdown, for a README or a terminal: the same lines as the page's table.

import type { Scorecard } from '../../compare/scorecard.ts';
import { printableLine } from '../printable.ts';
import { cellAt, cellText, type Line, linesOf, rankText } from './lines.ts';

const CLASS = { memory: 'from memory', write: 'after the write', sync: 'after the sync' } as const;

export function renderScorecardMarkdown(card: Scorecard): string {
  const head = ['', ...card.columns.map(({ tool, version }) => `${tool} ${version ?? '(not here)'}`)];
  const classes = ['acknowledges', ...card.columns.map(({ acknowledgedAfter }) => CLASS[acknowledgedAfter])];
  const body = linesOf(card).map((line) => [
    line.title,
    ...card.columns.map(({ id }) => cellLine(card, line, id)),
  ]);
  const table = [head, head.map(() => '---'), classes, ...body].map(tableLine).join('\n');
  return `### ${card.name}, ${card.mode}\n\n${table}\n\n${footnotes(card)
    .map((text) => `- ${text}`)
    .join('\n')}\n`;
}

function cellLine(card: Scorecard, line: Line, column: string): string {
  const cell = cellAt(card, line.row.name, column);
  if (cell === null) return '';
  const { main, below } = cellText(line, cell);
  const rank = rankText(card, line, cell);
  const small = [...below, ...(rank === null ? [] : [rank])];
  const strong = line.figure === null && cell.state === 'pass' ? `**${main}**` : main;
  return small.length === 0 ? strong : `${strong} (${small.join(', ')})`;
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => printableLine(cell).replaceAll('|', '\\|')).join(' | ')} |`;
}

/** What a reader must know to trust the table. */
export function footnotes(card: Scorecard): readonly string[] {
  const steal = Math.max(0, ...card.cells.map(({ stealPercent }) => stealPercent ?? 0));
  const { machine } = card;
  return [
    card.mode === 'quick'
      ? 'Every run once: indicative. `--full` repeats them and gives intervals.'
      : 'Medians; in brackets the interval of the median (of five runs their range). Intervals that meet show no difference.',
    'Ranks and ratios only among tools that acknowledge at the same moment. A rate at which events were lost has no rank.',
    'n/a: the tool does not claim to do it. not run: the tool, or what the run needs, is not on the machine.',
    ...(machine === null
      ? []
      : [
          `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, ${machine.filesystem}; ${card.startedAt}.`,
        ]),
    ...(steal > 2 ? [`The machine lost up to ${steal.toFixed(1)} % of its time to others (steal).`] : []),
    ...(card.complete ? [] : ['Not complete: some runs were not reached.']),
  ];
}
