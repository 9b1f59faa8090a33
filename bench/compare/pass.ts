// One pass over the cells of a comparison: each that nothing is known of is run, and what was not reached is told. A pass
// with a time limit begins nothing that is not expected to end within it, and cuts short what does not: how often a
// search is confirmed, or a backlog waited for, nobody knows before.

import type { ProgressLine } from '../run/progress.ts';
import type { Ended } from './assemble.ts';
import type { Cell } from './schedule.ts';
import type { Outcome } from './store.ts';

/** An invalid run says nothing about the tool: it is tried again, this often. */
const TRIES = 2;

export interface Pass {
  readonly planned: readonly Cell[];
  /** null: as long as it takes. */
  readonly limitMs: number | null;
  readonly expectedMs: (cell: Cell) => number;
  /** null: still to be run. */
  readonly known: (cell: Cell) => Promise<Outcome | null>;
  readonly run: (cell: Cell, signal: AbortSignal) => Promise<Outcome>;
  readonly keep: (cell: Cell, outcome: Outcome) => Promise<void>;
  readonly onEnded: (ended: Ended) => Promise<void>;
  readonly describe: (outcome: Outcome) => string;
  readonly line: Pick<ProgressLine, 'say'>;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Returns the cells that were not run, or not to their end. */
export async function passOver(pass: Pass): Promise<readonly Cell[]> {
  const { planned, limitMs, line, signal } = pass;
  const beganMs = Date.now();
  const until =
    limitMs === null ? signal : AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, limitMs))]);
  const fits = (cell: Cell) => limitMs === null || Date.now() - beganMs + pass.expectedMs(cell) <= limitMs;
  const missing: Cell[] = [];
  for (const [index, cell] of planned.entries()) {
    const known = signal.aborted ? null : await pass.known(cell);
    if (known === null && (until.aborted || !fits(cell))) {
      missing.push(cell);
      continue;
    }
    const name = `${cell.row.name}, ${cell.column.id}`;
    line.say(`${index + 1}/${planned.length} ${name}${known === null ? '' : ': known'}`);
    const outcome = known ?? (await perform(pass, cell, until, fits));
    if (outcome === null) {
      missing.push(cell);
      continue;
    }
    line.say(`  ${pass.describe(outcome)}`);
    await pass.onEnded({ cell, outcome });
  }
  return missing;
}

/** null: cut short. */
async function perform(
  pass: Pass,
  cell: Cell,
  until: AbortSignal,
  fits: (cell: Cell) => boolean,
): Promise<Outcome | null> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await pass.run(cell, until);
    if (until.aborted) return null;
    if (isInvalid(outcome) && attempt < TRIES && fits(cell)) {
      pass.line.say(`  ${pass.describe(outcome)}; once more`);
      continue;
    }
    await pass.keep(cell, outcome);
    return outcome;
  }
}

function isInvalid(outcome: Outcome): boolean {
  return outcome.kind === 'error' || (outcome.kind === 'result' && outcome.result.verdict === 'invalid');
}

/** Row by row, for the last lines of a comparison. */
export function missingText(missing: readonly Cell[], planned: number): string {
  const rows = [...new Set(missing.map(({ row }) => row.name))];
  const lines = rows.map((name) => {
    const mine = missing.filter(({ row }) => row.name === name).map(({ column }) => column.id);
    return `  ${name}: ${[...new Set(mine)].join(', ')}`;
  });
  return [`missing are ${missing.length} of ${planned} runs:`, ...lines].join('\n');
}
