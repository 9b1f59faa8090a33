// Where the results of a comparison lie, one folder a run, and what is there already: a comparison that was cut short
// goes on where it stopped.
//
//   <out>/comparison.json                          which comparison this is
//   <out>/<row>/<column>/<repetition>/result.json  one run; `fidelity.json` a probe; `failed.json`: it did not come up
//   <out>/scorecard.{json,html,md}

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../chain/chain-file.ts';
import type { Fidelity } from '../fidelity/probe.ts';
import { makeFolder } from '../folder.ts';
import { renderScorecardMarkdown } from '../report/scorecard/markdown.ts';
import { renderScorecard } from '../report/scorecard/page.ts';
import type { Result } from '../result.ts';
import { readResult, writeResult } from '../run/output.ts';
import { BenchError, hasCode } from '../run-error.ts';
import { type ComparisonKey, differences, parseKey } from './key.ts';
import type { Cell } from './schedule.ts';
import { SCORECARD_SCHEMA, type Scorecard } from './scorecard.ts';

const KEY = 'comparison.json';
export const SCORECARD = 'scorecard.json';
const RESULT = 'result.json';
const FIDELITY = 'fidelity.json';
const FAILED = 'failed.json';

/** How a cell ended. `failed`: the tool did not come up. `error`: the rig or an adapter went wrong, which says nothing. */
export type Outcome =
  | { readonly kind: 'result'; readonly result: Result; readonly folder: string }
  | { readonly kind: 'fidelity'; readonly fidelity: Fidelity }
  | { readonly kind: 'not run' | 'failed' | 'error'; readonly why: string };

export class ComparisonStore {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** @throws BenchError of code `usage` where the folder holds another comparison */
  static async open(dir: string, key: ComparisonKey): Promise<ComparisonStore> {
    await makeFolder(dir);
    const file = join(dir, KEY);
    const before = await readIfThere(file);
    const changed = before === null ? [] : differences(parseKey(file, before), key);
    if (changed.length > 0) {
      const what = changed.join('; ');
      const message = `${dir} holds another comparison, beside which these results cannot stand (${what}): give another --out`;
      throw new BenchError('usage', message);
    }
    await writeWhole(file, `${JSON.stringify(key, null, 2)}\n`);
    return new ComparisonStore(dir);
  }

  folderOf({ row, column, repetition }: Cell): string {
    return join(this.dir, row.name, column.id, String(repetition + 1));
  }

  /** Whether something is known of the cell, without reading it. */
  async has(cell: Cell): Promise<boolean> {
    const names = await readdir(this.folderOf(cell)).catch((error: unknown): string[] => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
    return [RESULT, FIDELITY, FAILED].some((name) => names.includes(name));
  }

  /** null: still to be run. An invalid run said nothing and is run again; so is what was not possible before. */
  async outcomeOf(cell: Cell): Promise<Outcome | null> {
    const folder = this.folderOf(cell);
    const fidelity = await readIfThere(join(folder, FIDELITY));
    if (fidelity !== null) return { kind: 'fidelity', fidelity: JSON.parse(fidelity) as Fidelity };
    const failed = await readIfThere(join(folder, FAILED));
    if (failed !== null) return { kind: 'failed', why: (JSON.parse(failed) as { why: string }).why };
    if ((await readIfThere(join(folder, RESULT))) === null) return null;
    const result = await readResult(folder);
    return result.verdict === 'invalid' ? null : { kind: 'result', result, folder };
  }

  async keep(cell: Cell, outcome: Outcome): Promise<void> {
    const folder = this.folderOf(cell);
    const write = (name: string, value: unknown) =>
      writeWhole(join(folder, name), `${JSON.stringify(value)}\n`);
    await makeFolder(folder);
    switch (outcome.kind) {
      case 'result':
        await writeResult(folder, outcome.result);
        return;
      case 'fidelity':
        return write(FIDELITY, outcome.fidelity);
      case 'failed':
        return write(FAILED, { why: outcome.why });
      case 'not run':
      case 'error':
        return;
      default:
        outcome satisfies never;
    }
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

/** Both pages, from the scorecard; returns the path of the one to look at. */
export async function writeScorecardPages(dir: string, card: Scorecard): Promise<string> {
  const page = join(dir, 'scorecard.html');
  await writeFile(join(dir, 'scorecard.md'), renderScorecardMarkdown(card));
  await writeFile(page, renderScorecard(card));
  return page;
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
