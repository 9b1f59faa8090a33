// How many bytes of event files a directory holds, and how many came since a load began.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';
import { type ChainEnd, EVENT_FILES } from '../chain/layout.ts';
import { hasCode } from '../run-error.ts';
import type { Baseline } from './baseline.ts';

/** Sizes by name. */
export type FileSizes = ReadonlyMap<string, number>;

const isEventFile = picomatch([...EVENT_FILES]);

export async function sizesIn(dir: string): Promise<FileSizes> {
  const sizes = new Map<string, number>();
  for (const name of (await readdir(dir)).filter((entry) => isEventFile(entry))) {
    const size = await fileBytes(join(dir, name));
    if (size > 0) sizes.set(name, size);
  }
  return sizes;
}

/** Growth beyond `before`. What was there before may expire meanwhile: that takes nothing away. */
export async function bytesSince(before: FileSizes | undefined, dir: string): Promise<number> {
  const now = await sizesIn(dir);
  return [...now].reduce((sum, [name, size]) => sum + Math.max(0, size - (before?.get(name) ?? 0)), 0);
}

/** What came to a destination; to all members of a cluster together. */
export async function bytesAt({ nodes }: ChainEnd, { files }: Pick<Baseline, 'files'>): Promise<number> {
  const each = await Promise.all(nodes.map(({ id, eventsDir }) => bytesSince(files.get(id), eventsDir)));
  return each.reduce((sum, bytes) => sum + bytes, 0);
}

/** 0 for a file that was deleted between the listing and the look. */
async function fileBytes(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 0;
    throw error;
  }
}
