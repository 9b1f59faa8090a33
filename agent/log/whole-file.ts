// Small files that are read and replaced as a whole: identity, cursors, journals that are mended.

import { dirname } from 'node:path';
import type { Disk } from './disk.ts';
import { readDespiteDamage } from './unreadable.ts';

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
