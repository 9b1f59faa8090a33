// Whether the directories that a configuration names are there and can be used. A spool that is missing is
// more often a slip in the path than a directory that somebody will make, so it is refused at start; only
// the log's own directory is made.

import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeSystemError, systemCodeOf } from '../errors.ts';
import type { KeyPath, Problem } from './document.ts';
import type { AgentConfig, TailConfig } from './schema.ts';

type Named = Pick<AgentConfig, 'log' | 'sources'>;

export async function directoryProblems({ log, sources }: Named): Promise<Problem[]> {
  const tails = sources.map((source, index) =>
    source.type === 'tail' ? tailProblems(source, log.dir, ['sources', index, 'dir']) : [],
  );
  return (await Promise.all([logProblems(log.dir), ...tails])).flat();
}

/** The one name of each directory that is tailed, whatever links lead to it. */
export async function realDirectories({ sources }: Pick<Named, 'sources'>): Promise<Map<string, string>> {
  const dirs = sources.flatMap((source) => (source.type === 'tail' ? [source.dir] : []));
  return new Map(await Promise.all(dirs.map(async (dir) => [dir, await realDirectory(dir)] as const)));
}

/** Of one that is not there yet, where it would be made. */
async function realDirectory(dir: string): Promise<string> {
  try {
    return await realpath(dir);
  } catch {
    const parent = dirname(dir);
    // who is to use it says what is wrong with it
    return parent === dir ? dir : join(await realpath(parent).catch(() => parent), basename(dir));
  }
}

async function logProblems(dir: string): Promise<Problem[]> {
  const path = ['log', 'dir'];
  const usable = constants.R_OK | constants.W_OK | constants.X_OK;
  const error = await errorOf(dir, usable);
  if (systemCodeOf(error) !== 'ENOENT') return error === undefined ? [] : [unusable(path, dir, error)];
  const parent = dirname(dir);
  const parentError = await errorOf(parent, usable);
  return parentError === undefined ? [] : [unusable(path, parent, parentError)];
}

async function tailProblems(
  { dir, afterRead }: TailConfig,
  logDir: string,
  path: KeyPath,
): Promise<Problem[]> {
  if ((await realDirectory(logDir)) === (await realDirectory(dir))) {
    const text = `${dir} is log.dir too: the agent would read what it writes, expected another directory`;
    return [{ path, at: 'value', text }];
  }
  const toDelete = afterRead === 'delete' ? constants.W_OK : 0;
  const error = await errorOf(dir, constants.R_OK | constants.X_OK | toDelete);
  return error === undefined ? [] : [unusable(path, dir, error)];
}

/** Why `dir` cannot be used in the way of `mode`, or undefined. */
async function errorOf(dir: string, mode: number): Promise<unknown> {
  try {
    if (!(await stat(dir)).isDirectory()) return new Error('it is not a directory');
    await access(dir, mode);
    return undefined;
  } catch (error) {
    return error;
  }
}

function unusable(path: KeyPath, dir: string, error: unknown): Problem {
  return { path, at: 'value', text: `cannot use directory ${dir}: ${describeSystemError(error)}` };
}
