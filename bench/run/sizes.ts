// How many bytes of event files a directory holds now.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../run-error.ts';

export async function eventBytes(dir: string): Promise<number> {
  const names = await readdir(dir);
  const sizes = await Promise.all(
    names.filter((name) => name.endsWith('.log')).map((name) => fileBytes(join(dir, name))),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** 0 for a file that was deleted meanwhile. */
export async function fileBytes(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    // Expired between the listing and the look.
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
}
