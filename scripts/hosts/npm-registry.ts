// Where the machines get Node and the packages from: the npm registry that this machine uses, which may be a mirror.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BenchError } from '../../bench/run-error.ts';

const WHAT_TO_DO = 'set SPILLWAY_NPM_REGISTRY to the address of an npm registry that the machines reach';

/**
 * Without a slash at its end.
 * @throws BenchError of code `usage` where none is known, or its address has a password in it, which stays on this machine
 */
export async function npmRegistry(): Promise<string> {
  const given = process.env['SPILLWAY_NPM_REGISTRY'] ?? (await configured());
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url === null) throw new BenchError('usage', `no npm registry is known ('${given}'): ${WHAT_TO_DO}`);
  if (url.username !== '' || url.password !== '') {
    throw new BenchError(
      'usage',
      `the npm registry of this machine has a password in its address: ${WHAT_TO_DO}`,
    );
  }
  return given.replace(/\/+$/, '');
}

async function configured(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('npm', ['config', 'get', 'registry'], { cwd: '/' });
    return stdout.trim();
  } catch {
    // No npm on the PATH: somebody installed the packages by other means.
    return '';
  }
}
