// The scorecard as Markdown, for a README or a terminal: the same lines as the page's table.

import type { Scorecard } from '../../compare/scorecard.ts';
import { formatPercent } from '../format.ts';
import { printableLine } from '../printable.ts';
import { inGroups } from './classes.ts';
import { cellAt, cellText, type Line, linesOf, partText, STEAL_PERCENT_MARKED } from './lines.ts';
import { rankOf } from './rank.ts';

const CLASS = { memory: 'from memory', write: 'after the write', sync: 'after the sync' } as const;

export function renderScorecardMarkdown(card: Scorecard): string {
  const columns = inGroups(card);
  const head = ['', ...columns.map(({ tool, version }) => `${tool} ${version ?? '(not here)'}`)];
  const classes = ['acknowledges', ...columns.map(({ acknowledgedAfter }) => CLASS[acknowledgedAfter])];
  const lines = linesOf(card);
  const body = lines.flatMap((line, index) => {
    const cells = columns.map(({ id }) => cellLine(card, line, id));
    const row = [line.title, ...cells];
    const isFirst = lines[index - 1]?.part !== line.part;
    return isFirst ? [[`*${partText(card, line.part)}*`, ...columns.map(() => '')], row] : [row];
  });
  const table = [head, head.map(() => '---'), classes, ...body].map(tableLine).join('\n');
  const notes = footnotes(card).map((text) => `- ${text}`);
  return `### ${card.name}, ${card.mode}\n\n${table}\n\n${notes.join('\n')}\n`;
}

function cellLine(card: Scorecard, line: Line, column: string): string {
  const cell = cellAt(card, line.row.name, column);
  if (cell === null) return '';
  const { main, below, marks } = cellText(line, cell);
  const rank = rankOf(card, line, cell);
  const small = [...below, ...(rank === null ? [] : [rank.text]), ...marks];
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
  const hasSearch = card.rows.some(({ kind }) => kind === 'sustained');
  return [
    card.mode === 'quick'
      ? 'Every run once: indicative. `--full` repeats them and gives intervals and ranks.'
      : 'Medians, with the interval of the median below (of five runs: their range). Where intervals meet there is no difference to be seen.',
    ...(hasSearch && card.mode === 'full'
      ? [
          'A sustained rate was found by steps of a tenth: its interval reaches up to the next step, which was not sustained.',
        ]
      : []),
    'Ranks and ratios stand only among tools that acknowledge at the same moment. A rate at which events were lost has no rank.',
    ...(card.columns.some(({ isLimit }) => isLimit)
      ? [
          'The bare copy (socat) buffers nothing and promises nothing: it is the limit of the path, and not ranked.',
        ]
      : []),
    '1st=: not told apart from others; in brackets the smallest difference that would have shown. erratic: a run lies more than a fifth from the median.',
    'n/a: the tool does not claim to do it. not run: the tool, or what the run needs, is not on the machine. invalid: the rig could not tell.',
    ...(machine === null
      ? []
      : [
          `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, ${machine.filesystem}; ${card.startedAt}.`,
        ]),
    ...(steal > STEAL_PERCENT_MARKED
      ? [
          `The machine lost up to ${formatPercent(steal)} of its time to others (steal) while something was measured.`,
        ]
      : []),
    ...(card.complete ? [] : ['Not complete: some runs were not reached.']),
  ];
}
