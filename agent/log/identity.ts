// Who this log is: a random id made with it, never the instance's name, so that a copied configuration or a reused
// host name cannot make two streams look like one. Kept in <dir>/identity.json, written by tmp + sync + rename.

import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { SpillwayError } from '../errors.ts';
import type { Disk } from './disk.ts';
import { readDespiteDamage } from './unreadable.ts';

interface Identity {
  readonly version: 1;
  readonly stream: string;
  readonly createdMs: number;
}

/** A whole file. What of it cannot be read is zeros. */
export async function readFile(disk: Disk, path: string): Promise<Buffer> {
  const fd = await disk.open(path, 'r');
  try {
    const bytes = Buffer.alloc((await disk.facts(path)).size);
    return bytes.subarray(0, await readDespiteDamage(disk, fd, bytes, 0));
  } finally {
    await disk.close(fd);
  }
}

/** Replaces a small file so that a crash leaves the old or the new one, never a part. */
export async function replaceFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const fd = await disk.open(`${path}.tmp`, 'w+');
  try {
    await disk.write(fd, bytes, 0);
    await disk.sync(fd);
  } finally {
    await disk.close(fd);
  }
  await disk.rename(`${path}.tmp`, path);
  await disk.syncDirectory(dirname(path));
}

/** @returns the stream id, 32 hexadecimal digits. */
export async function openIdentity(disk: Disk, dir: string, nowMs: number): Promise<string> {
  const names = await disk.list(dir);
  if (names.includes('identity.json')) {
    const text = (await readFile(disk, join(dir, 'identity.json'))).toString();
    const found = /"stream":"([0-9a-f]{32})"/.exec(text);
    if (found?.[1] !== undefined) return found[1];
    throw new SpillwayError('corrupt', `identity of the log is not readable: ${join(dir, 'identity.json')}`, {
      data: { text },
    });
  }
  const identity: Identity = { version: 1, stream: randomBytes(16).toString('hex'), createdMs: nowMs };
  await replaceFile(disk, join(dir, 'identity.json'), Buffer.from(`${JSON.stringify(identity)}\n`));
  return identity.stream;
}
