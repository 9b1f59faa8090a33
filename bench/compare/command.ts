// `run compare.yaml`: every cell in its order, a scorecard after each so that what there is can be looked at, and one
// that was cut short goes on with the same --out.

import { join } from 'node:path';
import { writeWhole } from '../chain/chain-file.ts';
import { takeDownOrphans } from '../chain/orphans.ts';
import { FIDELITY_CASES } from '../fidelity/cases.ts';
import { renderScorecardMarkdown } from '../report/scorecard/markdown.ts';
import { describeCommit, describeMachine } from '../run/machine.ts';
import { outFolder } from '../run/output.ts';
import { ProgressLine } from '../run/progress.ts';
import { furtherFolders, TOOLS_VARIABLE } from '../tools/discovery.ts';
import { assemble, type Ended, type ScorecardParts } from './assemble.ts';
import { type Column, columnsOf, refuseTwins } from './columns.ts';
import type { Comparison } from './comparison-file.ts';
import { type CellContext, learn, runCell } from './execute.ts';
import { expectedMs, forecast, forecastText } from './forecast.ts';
import { digestOf, machineText } from './key.ts';
import { missingText, passOver } from './pass.ts';
import { programDigest } from './program.ts';
import { RateBook } from './rates.ts';
import { type Cell, type Mode, rowsOf, schedule } from './schedule.ts';
import type { Scorecard } from './scorecard.ts';
import { shareable } from './shareable.ts';
import { ComparisonStore, type Outcome, SCORECARD, writeScorecardPages } from './store.ts';

/** `--quick` ends after this. */
const QUICK_MS_MAX = 20 * 60_000;

export interface ComparisonCommand {
  readonly tools: readonly string[] | undefined;
  readonly mode: Mode;
  readonly seed: number;
  readonly out: string | undefined;
  readonly json: boolean;
}

/** @returns the exit status: 0 when every planned cell was run, pass or fail; 130 interrupted; 1 while one is missing or invalid */
export async function runComparison(
  root: string,
  comparison: Comparison,
  command: ComparisonCommand,
  signal: AbortSignal,
): Promise<number> {
  const { mode, seed } = command;
  const talk = command.json ? process.stderr : process.stdout;
  const columns = await columnsOf(root, comparison, command.tools, mode);
  refuseTwins(columns);
  const planned = schedule(comparison, columns, mode, seed);
  const store = await openStore(root, comparison, columns, command);
  const left = await stillToRun(store, planned);
  talk.write(`${introduction(comparison, columns, planned, left, mode)}\nresults in ${store.dir}\n`);
  const orphans = await takeDownOrphans(root, (text) => talk.write(`${text}\n`));
  if (orphans.length > 0) talk.write(`taken down, since nobody looked after it: ${orphans.join(', ')}\n`);
  const ended: Ended[] = [];
  const parts: ScorecardParts = {
    ...{ comparison, columns, mode, seed, planned, ended },
    startedAt: new Date().toISOString(),
    commit: await describeCommit(root),
  };
  const line = new ProgressLine(talk);
  const rates = new RateBook();
  const context: CellContext = { root, mode, rates, columns: columns.filter(isHere), line, signal };
  const missing = await passOver({
    ...{ planned, line, signal, describe: outcomeText },
    limitMs: mode === 'quick' ? QUICK_MS_MAX : null,
    expectedMs: (cell) => expectedMs(cell, mode),
    known: (cell) => store.outcomeOf(cell),
    run: (cell, until) => runCell({ ...context, signal: until }, cell, store.folderOf(cell)),
    keep: (cell, outcome) => store.keep(cell, outcome),
    onEnded: async (one) => {
      learn(rates, one.cell, one.outcome);
      ended.push(one);
      await writeScorecard(store.dir, shareable(assemble(parts), root));
    },
  });
  const scorecard = shareable(assemble(parts), root);
  const page = await writeScorecard(store.dir, scorecard);
  talk.write(`\n${renderScorecardMarkdown(scorecard)}\nscorecard: ${page}\n`);
  if (missing.length > 0) {
    const why = signal.aborted ? 'interrupted' : '--quick ends after 20 minutes';
    talk.write(`${why}; ${missingText(missing, planned.length)}\nthe same with --out ${store.dir} goes on\n`);
  }
  if (command.json) process.stdout.write(`${JSON.stringify(scorecard)}\n`);
  if (signal.aborted) return 130;
  return missing.length === 0 && scorecard.cells.every(({ state }) => state !== 'invalid') ? 0 : 1;
}

async function openStore(
  root: string,
  comparison: Comparison,
  columns: readonly Column[],
  { mode, seed, out }: ComparisonCommand,
): Promise<ComparisonStore> {
  const rows = rowsOf(comparison, mode);
  const digest = digestOf([
    JSON.stringify({ rows: rows.map(({ file, ...row }) => row) }),
    ...rows.map(({ file }) => file.text),
  ]);
  const ids = columns.filter(isHere).map(({ id, found }) => `${id} ${found?.version ?? ''}`);
  const dir = outFolder(root, out, comparison.name, mode);
  const { name, seeds } = comparison;
  const program = await programDigest(root, furtherFolders(process.env[TOOLS_VARIABLE]));
  const machine = machineText(await describeMachine(root));
  return ComparisonStore.open(dir, {
    ...{ comparison: name, mode, seed, seeds, columns: ids, digest, program, machine },
  });
}

async function stillToRun(store: ComparisonStore, planned: readonly Cell[]): Promise<readonly Cell[]> {
  const left: Cell[] = [];
  for (const cell of planned) if (!(await store.has(cell))) left.push(cell);
  return left;
}

function isHere({ found }: Column): boolean {
  return found !== null;
}

function introduction(
  { name }: Comparison,
  columns: readonly Column[],
  planned: readonly Cell[],
  left: readonly Cell[],
  mode: Mode,
): string {
  const absent = columns.filter((column) => !isHere(column));
  const here = columns.filter(isHere).map(({ id, found }) => `${id} (${found?.version ?? ''})`);
  return [
    `${name}, ${mode}${mode === 'quick' ? ' (once each: indicative)' : ''}: ${forecastText(forecast(planned, mode))}`,
    ...(left.length < planned.length
      ? [`${planned.length - left.length} are there already; to go: ${forecastText(forecast(left, mode))}`]
      : []),
    `compared: ${here.join(', ') || 'nothing'}`,
    ...absent.map(({ toolName, howToGet }) => `not run: ${toolName}; to get it: ${howToGet}`),
  ].join('\n');
}

function outcomeText(outcome: Outcome): string {
  if ('why' in outcome) return `${outcome.kind}: ${outcome.why.split('\n')[0] ?? ''}`;
  if (outcome.kind === 'fidelity') {
    const kept = outcome.fidelity.cases.filter(({ fate }) => fate === 'kept').length;
    return `${kept} of ${FIDELITY_CASES.length} cases kept as they were`;
  }
  const { verdict, rate, ratePerMinute, failures } = outcome.result;
  const [first = ''] = failures;
  return `${verdict} at ${rate}: ${(ratePerMinute / 1e6).toFixed(2)}M/min ${first}`.trimEnd();
}

async function writeScorecard(dir: string, scorecard: Scorecard): Promise<string> {
  await writeWhole(join(dir, SCORECARD), `${JSON.stringify(scorecard)}\n`);
  return writeScorecardPages(dir, scorecard);
}
