// Makes a folder and those above it that are missing. Node's own recursive mkdir never ends where a filesystem answers
// "no such file" for a folder that it does not let anyone make (/proc), and users do name such places.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './run-error.ts';

/** @throws what the filesystem has against it. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path).catch((again: unknown) => {
      if (!hasCode(again, 'EEXIST')) throw again;
    });
  }
}
