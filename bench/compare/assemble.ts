// From the outcomes of the cells to the scorecard.

import { FIDELITY_CASES } from '../fidelity/cases.ts';
import type { Fidelity } from '../fidelity/probe.ts';
import type { Result } from '../result.ts';
import type { Column } from './columns.ts';
import type { Comparison, ComparisonRow } from './comparison-file.ts';
import { evidenceOf } from './evidence.ts';
import { absentClaims, type Cell, type Mode, rowsOf } from './schedule.ts';
import {
  FIGURES,
  type FigureName,
  SCORECARD_SCHEMA,
  type Scorecard,
  type ScorecardCell,
  type ScorecardColumn,
} from './scorecard.ts';
import { type Summary, summarise } from './statistics.ts';
import type { Outcome } from './store.ts';

export interface Ended {
  readonly cell: Cell;
  readonly outcome: Outcome;
}

export interface ScorecardParts {
  readonly comparison: Comparison;
  readonly columns: readonly Column[];
  readonly mode: Mode;
  readonly seed: number;
  readonly planned: readonly Cell[];
  readonly ended: readonly Ended[];
  readonly startedAt: string;
  readonly commit: { readonly commit: string; readonly dirty: boolean };
}

export function assemble(parts: ScorecardParts): Scorecard {
  const { comparison, columns, mode, seed, planned, ended, startedAt, commit } = parts;
  const rows = rowsOf(comparison, mode);
  const [first] = resultsOf(ended);
  return {
    schema: SCORECARD_SCHEMA,
    ...{ name: comparison.name, description: comparison.description, mode, seed, startedAt },
    ...commit,
    machine: first?.machine ?? null,
    complete: ended.length === planned.length,
    columns: columns.map(describeColumn),
    rows: rows.map(({ name, title, about, kind, scenario }) => ({ name, title, about, kind, scenario })),
    cells: rows.flatMap((row) => columns.map((column) => cellOf(parts, row, column))),
  };
}

function describeColumn({ id, tool, toolName, found, howToGet, durability }: Column): ScorecardColumn {
  return {
    ...{ id, tool: toolName, summary: tool.summary, howToGet, durability },
    version: found?.version ?? null,
    acknowledgedAfter: tool.features.acknowledgedAfter[durability],
  };
}

function cellOf({ planned, ended }: ScorecardParts, row: ComparisonRow, column: Column): ScorecardCell {
  const empty = { figures: {}, rate: null, eventBytes: null, stealPercent: null, evidence: null };
  const place = { row: row.name, column: column.id };
  const claims = absentClaims(column, row);
  if (claims.length > 0)
    return { ...place, ...empty, state: 'n/a', why: [`it does not claim: ${claims.join(', ')}`] };
  if (column.found === null)
    return { ...place, ...empty, state: 'not run', why: [`not here: ${column.howToGet}`] };
  const isHere = ({ cell }: Ended) => cell.row.name === row.name && cell.column.id === column.id;
  const mine = ended.filter(isHere);
  const notRun = mine.map(({ outcome }) => outcome).find(({ kind }) => kind === 'not run');
  if (notRun?.kind === 'not run') return { ...place, ...empty, state: 'not run', why: [notRun.why] };
  const probe = mine.map(({ outcome }) => outcome).find(({ kind }) => kind === 'fidelity');
  if (probe?.kind === 'fidelity') {
    const why = alterations(probe.fidelity);
    return { ...place, ...empty, state: why.length === 0 ? 'pass' : 'fail', why };
  }
  const results = resultsOf(mine);
  const wanted = planned.filter((cell) => isHere({ cell, outcome: { kind: 'not run', why: '' } })).length;
  if (results.length === 0) return { ...place, ...empty, state: 'pending', why: ['not reached'] };
  const valid = results.filter(({ verdict }) => verdict !== 'invalid');
  const telling = results.find(({ verdict }) => verdict === 'fail') ?? valid[0] ?? results[0];
  return {
    ...place,
    state: stateOf(results),
    why: [
      ...whyOf(results),
      ...(results.length < wanted ? [`${results.length} of ${wanted} runs so far`] : []),
    ],
    figures: figuresOf(valid),
    rate: telling?.rate ?? null,
    eventBytes: telling?.eventBytes ?? null,
    stealPercent: Math.max(...results.map(({ machine }) => machine.stealPercent)),
    evidence: telling === undefined ? null : evidenceOf(telling),
  };
}

function alterations({ cases }: Fidelity): string[] {
  const spoiled = cases
    .filter(({ fate }) => fate !== 'kept')
    .map(({ name, fate, detail }) => `${name}: ${fate} ${detail}`.trimEnd());
  const unsent = FIDELITY_CASES.slice(cases.length).map(({ name }) => `${name}: not sent`);
  return [...spoiled, ...unsent];
}

/** One failure is a failure: a promise is kept every time. A run that went wrong says nothing unless all did. */
function stateOf(results: readonly Result[]): ScorecardCell['state'] {
  if (results.some(({ verdict }) => verdict === 'fail')) return 'fail';
  return results.some(({ verdict }) => verdict === 'pass') ? 'pass' : 'invalid';
}

function whyOf(results: readonly Result[]): readonly string[] {
  return [...new Set(results.flatMap(({ failures }) => failures))];
}

function resultsOf(ended: readonly Ended[]): readonly Result[] {
  return ended.flatMap(({ outcome }) => (outcome.kind === 'result' ? [outcome.result] : []));
}

function figuresOf(results: readonly Result[]): Readonly<Partial<Record<FigureName, Summary>>> {
  const figures: Partial<Record<FigureName, Summary>> = {};
  for (const name of FIGURES) {
    const values = results.map((result) => figureOf(result, name)).filter((value) => value !== null);
    if (values.length > 0) figures[name] = summarise(values);
  }
  return figures;
}

const worst = (result: Result, count: (destination: Result['destinations'][number]) => number): number =>
  Math.max(0, ...result.destinations.map(count));

const FIGURE: Readonly<Record<FigureName, (result: Result) => number | null>> = {
  ratePerMinute: (result) => result.ratePerMinute,
  mbPerSecond: (result) => result.mbPerSecond,
  cpuSecondsPerMillion: (result) => result.cpuSecondsPerMillion,
  writtenBytesPerEvent: (result) => writtenBytes(result) / Math.max(1, result.sent),
  rssBytesMax: (result) => result.rssBytesMax,
  latencyP50Ms: (result) => result.latencyMs?.p50 ?? null,
  latencyP99Ms: (result) => result.latencyMs?.p99 ?? null,
  latencyP999Ms: (result) => result.latencyMs?.p999 ?? null,
  latencyMaxMs: (result) => result.latencyMs?.max ?? null,
  drainMs: ({ window }) => Math.max(0, window.endMs - window.sentMs),
  lost: (result) => worst(result, ({ lost }) => lost.events),
  duplicated: (result) => worst(result, ({ duplicated }) => duplicated.events),
  reordered: (result) => worst(result, ({ reordered }) => reordered.events),
  torn: (result) => worst(result, ({ torn }) => torn),
  foreign: (result) => worst(result, ({ foreign }) => foreign),
};

function figureOf(result: Result, name: FigureName): number | null {
  return FIGURE[name](result);
}

function writtenBytes({ processes }: Result): number {
  return processes
    .filter(({ group }) => group === 'tool')
    .reduce((sum, { writtenBytes: bytes }) => sum + bytes, 0);
}
