// chain.json: what runs in a chain's folder, for whoever comes later (status, down, enter, --attach).
// It is a convenience: `down` also finds processes whose file is gone.

import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObservedProcess } from '../observer/spec.ts';
import { hasCode } from '../run-error.ts';
import type { ChainShape, LogLimits } from '../scenario.ts';
import type { ToolRegistry } from '../tools/tool.ts';
import { chainsFolder } from './layout.ts';
import type { ProcessRecord } from './process.ts';

const NAME = 'chain.json';

export interface ChainFile {
  readonly version: 1;
  readonly name: string;
  readonly shape: ChainShape;
  readonly tool: string;
  readonly durability: 'fsync' | 'os';
  readonly log: LogLimits;
  readonly dataDir: string;
  readonly memoryDir: string;
  readonly startedAt: string;
  readonly registry: ToolRegistry;
  readonly processes: readonly ProcessRecord[];
}

export async function writeChainFile(dir: string, file: ChainFile): Promise<void> {
  await writeWhole(join(dir, NAME), `${JSON.stringify(file, null, 2)}\n`);
}

/** null: none there, or not readable as one. */
export async function readChainFile(dir: string): Promise<ChainFile | null> {
  try {
    const parsed = JSON.parse(await readFile(join(dir, NAME), 'utf8')) as ChainFile;
    return parsed.version === 1 ? parsed : null;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Names of the chains that have a folder in this checkout. */
export async function chainNames(root: string): Promise<string[]> {
  try {
    const entries = await readdir(chainsFolder(root), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** The observer reads this again whenever it changes, so it must never be seen half written. */
export async function writeObserved(path: string, processes: readonly ObservedProcess[]): Promise<void> {
  await writeWhole(path, JSON.stringify(processes));
}

export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text);
  await rename(`${path}.tmp`, path);
}
