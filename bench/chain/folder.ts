// A folder and all below it: how many bytes it holds, and emptying it without removing it (it may be a mount).

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../run-error.ts';

/** Sizes of all files below, as a cap on the folder counts them. Files that go meanwhile count nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(nothingThere([]));
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => {
      const found = await stat(join(file.parentPath, file.name)).catch(nothingThere(null));
      return found?.size ?? 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Returns the bytes that were there. */
export async function emptyFolder(folder: string): Promise<number> {
  const bytes = await folderBytes(folder);
  const names = await readdir(folder);
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
  return bytes;
}

function nothingThere<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, 'ENOENT')) return instead;
    throw error;
  };
}
