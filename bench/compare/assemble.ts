// From the outcomes of the cells to the scorecard.

import { FIDELITY_CASES } from '../fidelity/cases.ts';
import type { Fidelity } from '../fidelity/probe.ts';
import type { Result } from '../result.ts';
import type { Column } from './columns.ts';
import type { Comparison, ComparisonRow } from './comparison-file.ts';
import { evidenceOf } from './evidence.ts';
import { SEARCH } from './execute.ts';
import { figuresOf } from './figures.ts';
import { absentClaims, type Cell, type Mode, rowsOf } from './schedule.ts';
import {
  type CellRuns,
  SCORECARD_SCHEMA,
  type Scorecard,
  type ScorecardCell,
  type ScorecardColumn,
  type ScorecardRow,
} from './scorecard.ts';
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
  const results = resultsOf(ended.map(({ outcome }) => outcome));
  const [first] = results;
  return {
    schema: SCORECARD_SCHEMA,
    ...{ name: comparison.name, description: comparison.description, mode, seed },
    // One that was cut short began when its first run did.
    startedAt: results.map((result) => result.startedAt).sort()[0] ?? startedAt,
    ...commit,
    machine: first?.machine ?? null,
    complete: ended.length === planned.length,
    columns: columns.map(describeColumn),
    rows: rows.map((row) => describeRow(parts, row)),
    cells: rows.flatMap((row) => columns.map((column) => cellOf(parts, row, column))),
  };
}

function describeColumn({ id, tool, toolName, found, howToGet, durability }: Column): ScorecardColumn {
  return {
    ...{ id, tool: toolName, summary: tool.summary, howToGet, durability },
    version: found?.version ?? null,
    acknowledgedAfter: tool.features.acknowledgedAfter[durability],
    isLimit: !tool.features.acknowledges && !tool.features.buffersOnDisk,
  };
}

function describeRow({ ended, mode }: ScorecardParts, row: ComparisonRow): ScorecardRow {
  const { name, title, about, kind, scenario, file } = row;
  const mine = ended.filter(({ cell }) => cell.row.name === name).map(({ outcome }) => outcome);
  const rates = [...new Set(resultsOf(mine).map(({ rate }) => rate))];
  const isOffered = kind === 'common' || kind === 'held';
  const steps = (mode === 'quick' ? file.scenario.quick.steps : undefined) ?? file.scenario.steps;
  return {
    ...{ name, title, about, kind, scenario },
    offered: isOffered && rates.length > 0 ? rates.join(', ') : null,
    faults: steps.map((step) => ({
      text: `${step.do} ${step.target}`,
      fromMs: step.at,
      toMs: step.at + ('lasts' in step ? (step.lasts ?? 0) : 0),
    })),
  };
}

function cellOf(parts: ScorecardParts, row: ComparisonRow, column: Column): ScorecardCell {
  const isMine = ({ row: { name }, column: { id } }: Cell) => name === row.name && id === column.id;
  const planned = parts.planned.filter(isMine).length;
  const outcomes = parts.ended.filter(({ cell }) => isMine(cell)).map(({ outcome }) => outcome);
  const place = { row: row.name, column: column.id };
  const without = (state: ScorecardCell['state'], why: readonly string[]): ScorecardCell => ({
    ...place,
    ...{ state, why, figures: {}, rate: null, eventBytes: null, stealPercent: null, evidence: null },
    runs: { ...runsOf(outcomes), planned },
  });
  const claims = absentClaims(column, row);
  if (claims.length > 0) return without('n/a', [`it does not claim: ${claims.join(', ')}`]);
  if (column.found === null) return without('not run', [`not here: ${column.howToGet}`]);
  const probe = outcomes.find((outcome) => outcome.kind === 'fidelity');
  if (probe !== undefined) {
    const why = alterations(probe.fidelity);
    return without(why.length === 0 ? 'pass' : 'fail', why);
  }
  const results = resultsOf(outcomes);
  const said = outcomes.flatMap((outcome) => ('why' in outcome ? [outcome.why] : []));
  const kinds = outcomes.map(({ kind }) => kind);
  if (outcomes.length === 0) return without('pending', ['not reached']);
  if (results.length === 0) {
    if (kinds.includes('failed')) return without('fail', unique(said));
    return without(kinds.includes('not run') ? 'not run' : 'invalid', unique(said));
  }
  return { ...without('invalid', []), ...measured(results, outcomes, planned, row, parts.mode) };
}

function measured(
  results: readonly Result[],
  outcomes: readonly Outcome[],
  planned: number,
  row: ComparisonRow,
  mode: Mode,
): Partial<ScorecardCell> {
  const runs = { ...runsOf(outcomes), planned };
  const valid = results.filter(({ verdict }) => verdict !== 'invalid');
  const telling = results.find(({ verdict }) => verdict === 'fail') ?? valid[0] ?? results[0];
  const failures = results.flatMap((result) => result.failures);
  const said = outcomes.flatMap((outcome) => ('why' in outcome ? [outcome.why] : []));
  const resolution = row.kind === 'sustained' ? SEARCH[mode].precision : 0;
  return {
    runs,
    state: stateOf(runs),
    why: [...unique([...failures, ...said]), ...runsText(runs)],
    figures: figuresOf(valid, resolution),
    rate: telling?.rate ?? null,
    eventBytes: telling?.eventBytes ?? null,
    stealPercent: Math.max(...results.map(({ machine }) => machine.stealPercent)),
    evidence: telling === undefined ? null : evidenceOf(telling),
  };
}

function runsOf(outcomes: readonly Outcome[]): Omit<CellRuns, 'planned'> {
  const count = (verdict: Result['verdict']) =>
    resultsOf(outcomes).filter((result) => result.verdict === verdict).length;
  const failedAtOnce = outcomes.filter(({ kind }) => kind === 'failed').length;
  const broken = outcomes.filter(({ kind }) => kind === 'error').length;
  return { passed: count('pass'), failed: count('fail') + failedAtOnce, invalid: count('invalid') + broken };
}

function runsText({ passed, failed, invalid, planned }: CellRuns): string[] {
  const ended = passed + failed + invalid;
  return [
    ...(failed > 0 && ended > 1 ? [`${failed} of ${ended} runs failed`] : []),
    ...(invalid > 0 && ended > 1 ? [`${invalid} of ${ended} runs were invalid and are left out`] : []),
    ...(ended < planned ? [`${ended} of ${planned} runs so far`] : []),
  ];
}

function alterations({ cases }: Fidelity): string[] {
  const spoiled = cases
    .filter(({ fate }) => fate !== 'kept')
    .map(({ name, fate, detail }) => `${name}: ${fate} ${detail}`.trimEnd());
  const unsent = FIDELITY_CASES.slice(cases.length).map(({ name }) => `${name}: not sent`);
  return [...spoiled, ...unsent];
}

/** One failure is a failure: a promise is kept every time. A run that went wrong says nothing unless all did. */
function stateOf({ passed, failed }: CellRuns): ScorecardCell['state'] {
  if (failed > 0) return 'fail';
  return passed > 0 ? 'pass' : 'invalid';
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

function resultsOf(outcomes: readonly Outcome[]): readonly Result[] {
  return outcomes.flatMap((outcome) => (outcome.kind === 'result' ? [outcome.result] : []));
}
