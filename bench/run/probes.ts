// What the machine itself can do, measured beside a run so that its figures have a scale: synced sequential writes
// for durable runs, socat copying the same bytes for unsynced ones.

import { spawn } from 'node:child_process';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChainLayout } from '../chain/layout.ts';
import { markers } from '../chain/layout.ts';
import { probe } from '../chain/ready.ts';
import { socat } from '../tools/socat/socat.ts';

const BLOCK_BYTES = 2 ** 20;
const SYNC_MS = 2000;
const COPY_BYTES_MAX = 2 * 2 ** 30;
const COPY_MS_MAX = 15_000;
const COPY_PORT = 4199;
const READY_TRIES = 100;

/** Writes of 1 MiB, each followed by fdatasync, for two seconds. */
export async function probeSyncWrite(dir: string, signal: AbortSignal): Promise<{ mbPerSecond: number }> {
  const path = join(dir, 'probe.bin');
  const block = Buffer.alloc(BLOCK_BYTES, 'spillway ');
  const file = await open(path, 'w');
  try {
    const beganMs = performance.now();
    let written = 0;
    while (performance.now() - beganMs < SYNC_MS && !signal.aborted) {
      await file.write(block);
      await file.datasync();
      written += BLOCK_BYTES;
    }
    return { mbPerSecond: written / 1e3 / (performance.now() - beganMs) };
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

/** The event files of the source through socat into a file on the same filesystem; null without socat. */
export async function probeSocatCopy(
  layout: ChainLayout,
  files: readonly string[],
  signal: AbortSignal,
): Promise<{ mbPerSecond: number } | null> {
  const found = await socat.locate(layout.root);
  if (!found.found || files.length === 0) return null;
  const path = join(layout.dataDir, 'probe.bin');
  const [host, port] = [layout.etcdAddress, COPY_PORT];
  const env = { ...process.env, ...found.env, ...markers(layout) };
  const listen = [`TCP-LISTEN:${port},bind=${host},reuseaddr,fork`, `OPEN:${path},creat,append`];
  const receiver = spawn(found.binary, ['-u', '-b', String(BLOCK_BYTES), ...listen], {
    env,
    stdio: 'ignore',
  });
  try {
    for (let tries = 0; (await probe({ kind: 'tcp', host, port })) !== null; tries++) {
      if (tries === READY_TRIES || signal.aborted) return null;
      await delay(20);
    }
    const total = await takeFiles(files);
    const beganMs = performance.now();
    const send = `cat "$@" | '${found.binary}' -u -b ${BLOCK_BYTES} - TCP:${host}:${port}`;
    const sender = spawn('sh', ['-c', send, 'sh', ...total.files], { env, stdio: 'ignore' });
    const took = await waitForBytes(path, total.bytes, beganMs, signal);
    sender.kill('SIGKILL');
    return took === null ? null : { mbPerSecond: total.bytes / 1e3 / took };
  } finally {
    receiver.kill('SIGKILL');
    await rm(path, { force: true });
  }
}

async function takeFiles(files: readonly string[]): Promise<{ files: string[]; bytes: number }> {
  const taken: string[] = [];
  let bytes = 0;
  for (const file of files) {
    const { size } = await stat(file);
    if (taken.length > 0 && bytes + size > COPY_BYTES_MAX) break;
    taken.push(file);
    bytes += size;
  }
  return { files: taken, bytes };
}

async function waitForBytes(
  path: string,
  bytes: number,
  beganMs: number,
  signal: AbortSignal,
): Promise<number | null> {
  while (performance.now() - beganMs < COPY_MS_MAX && !signal.aborted) {
    const there = await stat(path).catch(() => null);
    if ((there?.size ?? 0) >= bytes) return performance.now() - beganMs;
    await delay(2);
  }
  return null;
}
