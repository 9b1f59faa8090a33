// Looks at a private key before ssh does: its own complaint comes once a machine, after a wait, and without a remedy.

import { readFileSync, statSync } from 'node:fs';
import { BenchError } from '../../bench/run-error.ts';

export function checkKey(key: string): void {
  const found = statSync(key, { throwIfNoEntry: false });
  if (found === undefined) throw new BenchError('usage', `the key ${key} does not exist`);
  if (!found.isFile()) throw new BenchError('usage', `the key ${key} is not a file`);
  if ((found.mode & 0o077) !== 0) {
    throw new BenchError(
      'usage',
      `the key ${key} can be read by others, and ssh will not use it: chmod 600 ${key}`,
    );
  }
  if (!readFileSync(key, 'latin1').slice(0, 200).includes('PRIVATE KEY')) {
    throw new BenchError('usage', `${key} is not a private key (the public half goes onto the machines)`);
  }
}
