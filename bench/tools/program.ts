// Finding a tool's program: on the PATH, else in a private prefix `.tools/<name>` into which Debian packages were
// unpacked without root (then its libraries are there too).

import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];
const FOLDERS_IN_PREFIX = ['usr/bin', 'usr/sbin', 'bin', 'sbin'];
const LIBRARY_FOLDERS = ['usr/lib', 'lib'].flatMap((folder) => [
  `${folder}/x86_64-linux-gnu`,
  `${folder}/aarch64-linux-gnu`,
  folder,
]);

export interface Program {
  readonly binary: string;
  /** null: installed in the system. */
  readonly prefix: string | null;
  readonly env: Readonly<Record<string, string>>;
}

export async function findProgram(root: string, prefixName: string, binary: string): Promise<Program | null> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  const installed = await firstExecutable(folders.map((folder) => join(folder, binary)));
  if (installed !== null) return { binary: installed, prefix: null, env: {} };
  const prefix = join(root, '.tools', prefixName);
  const unpacked = await firstExecutable(FOLDERS_IN_PREFIX.map((folder) => join(prefix, folder, binary)));
  if (unpacked === null) return null;
  // The last is where a package keeps libraries that only its own programs use.
  const libraries = [...LIBRARY_FOLDERS, `usr/lib/${prefixName}`]
    .map((folder) => join(prefix, folder))
    .join(delimiter);
  return { binary: unpacked, prefix, env: { LD_LIBRARY_PATH: libraries } };
}

/** First line of the output that matches; null when the program does not run here. */
export async function programVersion(program: Program, flag: string, shape: RegExp): Promise<string | null> {
  try {
    const env = { ...process.env, ...program.env };
    const { stdout, stderr } = await run(program.binary, [flag], { env, timeout: 5000 });
    return shape.exec(`${stdout}\n${stderr}`)?.[1] ?? 'unknown';
  } catch {
    // Libraries missing, or built for another machine: as good as absent.
    return null;
  }
}

async function firstExecutable(candidates: readonly string[]): Promise<string | null> {
  for (const candidate of candidates) {
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return candidate;
  }
  return null;
}
