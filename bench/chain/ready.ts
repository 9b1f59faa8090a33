// Waiting for something observable, with a deadline and a reason; and looking whether an address is free.

import { readFile } from 'node:fs/promises';
import { createServer, connect as tcpConnect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchError, hasCode, messageOf } from '../run-error.ts';
import type { ReadyProbe } from '../tools/tool.ts';
import { listenerOf } from './procfs.ts';

const POLL_MS = 25;
const ATTEMPT_MS = 1000;
/** A killed process holds its files and addresses until its last thread has come back from the disk. */
export const RELEASE_MS = 10_000;

/** Asks again and again; `look` answers null when it is there, else what is missing. */
export async function waitUntil(
  what: string,
  look: () => Promise<string | null>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const missing = await look();
    if (missing === null) return;
    if (Date.now() >= deadline) {
      throw new BenchError('run', `${what} within ${timeoutMs / 1000} s: ${missing}`);
    }
    await delay(POLL_MS, undefined, { signal });
  }
}

/** null: ready. */
export async function probe(ready: ReadyProbe): Promise<string | null> {
  switch (ready.kind) {
    case 'http':
      return probeHttp(ready.url);
    case 'tcp':
      return probeTcp(ready.host, ready.port);
    case 'file':
      return probeFile(ready.path, ready.text);
    case 'running':
      return null;
    default:
      return ready satisfies never;
  }
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

async function probeHttp(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ATTEMPT_MS) });
    const text = await response.text();
    return response.ok ? null : `${url} says ${response.status} ${text.slice(0, 200)}`;
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `${url}: ${messageOf(reason)}`;
  }
}

async function probeFile(path: string, text: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).includes(text) ? null : `${path} does not say "${text}"`;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return `${path} is not there`;
  }
}

function probeTcp(host: string, port: number): Promise<string | null> {
  return new Promise((settle) => {
    const socket = tcpConnect({ host, port, timeout: ATTEMPT_MS });
    const end = (answer: string | null) => {
      socket.destroy();
      settle(answer);
    };
    socket.once('connect', () => end(null));
    socket.once('timeout', () => end(`no answer from ${host}:${port}`));
    socket.once('error', (error) => end(`${host}:${port}: ${error.message}`));
  });
}
