// Takes down everything this checkout has up. Idempotent, and refuses nothing: stale folders after a reboot,
// processes whose chain.json is gone, folders without processes.

import { rm, rmdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../run-error.ts';
import { chainsFolder } from './layout.ts';
import { findLeftovers, type Leftovers, type MarkedProcess } from './leftovers.ts';
import { unmountBelow } from './mounts.ts';
import { isAlive } from './procfs.ts';

const TERM_MS = 10_000;
const KILL_MS = 5_000;
const POLL_MS = 50;
const REMOVE = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 } as const;

/** What remains although everything was tried; empty: all gone. `names`: only these chains; none: all. */
export async function takeDown(
  root: string,
  say: (line: string) => void,
  names: readonly string[] = [],
): Promise<Leftovers> {
  const before = await findLeftovers(root, names);
  for (const line of describeLeftovers(before)) say(line);
  await signalAll(before.processes, 'SIGCONT');
  await signalAll(before.processes, 'SIGTERM');
  await waitGone(before.processes, TERM_MS);
  // Whatever is left, started meanwhile, or was a child of what ended.
  const { processes: stubborn } = await findLeftovers(root, names);
  for (const { pid, command } of stubborn)
    say(`killing pid ${pid}, which did not end: ${command.slice(0, 100)}`);
  await signalAll(stubborn, 'SIGKILL');
  await waitGone(stubborn, KILL_MS);
  // A run that is being taken down may still write: what appears meanwhile goes at the next try.
  for (const folder of before.folders) {
    await unmountBelow(folder);
    await rm(folder, REMOVE);
  }
  await removeIfEmpty(chainsFolder(root));
  return findLeftovers(root, names);
}

export function describeLeftovers(found: Leftovers): string[] {
  const processes = found.processes.map(({ pid, chain, command }) => {
    return `process  ${String(pid).padStart(7)}  ${chain}  ${command.slice(0, 100)}`;
  });
  return [...processes, ...found.folders.map((folder) => `folder   ${folder}`)];
}

async function signalAll(processes: readonly MarkedProcess[], signal: NodeJS.Signals): Promise<void> {
  for (const identity of processes) {
    if (!(await isAlive(identity))) continue;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      if (!hasCode(error, 'ESRCH')) throw error;
    }
  }
}

async function waitGone(processes: readonly MarkedProcess[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const alive = await Promise.all(processes.map((identity) => isAlive(identity)));
    if (!alive.includes(true)) return;
    await delay(POLL_MS);
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error;
  }
}
