// `run all`: one scenario after the other, whatever becomes of each, and one table at the end.

import { join } from 'node:path';
import type { Result } from '../result.ts';
import { BenchError } from '../run-error.ts';
import type { SuiteFile } from '../suite-file.ts';
import { outFolder } from './output.ts';
import { type PreparedRun, performRun, prepareRun, type RunCommand } from './perform.ts';
import { bytesNeeded } from './preflight.ts';

/** Starting, connecting, draining, verifying: about this much beside the load itself. */
const AROUND_MS = 20_000;

interface Row {
  readonly name: string;
  readonly verdict: Result['verdict'] | 'not run';
  readonly tookMs: number;
  readonly result: Result | null;
  readonly why: string;
}

export async function runSuite(
  root: string,
  suite: SuiteFile,
  command: RunCommand,
  signal: AbortSignal,
): Promise<number> {
  const talk = command.json ? process.stderr : process.stdout;
  const outDir = outFolder(root, command.out, suite.name, command.overrides.tool ?? 'agent');
  const runs: PreparedRun[] = [];
  for (const file of suite.scenarios) {
    runs.push(await prepareRun(root, file, { ...command, out: join(outDir, file.scenario.name) }));
  }
  talk.write(`${forecast(suite.name, runs)}\n`);
  const rows: Row[] = [];
  for (const run of runs) {
    if (signal.aborted) break;
    talk.write('\n');
    rows.push(await runOne(run, command, signal));
  }
  talk.write(`\n${renderTable(rows)}\n${verdictText(rows, runs.length)}; results in ${outDir}\n`);
  if (signal.aborted) return 130;
  return rows.every(({ verdict }) => verdict === 'pass' || verdict === 'not run') ? 0 : 1;
}

/** How long, and how much disk at once. */
function forecast(name: string, runs: readonly PreparedRun[]): string {
  const plans = runs.map(({ planOf }) => planOf({}));
  const loads = plans.map(({ scenario }) => scenario.generator.duration + AROUND_MS);
  const minutes = Math.ceil(loads.reduce((sum, ms) => sum + ms, 0) / 60_000);
  const disk = Math.max(...plans.map(bytesNeeded)) / 1e9;
  return `${name}: ${runs.length} scenarios, about ${minutes} minutes; up to ${disk.toFixed(1)} GB of disk at once`;
}

async function runOne(run: PreparedRun, command: RunCommand, signal: AbortSignal): Promise<Row> {
  const beganMs = Date.now();
  const { name } = run.scenario;
  const took = () => Date.now() - beganMs;
  try {
    const result = await performRun(run, command, signal);
    const [why = ''] = result.failures;
    return { name, verdict: result.verdict, tookMs: took(), result, why };
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    const verdict = error.code === 'not-possible' ? 'not run' : 'invalid';
    return { name, verdict, tookMs: took(), result: null, why: error.message };
  }
}

function renderTable(rows: readonly Row[]): string {
  const head = ['scenario', 'verdict', 'events', 'lost', 'doubled', 'reordered', 'took', ''];
  const lines = rows.map((row) => [
    row.name,
    row.verdict.toUpperCase(),
    row.result === null ? '' : row.result.sent.toLocaleString('en'),
    worst(row.result, ({ lost }) => lost.events),
    worst(row.result, ({ duplicated }) => duplicated.events),
    worst(row.result, ({ reordered }) => reordered.events),
    `${Math.round(row.tookMs / 1000)} s`,
    row.why.split('\n')[0] ?? '',
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function worst(result: Result | null, count: (of: Result['destinations'][number]) => number): string {
  if (result === null || result.destinations.length === 0) return '';
  return Math.max(...result.destinations.map(count)).toLocaleString('en');
}

function verdictText(rows: readonly Row[], planned: number): string {
  const count = (wanted: Row['verdict']) => rows.filter(({ verdict }) => verdict === wanted).length;
  const parts = (['pass', 'fail', 'invalid', 'not run'] as const)
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `${count(verdict)} ${verdict}`);
  const missing = planned - rows.length;
  return [...parts, ...(missing > 0 ? [`${missing} not reached`] : [])].join(', ');
}
