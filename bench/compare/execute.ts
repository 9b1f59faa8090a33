// One cell: one tool, one row, one repetition, run as any scenario is, at the rate that the row asks for.

import { probeFidelity } from '../fidelity/probe.ts';
import type { Result } from '../result.ts';
import { type PreparedRun, prepareRun, type RunCommand } from '../run/perform.ts';
import type { Overrides } from '../run/plan.ts';
import type { ProgressLine } from '../run/progress.ts';
import { executeRun, type RunContext } from '../run/run.ts';
import { findSustained, type SearchEffort, whyNotSustained } from '../run/sustained.ts';
import { BenchError, messageOf } from '../run-error.ts';
import type { Rate } from '../scenario-units.ts';
import type { Column } from './columns.ts';
import type { RateBook } from './rates.ts';
import type { Cell, Mode } from './schedule.ts';
import type { Outcome } from './store.ts';

/** A flood that is over sooner than this is repeated with more events. */
const FLOOD_MS_MIN = 8000;
const FLOOD_EVENTS_FIRST = 1_000_000;
export const SEARCH: Readonly<Record<Mode, SearchEffort>> = {
  quick: { firstPerMinute: 4e6, probeMs: 5000, precision: 0.25, probesMax: 4 },
  full: { firstPerMinute: 4e6, probeMs: 10_000, precision: 0.1, probesMax: 12 },
};

export interface CellContext {
  readonly root: string;
  readonly mode: Mode;
  readonly rates: RateBook;
  /** Of the comparison, for the rate that they have in common. */
  readonly columns: readonly Column[];
  readonly line: ProgressLine;
  readonly signal: AbortSignal;
}

/** Whatever one tool does, or its adapter, is the outcome of its cell: the others are run all the same. */
export async function runCell(context: CellContext, cell: Cell, outDir: string): Promise<Outcome> {
  const { row, column } = cell;
  try {
    if (row.kind === 'fidelity' && column.found !== null) {
      const fidelity = await probeFidelity(context.root, column.tool, column.found, context.signal);
      return { kind: 'fidelity', fidelity };
    }
    const prepared = await prepareRun(context.root, row.file, commandOf(context, cell, outDir));
    const result = await measure(context, cell, prepared);
    return { kind: 'result', result, folder: outDir };
  } catch (error) {
    return { kind: kindOf(error), why: messageOf(error) };
  }
}

function kindOf(error: unknown): 'failed' | 'not run' | 'error' {
  if (!(error instanceof BenchError)) return 'error';
  if (error.code === 'tool-failed') return 'failed';
  return error.code === 'not-possible' || error.code === 'tool-missing' ? 'not run' : 'error';
}

/** What later cells need to know of this one. */
export function learn(rates: RateBook, { row, column }: Cell, outcome: Outcome): void {
  if (outcome.kind !== 'result' || outcome.result.verdict === 'invalid') return;
  const { result } = outcome;
  if (row.kind === 'flood') rates.flooded(column, result.ratePerMinute);
  if (row.kind === 'sustained' && result.verdict === 'pass') rates.sustained(column, offered(result));
}

function offered({ offeredPerMinute, ratePerMinute }: Result): number {
  return offeredPerMinute ?? ratePerMinute;
}

function commandOf({ mode }: CellContext, { row, column, seed }: Cell, out: string): RunCommand {
  const quick = mode === 'quick';
  const overrides: Overrides = {
    tool: column.toolName,
    durability: column.durability,
    // The row decides: what a rival is known to sustain is measured here.
    rate: row.file.scenario.generator.rate,
    seed,
    quick,
    ...(quick && row.quickDuration !== undefined && { durationMs: row.quickDuration }),
  };
  const flags = { json: false, attach: false, keep: false, dir: undefined };
  return { scenario: row.file.file, overrides, out, ...flags };
}

async function measure(context: CellContext, cell: Cell, prepared: PreparedRun): Promise<Result> {
  const { row, column } = cell;
  const { planOf } = prepared;
  const run = runContext(context, prepared.outDir);
  const at = (rate: Rate) => executeRun(run, planOf({ rate }));
  switch (row.kind) {
    case 'sustained': {
      const effort = SEARCH[context.mode];
      const firstPerMinute = context.rates.guess(column) ?? effort.firstPerMinute;
      return findSustained(run, planOf, executeRun, { ...effort, firstPerMinute });
    }
    case 'flood':
      return flood(run, prepared);
    case 'common':
      return held(await at(context.rates.common(context.columns)));
    case 'fidelity':
      throw new Error('a fidelity probe is no run');
    case 'held':
      return held(await at(row.rate ?? prepared.scenario.generator.rate));
    case 'fault':
      return fault(context, column, prepared, run);
    default:
      return unknownKind(row.kind);
  }
}

/** That all arrives in the end holds no rate: a source that is kept long enough is a buffer, too. */
export function held(result: Result): Result {
  const reason = result.verdict === 'pass' ? whyNotSustained(result) : null;
  if (reason === null) return result;
  return { ...result, verdict: 'fail', failures: [`${result.rate} is not held: ${reason}`] };
}

/** Sizes that stand for so many seconds of the scenario's own rate stand for as many of this one's. */
function fault(
  { rates }: CellContext,
  column: Column,
  { scenario, planOf }: PreparedRun,
  run: RunContext,
): Promise<Result> {
  const wanted = scenario.generator.rate;
  const rate = rates.fault(column, wanted);
  const isScheduled = rate.kind === 'schedule' && wanted.kind === 'schedule';
  const loadShare = isScheduled ? rate.eventsPerSecond / wanted.eventsPerSecond : 1;
  return executeRun(run, planOf({ rate, loadShare }));
}

/** As many events as keep the tool busy for a while, and no more than the scenario has. */
async function flood(run: RunContext, { planOf, scenario }: PreparedRun): Promise<Result> {
  const most = scenario.generator.floodEvents;
  const rate = { kind: 'flood', text: 'flood' } as const;
  let floodEvents = Math.min(FLOOD_EVENTS_FIRST, most);
  for (;;) {
    const result = await executeRun(run, planOf({ rate, floodEvents }));
    const tookMs = result.window.endMs - result.window.startMs;
    if (result.verdict === 'invalid' || tookMs >= FLOOD_MS_MIN || floodEvents >= most) return result;
    floodEvents = Math.min(most, Math.ceil((1.5 * floodEvents * FLOOD_MS_MIN) / Math.max(1, tookMs)));
  }
}

function runContext({ root, line, signal }: CellContext, outDir: string): RunContext {
  return { root, outDir, keep: false, attach: false, brief: true, signal, line };
}

function unknownKind(kind: never): never {
  throw new Error(`unknown kind of row ${String(kind)}`);
}
