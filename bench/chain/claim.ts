// The folder of a chain that lives for one run: the first number that is free, so that several may run side by side.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BenchError, hasCode } from '../run-error.ts';
import { chainsFolder, runName } from './layout.ts';

const RUNS_MAX = 1000;

/** Makes .spillway/run-<n> and returns its name. */
export async function claimRunName(root: string): Promise<string> {
  await mkdir(chainsFolder(root), { recursive: true });
  for (let number = 1; number <= RUNS_MAX; number++) {
    try {
      await mkdir(join(chainsFolder(root), runName(number)));
      return runName(number);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
  throw new BenchError('run', `${RUNS_MAX} run folders in ${chainsFolder(root)}; remove them with \`down\``);
}
