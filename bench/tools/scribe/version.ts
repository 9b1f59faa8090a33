// The version of a scribed, which only one that runs tells: started for a moment with nowhere to write to, and asked.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from '../program.ts';
import { Client } from './client.ts';
import { plainCall, textIn } from './thrift.ts';

const HOST = '127.0.0.1';
const ASK_MS = 5000;
const AGAIN_MS = 20;

/** null: it does not run here, or answers nothing. */
export async function versionOf({ binary, env }: Pick<Program, 'binary' | 'env'>): Promise<string | null> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-scribe-'));
  const port = await freePort();
  const file = join(dir, 'scribe.conf');
  await writeFile(file, `port=${port}\n<store>\ncategory=none\ntype=null\n</store>\n`);
  const scribed = spawn(binary, ['-c', file], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const ended = Promise.race([once(scribed, 'exit'), once(scribed, 'error')]).catch(() => undefined);
  try {
    return await ask(port, ended);
  } finally {
    scribed.kill('SIGKILL');
    await ended;
    await rm(dir, { recursive: true, force: true });
  }
}

async function ask(port: number, ended: Promise<unknown>): Promise<string | null> {
  const client = new Client(HOST, port, { isQuiet: true });
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const deadline = Date.now() + ASK_MS;
  try {
    while (!isOver && Date.now() < deadline) {
      const version = await client.call(plainCall('getVersion'), textIn);
      if (version === 'failed') return null;
      if (version !== null) return version;
      await delay(AGAIN_MS);
    }
    return null;
  } finally {
    client.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
