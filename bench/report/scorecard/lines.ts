// The lines of the scorecard's table: a row of the comparison is one line, or one for each figure that it measures.

import type { FigureName, Scorecard, ScorecardCell, ScorecardRow } from '../../compare/scorecard.ts';
import type { Summary } from '../../compare/statistics.ts';
import {
  formatBytes,
  formatCores,
  formatCount,
  formatMs,
  formatPercent,
  formatPerMinute,
} from '../format.ts';

/** Lines that belong together under one heading. */
export type Part = 'Throughput' | 'Cost and latency' | 'Promises';

export interface Line {
  readonly row: ScorecardRow;
  readonly part: Part;
  readonly title: string;
  /** What the line shows, small below its title; empty where the title says it all. */
  readonly about: string;
  /** null: a promise, kept or not. */
  readonly figure: FigureName | null;
  readonly better: 'higher' | 'lower';
  readonly format: (value: number) => string;
}

/** More than this share of the machine's time lost to others is marked. */
export const STEAL_PERCENT_MARKED = 2;

const COMMON: readonly Pick<Line, 'title' | 'figure' | 'better' | 'format' | 'about'>[] = [
  {
    title: 'CPU seconds per million',
    about: 'both ends, all their processes',
    figure: 'cpuSecondsPerMillion',
    better: 'lower',
    format: formatCores,
  },
  {
    title: 'written per event',
    about: 'by both ends',
    figure: 'writtenBytesPerEvent',
    better: 'lower',
    format: formatBytes,
  },
  {
    title: 'memory',
    about: 'both ends, at its highest',
    figure: 'memoryBytesMax',
    better: 'lower',
    format: formatBytes,
  },
  {
    title: 'latency p50',
    about: 'from intended send time',
    figure: 'latencyP50Ms',
    better: 'lower',
    format: formatMs,
  },
  { title: 'latency p99', about: '', figure: 'latencyP99Ms', better: 'lower', format: formatMs },
  { title: 'latency p99.9', about: '', figure: 'latencyP999Ms', better: 'lower', format: formatMs },
  { title: 'latency max', about: '', figure: 'latencyMaxMs', better: 'lower', format: formatMs },
];
const PARTS: readonly Part[] = ['Throughput', 'Cost and latency', 'Promises'];

/** In the order of the parts, and within a part in that of the comparison. */
export function linesOf({ rows }: Pick<Scorecard, 'rows'>): readonly Line[] {
  const lines = rows.flatMap((row): Line[] => {
    if (row.kind === 'common') return COMMON.map((line) => ({ ...line, row, part: 'Cost and latency' }));
    const { title, about, kind } = row;
    const isRate = kind === 'sustained' || kind === 'flood';
    const part = isRate || kind === 'held' ? 'Throughput' : 'Promises';
    const figure = isRate ? 'ratePerMinute' : null;
    return [{ row, part, title, about, figure, better: 'higher', format: formatPerMinute }];
  });
  return PARTS.flatMap((part) => lines.filter((line) => line.part === part));
}

/** Of a part whose lines are all of one row: at which rate everybody was run. */
export function partText({ rows }: Scorecard, part: Part): string {
  if (part !== 'Cost and latency') return part;
  const offered = rows.find(({ kind }) => kind === 'common')?.offered;
  return typeof offered === 'string' ? `${part} at ${offered}, which every tool here sustains` : part;
}

export function cellAt({ cells }: Scorecard, row: string, column: string): ScorecardCell | null {
  return cells.find((cell) => cell.row === row && cell.column === column) ?? null;
}

export interface CellText {
  readonly main: string;
  /** What stands small below it. */
  readonly below: readonly string[];
  /** What a reader must be warned of. */
  readonly marks: readonly string[];
}

export function cellText(line: Line, cell: ScorecardCell): CellText {
  const { state, why } = cell;
  const marks = marksOf(line, cell);
  if (state === 'n/a' || state === 'not run' || state === 'pending')
    return { main: state, below: [], marks: [] };
  if (line.row.kind === 'fidelity' && cell.evidence === null && why.every((text) => text.includes(': '))) {
    const altered = why.map((text) => text.split(':')[0] ?? '');
    return { main: state === 'pass' ? 'all kept' : state, below: altered, marks };
  }
  const summary = line.figure === null ? undefined : cell.figures[line.figure];
  if (line.figure === null || summary === undefined) {
    // Where everybody has the same rate, the row says it.
    const rate = cell.rate === null || line.row.offered !== null ? [] : [`at ${cell.rate}`];
    const reached = reachedOf(line, cell);
    const cause = reached.length > 0 ? damageText(cell) : causeOf(cell);
    return { main: state, below: [...cause, ...reached, ...rate], marks };
  }
  const range = summary.runs > 1 ? [rangeText(line, summary)] : [];
  const below = [...range, ...(state === 'pass' ? [] : [state, ...causeOf(cell)])];
  return { main: line.format(summary.median), below, marks };
}

/** Without the unit, where all have the same. */
function rangeText({ format }: Line, { low, median, high }: Summary): string {
  const texts = [low, median, high].map(format);
  const units = new Set(texts.map((text) => text.split(' ')[1] ?? ''));
  const [from = '', , to = ''] = units.size === 1 ? texts.map((text) => text.split(' ')[0]) : texts;
  return `${from} to ${to}`;
}

/** Damage by its counts; of a cell that failed without any, the first reason. */
function causeOf(cell: ScorecardCell): readonly string[] {
  const damage = damageText(cell);
  if (damage.length > 0 || cell.state === 'pass') return damage;
  const [first = ''] = cell.why;
  return first === '' ? [] : [first.split('\n')[0] ?? ''];
}

function damageText({ figures }: ScorecardCell): readonly string[] {
  const sent = figures.sent?.high ?? 0;
  return (['lost', 'duplicated', 'reordered', 'torn', 'foreign'] as const)
    .map((name) => ({ name, count: figures[name]?.high ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => {
      const share = sent > 0 && name === 'lost' ? ` of ${formatCount(sent)}` : '';
      return `${formatCount(count)}${share} ${name}`;
    });
}

/** A rate that was not held: how far it came. */
function reachedOf({ row }: Line, { state, figures }: ScorecardCell): readonly string[] {
  const reached = figures.ratePerMinute;
  return row.kind === 'held' && state === 'fail' && reached !== undefined
    ? [`came to ${formatPerMinute(reached.median)}`]
    : [];
}

function marksOf(line: Line, { figures, stealPercent, runs }: ScorecardCell): readonly string[] {
  const summary = line.figure === null ? undefined : figures[line.figure];
  const ended = runs.passed + runs.failed + runs.invalid;
  return [
    ...(summary?.erratic === true ? ['erratic'] : []),
    ...((stealPercent ?? 0) > STEAL_PERCENT_MARKED ? [`steal ${formatPercent(stealPercent ?? 0)}`] : []),
    ...(runs.failed > 0 && ended > runs.failed ? [`${runs.failed} of ${ended} runs failed`] : []),
    ...(runs.invalid > 0 && ended > runs.invalid ? [`${runs.invalid} of ${ended} runs invalid`] : []),
  ];
}
