// What this checkout has up or lying about, by evidence that survives lost files: processes by the marker in their
// environment, folders in .spillway/, data in memory by its name, data folders elsewhere by chain.json or by the
// environment of a process.

import { access, readdir } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { hasCode } from '../run-error.ts';
import { chainNames, readChainFile } from './chain-file.ts';
import {
  CHAIN_MARKER,
  chainsFolder,
  DATA_FOLDER_MARK,
  DATA_MARKER,
  memoryPrefix,
  ROOT_MARKER,
} from './layout.ts';
import { allPids, type ProcessIdentity, readCommand, readEnvironment, readProcess } from './procfs.ts';

export interface Leftovers {
  readonly processes: readonly MarkedProcess[];
  /** Folders to remove, each of them ours. */
  readonly folders: readonly string[];
}
export interface MarkedProcess extends ProcessIdentity {
  readonly chain: string;
  readonly command: string;
}

/** `names`: only these chains; none: all of the checkout's. */
export async function findLeftovers(root: string, names: readonly string[] = []): Promise<Leftovers> {
  const wanted = (name: string) => names.length === 0 || names.includes(name);
  const marked = (await findMarked(root)).filter(({ process: { chain } }) => wanted(chain));
  const named = (await chainNames(root)).filter(wanted).map((name) => join(chainsFolder(root), name));
  const files = await Promise.all(named.map((dir) => readChainFile(dir)));
  const elsewhere = [...files.map((file) => file?.dataDir), ...marked.map(({ data }) => data)];
  const outside: string[] = [];
  for (const folder of new Set(elsewhere)) {
    if (folder !== undefined && !isWithin(chainsFolder(root), folder) && (await isOurs(folder)))
      outside.push(folder);
  }
  return {
    processes: marked.map(({ process }) => process),
    folders: [...outside, ...(await memoryFolders(root, wanted)), ...named],
  };
}

async function findMarked(root: string): Promise<{ process: MarkedProcess; data: string | undefined }[]> {
  const found = await Promise.all((await allPids()).map((pid) => markedProcess(root, pid)));
  return found.filter((entry) => entry !== null);
}

async function markedProcess(
  root: string,
  pid: number,
): Promise<{ process: MarkedProcess; data: string | undefined } | null> {
  const environment = pid === process.pid ? null : await readEnvironment(pid);
  const chain = environment?.get(CHAIN_MARKER);
  if (environment === null || chain === undefined) return null;
  if (environment.get(ROOT_MARKER) !== root && !isWithin(chainsFolder(root), chain)) return null;
  const state = await readProcess(pid);
  if (state === null || state.zombie) return null;
  const command = await readCommand(pid);
  return {
    process: { pid, startTime: state.startTime, chain: basename(chain), command },
    data: environment.get(DATA_MARKER),
  };
}

async function memoryFolders(root: string, wanted: (name: string) => boolean): Promise<string[]> {
  const prefix = memoryPrefix(root);
  const entries = await readdir(dirname(prefix)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return entries
    .map((entry) => join(dirname(prefix), entry))
    .filter((folder) => folder.startsWith(prefix) && wanted(folder.slice(prefix.length)));
}

async function isOurs(folder: string): Promise<boolean> {
  return access(join(folder, DATA_FOLDER_MARK)).then(
    () => true,
    () => false,
  );
}

function isWithin(parent: string, path: string): boolean {
  return path === parent || path.startsWith(parent + sep);
}
