// The lines of the scorecard's table: a row of the comparison is one line, or one for each figure that it measures.

import type { FigureName, Scorecard, ScorecardCell, ScorecardRow } from '../../compare/scorecard.ts';
import { differ, type Summary } from '../../compare/statistics.ts';
import { formatBytes, formatCores, formatCount, formatMs, formatPerMinute } from '../format.ts';

export interface Line {
  readonly row: ScorecardRow;
  readonly title: string;
  /** null: a promise, kept or not. */
  readonly figure: FigureName | null;
  readonly better: 'higher' | 'lower';
  readonly format: (value: number) => string;
}

const COMMON: readonly Omit<Line, 'row'>[] = [
  { title: 'CPU s per million', figure: 'cpuSecondsPerMillion', better: 'lower', format: formatCores },
  { title: 'written per event', figure: 'writtenBytesPerEvent', better: 'lower', format: formatBytes },
  { title: 'memory, most', figure: 'rssBytesMax', better: 'lower', format: formatBytes },
  { title: 'latency p50', figure: 'latencyP50Ms', better: 'lower', format: formatMs },
  { title: 'latency p99', figure: 'latencyP99Ms', better: 'lower', format: formatMs },
  { title: 'latency p99.9', figure: 'latencyP999Ms', better: 'lower', format: formatMs },
];

export function linesOf({ rows }: Scorecard): readonly Line[] {
  return rows.flatMap((row): Line[] => {
    if (row.kind === 'common')
      return COMMON.map((line) => ({ ...line, row, title: `${row.title}: ${line.title}` }));
    const isRate = row.kind === 'sustained' || row.kind === 'flood';
    const figure = isRate ? 'ratePerMinute' : null;
    return [{ row, title: row.title, figure, better: 'higher', format: formatPerMinute }];
  });
}

export function cellAt({ cells }: Scorecard, row: string, column: string): ScorecardCell | null {
  return cells.find((cell) => cell.row === row && cell.column === column) ?? null;
}

/** What the cell says, and what stands small below it. */
export function cellText(
  line: Line,
  cell: ScorecardCell,
): { readonly main: string; readonly below: readonly string[] } {
  const summary = line.figure === null ? undefined : cell.figures[line.figure];
  if (cell.state === 'n/a' || cell.state === 'not run' || cell.state === 'pending')
    return { main: cell.state, below: [] };
  if (line.row.kind === 'fidelity') {
    return {
      main: cell.state === 'pass' ? 'all kept' : 'altered',
      below: cell.why.map((text) => text.split(':')[0] ?? ''),
    };
  }
  if (line.figure === null) return { main: cell.state, below: promiseText(cell) };
  if (summary === undefined) return { main: cell.state, below: [] };
  const below = [
    ...(summary.runs > 1 ? [`${line.format(summary.low)} to ${line.format(summary.high)}`] : []),
    ...(summary.erratic ? ['erratic'] : []),
    ...(cell.state === 'pass' ? [] : [cell.state, ...damageText(cell)]),
  ];
  return { main: line.format(summary.median), below };
}

function promiseText(cell: ScorecardCell): readonly string[] {
  return [...damageText(cell), ...(cell.rate === null ? [] : [`at ${cell.rate}`])];
}

function damageText({ figures }: ScorecardCell): readonly string[] {
  return (['lost', 'duplicated', 'reordered', 'torn', 'foreign'] as const)
    .filter((name) => (figures[name]?.high ?? 0) > 0)
    .map((name) => `${formatCount(figures[name]?.high ?? 0)} ${name}`);
}

/**
 * A cell against the best of its durability class: `best`, the ratio to it, or null where nothing may be said: no
 * figure, no other in its class, a run that failed, or a difference that these runs could not show.
 */
export function rankText(card: Scorecard, line: Line, cell: ScorecardCell): string | null {
  const { figure } = line;
  if (figure === null) return null;
  const mine = rankable(cell, figure);
  if (mine === null) return null;
  const peers = card.columns
    .filter(({ acknowledgedAfter }) => acknowledgedAfter === classOf(card, cell))
    .map(({ id }) => cellAt(card, line.row.name, id))
    .map((peer) => (peer === null ? null : rankable(peer, figure)))
    .filter((summary) => summary !== null);
  if (peers.length < 2) return null;
  const best = peers.reduce((a, b) => ((line.better === 'higher') === a.median > b.median ? a : b));
  if (best.median === mine.median) return 'best';
  if (differ(best, mine) === false) return 'no visible difference from the best';
  if (best.median === 0 || mine.median === 0) return null;
  return `${Number((mine.median / best.median).toPrecision(2))}x of the best`;
}

export function classOf({ columns }: Scorecard, { column }: ScorecardCell): string {
  return columns.find(({ id }) => id === column)?.acknowledgedAfter ?? '';
}

/** A rate that lost events is no rate. */
function rankable({ state, figures }: ScorecardCell, figure: FigureName): Summary | null {
  return state === 'pass' ? (figures[figure] ?? null) : null;
}
