// Puts something into quarantine/ where a log is opened or repaired, without ever taking the place of what lies there:
// damage that comes twice to one place is two things to look at. The next free name is `name.1`, `name.2` and so on.

import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { QUARANTINE_DIRECTORY } from './quarantine.ts';
import { readFile, replaceFile } from './whole-file.ts';

/** Moves a file there. @returns its bytes. */
export async function moveAside(disk: Disk, dir: string, path: string, name: string): Promise<number> {
  const directory = await quarantineIn(disk, dir);
  const { size } = await disk.facts(path);
  const taken = new Set(await disk.list(directory));
  await disk.rename(path, join(directory, namesOf(name).find((one) => !taken.has(one)) ?? name));
  return size;
}

/** Writes a file there, unless one of its names holds the same bytes already. @returns the bytes that it took. */
export async function writeAside(disk: Disk, dir: string, name: string, bytes: Buffer): Promise<number> {
  const directory = await quarantineIn(disk, dir);
  const taken = new Set(await disk.list(directory));
  for (const one of namesOf(name)) {
    const path = join(directory, one);
    if (!taken.has(one)) {
      await replaceFile(disk, path, bytes);
      return bytes.length;
    }
    // a process that died between this and what it does next comes here again
    if ((await disk.facts(path)).size === bytes.length && (await readFile(disk, path)).equals(bytes))
      return 0;
  }
  return 0;
}

async function quarantineIn(disk: Disk, dir: string): Promise<string> {
  const directory = join(dir, QUARANTINE_DIRECTORY);
  await disk.makeDirectory(directory);
  return directory;
}

function* namesOf(name: string): Generator<string, void, undefined> {
  yield name;
  for (let number = 1; ; number++) yield `${name}.${number}`;
}
