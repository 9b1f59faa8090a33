// Where the machines get Node and the packages from: the npm registry that this machine uses, which may be a mirror.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const DEFAULT = 'https://registry.npmjs.org';

/** Without a slash at its end. One with a password in it stays here: then the public one is used. */
export async function npmRegistry(): Promise<string> {
  const given = process.env['SPILLWAY_NPM_REGISTRY'] ?? (await configured());
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url === null || url.username !== '' || url.password !== '') return DEFAULT;
  return given.replace(/\/+$/, '');
}

async function configured(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('npm', ['config', 'get', 'registry'], { cwd: '/' });
    return stdout.trim();
  } catch {
    // No npm on the PATH: somebody installed the packages by other means.
    return DEFAULT;
  }
}
