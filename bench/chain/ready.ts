// Waiting for something observable, with a deadline and a reason.

import { readFile } from 'node:fs/promises';
import { connect as tcpConnect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BenchError, hasCode, messageOf } from '../run-error.ts';
import type { ReadyProbe } from '../tools/tool.ts';

const POLL_MS = 25;
const ATTEMPT_MS = 1000;

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
