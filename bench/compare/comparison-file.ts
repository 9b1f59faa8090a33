// A comparison file: which tools are columns and what is measured in which row. A file is one when it lists `columns`
// (configs/bench/compare.yaml); everything else in configs/bench is a suite or a scenario.

import { dirname, join } from 'node:path';
import { z } from 'zod';
import { BenchError } from '../run-error.ts';
import { fileOf, loadScenario, type ScenarioFile } from '../scenario-file.ts';
import { kindOf } from '../scenario-kind.ts';
import { DURATION_EXPECTED, parseDurationMs, parseRate, quantity, RATE_EXPECTED } from '../scenario-units.ts';
import { readYaml } from '../scenario-yaml.ts';

/** What a tool may claim to do; a row that asks for what a tool does not claim is `n/a` for it. */
export const claimSchema = z.enum(['buffersOnDisk', 'capsBuffer', 'fansOut', 'balances', 'keepsOrder']);
export type Claim = z.infer<typeof claimSchema>;

const name = z.string().regex(/^[a-z0-9-]+$/, 'expected lower case letters, digits and dashes');
const durationMs = quantity(parseDurationMs, DURATION_EXPECTED);

const rowSchema = z.strictObject({
  name,
  title: z.string(),
  /** What the row shows, in a sentence. */
  about: z.string(),
  /**
   * `sustained`: the highest sustained rate; `flood`: a backlog, timed; `common`: cost and latency at a rate that all
   * sustain; `held`: is `rate` held; `fault`: what the scenario asserts, at a rate that the tool sustains; `fidelity`:
   * what becomes of awkward lines (the scenario says nothing then).
   */
  kind: z.enum(['sustained', 'flood', 'common', 'held', 'fault', 'fidelity']),
  /** A file beside the comparison, or the name of a scenario. */
  scenario: z.string(),
  /** Of `held`. */
  rate: quantity(parseRate, RATE_EXPECTED).optional(),
  needs: z.array(claimSchema).default([]),
  /** Runs of each tool under --full; fault rows take one for each of the seeds. */
  repeat: z.int().min(1).max(50).default(1),
  /** Part of --quick. */
  quick: z.boolean().default(false),
  /** The load of one run under --quick. */
  quickDuration: durationMs.optional(),
});

const comparisonSchema = z.strictObject({
  name,
  description: z.string(),
  columns: z
    .array(
      z.strictObject({
        tool: z.string(),
        durability: z.enum(['fsync', 'os']).default('fsync'),
        /** Part of --quick, unless --tools names it. */
        quick: z.boolean().default(true),
      }),
    )
    .min(1),
  rows: z.array(rowSchema).min(1),
  /** Fault rows run once with each under --full, with the first under --quick. */
  seeds: z.array(z.int().min(0)).min(1).default([1, 2, 3]),
});

export type ColumnSpec = z.infer<typeof comparisonSchema>['columns'][number];
export type RowSpec = z.infer<typeof rowSchema>;
export interface ComparisonRow extends RowSpec {
  readonly file: ScenarioFile;
}
export interface Comparison {
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly columns: readonly ColumnSpec[];
  readonly rows: readonly ComparisonRow[];
  readonly seeds: readonly number[];
}

/** null: a suite, a scenario, or nothing that could be read as a comparison. */
export async function loadComparison(root: string, nameOrPath: string): Promise<Comparison | null> {
  const file = await fileOf(root, nameOrPath);
  if ((await kindOf(file)) !== 'comparison') return null;
  const { value } = await readYaml(file, comparisonSchema);
  const twice = value.rows.find(
    (row, index) => value.rows.findIndex((other) => other.name === row.name) !== index,
  );
  if (twice !== undefined) throw new BenchError('usage', `${file}: rows: '${twice.name}' is there twice`);
  const rows = await Promise.all(
    value.rows.map(async (row) => {
      if (row.kind === 'held' && row.rate === undefined) {
        throw new BenchError('usage', `${file}: rows: '${row.name}' is of kind held and names no rate`);
      }
      return { ...row, file: await loadScenario(root, besides(file, row.scenario)) };
    }),
  );
  return { ...value, file, rows };
}

/**
 * The rows of these names only, in the comparison's order; without names, all of them. Named rows are also run under
 * --quick.
 * @throws BenchError of code `usage` where there is no such row
 */
export function withRows(comparison: Comparison, names: readonly string[] | undefined): Comparison {
  if (names === undefined) return comparison;
  const { file, rows } = comparison;
  const unknown = names.find((wanted) => rows.every((row) => row.name !== wanted));
  if (unknown !== undefined || names.length === 0) {
    const list = rows.map((row) => row.name).join(', ');
    throw new BenchError('usage', `--rows: ${file} has no row '${unknown ?? ''}'; it has ${list}`);
  }
  const chosen = rows.filter((row) => names.includes(row.name)).map((row) => ({ ...row, quick: true }));
  return { ...comparison, rows: chosen };
}

/** `compare/cut.yaml` lies beside the comparison; a bare name is a scenario of configs/bench. */
function besides(file: string, scenario: string): string {
  return scenario.endsWith('.yaml') ? join(dirname(file), scenario) : scenario;
}
