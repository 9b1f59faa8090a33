// Where the results of a comparison lie, one folder a run, and what is there already: a comparison that was cut short
// goes on where it stopped.
//
//   <out>/comparison.json                          which comparison this is
//   <out>/<row>/<column>/<repetition>/result.json  one run; `fidelity.json` a probe; `not-run.json`: it could not be
//   <out>/scorecard.{json,html,md}

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../chain/chain-file.ts';
import type { Fidelity } from '../fidelity/probe.ts';
import { makeFolder } from '../folder.ts';
import type { Result } from '../result.ts';
import { readResult, writeResult } from '../run/output.ts';
import { BenchError, hasCode } from '../run-error.ts';
import type { Cell, Mode } from './schedule.ts';
import { SCORECARD_SCHEMA, type Scorecard } from './scorecard.ts';

const KEY = 'comparison.json';
export const SCORECARD = 'scorecard.json';
const FIDELITY = 'fidelity.json';
const NOT_RUN = 'not-run.json';

export interface ComparisonKey {
  readonly comparison: string;
  readonly mode: Mode;
  readonly seed: number;
  readonly columns: readonly string[];
  /** Of the comparison's file and its scenarios. */
  readonly digest: string;
}

/** How a cell ended. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: Result; readonly folder: string }
  | { readonly kind: 'fidelity'; readonly fidelity: Fidelity }
  | { readonly kind: 'not run'; readonly why: string };

export function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex');
}

export class ComparisonStore {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** @throws BenchError of code `usage` where the folder holds another comparison */
  static async open(dir: string, key: ComparisonKey): Promise<ComparisonStore> {
    await makeFolder(dir);
    const file = join(dir, KEY);
    const text = `${JSON.stringify(key, null, 2)}\n`;
    const before = await readIfThere(file);
    if (before !== null && before !== text) {
      const message = `${dir} holds another comparison (tools, mode, seed or files differ): give another --out`;
      throw new BenchError('usage', message);
    }
    if (before === null) await writeWhole(file, text);
    return new ComparisonStore(dir);
  }

  folderOf({ row, column, repetition }: Cell): string {
    return join(this.dir, row.name, column.id, String(repetition + 1));
  }

  /** null: still to be run. An invalid run said nothing and is run again. */
  async outcomeOf(cell: Cell): Promise<Outcome | null> {
    const folder = this.folderOf(cell);
    const fidelity = await readIfThere(join(folder, FIDELITY));
    if (fidelity !== null) return { kind: 'fidelity', fidelity: JSON.parse(fidelity) as Fidelity };
    const notRun = await readIfThere(join(folder, NOT_RUN));
    if (notRun !== null) return { kind: 'not run', why: (JSON.parse(notRun) as { why: string }).why };
    if ((await readIfThere(join(folder, 'result.json'))) === null) return null;
    const result = await readResult(folder);
    return result.verdict === 'invalid' ? null : { kind: 'result', result, folder };
  }

  async keep(cell: Cell, outcome: Outcome): Promise<void> {
    const folder = this.folderOf(cell);
    await makeFolder(folder);
    if (outcome.kind === 'result') await writeResult(folder, outcome.result);
    else if (outcome.kind === 'fidelity')
      await writeWhole(join(folder, FIDELITY), `${JSON.stringify(outcome.fidelity)}\n`);
    else await writeWhole(join(folder, NOT_RUN), `${JSON.stringify({ why: outcome.why })}\n`);
  }
}

/** null: the folder holds no comparison. */
export async function readScorecard(dir: string): Promise<Scorecard | null> {
  const file = join(dir, SCORECARD);
  const text = await readIfThere(file);
  if (text === null) return null;
  const card = JSON.parse(text) as Partial<Scorecard>;
  if (card.schema === SCORECARD_SCHEMA) return card as Scorecard;
  throw new BenchError('usage', `${file}: schema ${String(card.schema)}, expected ${SCORECARD_SCHEMA}`);
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
