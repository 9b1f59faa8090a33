// What a bench left running that was killed with SIGKILL: its chain goes on without anybody, and would be measured with
// whatever runs next.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObservedProcess } from '../observer/spec.ts';
import { hasCode } from '../run-error.ts';
import { chainNames } from './chain-file.ts';
import { BENCH, PROCESSES } from './chain-record.ts';
import { takeDown } from './down.ts';
import { chainsFolder, isRunName } from './layout.ts';
import { findLeftovers } from './leftovers.ts';
import { isAlive, readProcess } from './procfs.ts';

/** Takes down the runs of this checkout whose bench is gone and whose processes are not. Returns their names. */
export async function takeDownOrphans(root: string, say: (line: string) => void): Promise<readonly string[]> {
  const runs = (await chainNames(root)).filter(isRunName);
  const orphans: string[] = [];
  for (const name of runs) {
    if (await isAttended(root, name)) continue;
    const { processes } = await findLeftovers(root, [name]);
    if (processes.length > 0) orphans.push(name);
  }
  if (orphans.length > 0) await takeDown(root, say, orphans);
  return orphans;
}

/** Whether its bench runs. One whose list is not there yet is just beginning. */
async function isAttended(root: string, name: string): Promise<boolean> {
  const file = join(chainsFolder(root), name, PROCESSES);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (text === null) return true;
  const bench = (JSON.parse(text) as ObservedProcess[]).find((process) => process.name === BENCH);
  if (bench === undefined) return true;
  const { pid, startTime } = bench;
  if (startTime !== undefined) return isAlive({ pid, startTime });
  // Written by an earlier version: it may be another process by now, which is then left alone.
  const state = await readProcess(pid);
  return state !== null && !state.zombie;
}
