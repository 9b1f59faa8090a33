// Whether the addresses of a process are free, asked before it starts and dies of it: a sentence that names who is in
// the way says more than its last words.

import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchError, hasCode } from '../run-error.ts';
import type { ReadyProbe } from '../tools/tool.ts';
import { type ChainNode, HOP_PORT } from './layout.ts';
import { listenerOf } from './procfs.ts';

const POLL_MS = 25;
/** A killed process holds its files and addresses until its last thread has come back from the disk. */
export const RELEASE_MS = 10_000;

/** What a process will listen on, as its probe says; a node that is sent to, at its hop's port too. */
export async function claimAddresses(
  owner: string,
  ready: ReadyProbe,
  node: ChainNode | undefined,
  patienceMs: number,
): Promise<void> {
  if (ready.kind === 'tcp') await claimAddress(owner, ready.host, ready.port, patienceMs);
  if (ready.kind !== 'http') return;
  const { hostname, port } = new URL(ready.url);
  await claimAddress(owner, hostname, Number(port), patienceMs);
  if (node !== undefined && node.from !== null) await claimAddress(owner, node.address, HOP_PORT, patienceMs);
}

/** Throws with the holder's name when something else still listens there after `patienceMs`. */
export async function claimAddress(owner: string, host: string, port: number, patienceMs = 0): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isFree(host, port))) {
    if (Date.now() >= deadline) {
      const holder = (await listenerOf(host, port)) ?? 'a process that cannot be seen from here';
      throw new BenchError('run', `${owner} cannot listen on ${host}:${port}: it is in use by ${holder}`);
    }
    await delay(POLL_MS);
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((settle, fail) => {
      server.once('error', fail);
      server.listen({ host, port, exclusive: true }, settle);
    });
    return true;
  } catch (error) {
    if (!hasCode(error, 'EADDRINUSE')) throw error;
    return false;
  } finally {
    server.close();
  }
}
