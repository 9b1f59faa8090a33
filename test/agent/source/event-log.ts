// A real event log in a directory of the test's own, and what its segments hold.

import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Disk, realDisk } from '../../../agent/log/disk.ts';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';

const MiB = 2 ** 20;

export async function temporaryDirectory(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-source-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export function openLog(
  dir: string,
  options: Partial<LogOptions> = {},
  disk: Disk = realDisk,
): Promise<EventLog> {
  const all = {
    dir,
    durability: 'os',
    segmentBytes: 16 * MiB,
    journalBytesMax: 4 * MiB,
    capBytes: 256 * MiB,
    reserveBytes: 0,
    keepBytes: 256 * MiB,
    keepAgeMs: 3_600_000,
    pendingBytesMax: 8 * MiB,
    ...options,
  } as const;
  return EventLog.open(all, disk);
}

/** The events of a log directory, byte for byte, as anyone sees them who only knows that they are plain text. */
export async function eventsIn(dir: string): Promise<Buffer> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(dir, name)))));
}

/** The same from a log offset on. */
export async function eventsBehind(dir: string, offset: number): Promise<Buffer> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
  const parts = names.map(async (name) => {
    await using file = await open(join(dir, name));
    const { size } = await file.stat();
    const from = Math.max(0, offset - Number.parseInt(name, 10));
    if (from >= size) return Buffer.alloc(0);
    return (await file.read({ buffer: Buffer.alloc(size - from), position: from })).buffer;
  });
  return Buffer.concat(await Promise.all(parts));
}
