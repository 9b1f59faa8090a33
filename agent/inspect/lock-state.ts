// Whether an agent runs on a log, asked without touching its lock: to try the lock, even for a moment, could refuse an
// agent that starts just then. So the process table is asked: does the process that LOCK names have that file open; and
// then the kernel's list of locks, which also knows processes of other users. An agent in another pid namespace (a
// container beside this one) cannot be seen; commands that change something take the lock itself.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCK_FILE } from '../lock.ts';

export type LockState =
  | { readonly running: false }
  /** `pid` null: a process that cannot be named. */
  | { readonly running: true; readonly pid: number | null };

interface FileId {
  readonly dev: number;
  readonly ino: number;
}

export async function lockState(dir: string): Promise<LockState> {
  const path = join(dir, LOCK_FILE);
  const file = await stat(path).catch(() => null);
  // who has the directory locked has lost its file
  const directory = await stat(dir).catch(() => null);
  const isHeld = directory !== null && (await isLocked(directory));
  if (file === null) return isHeld ? { running: true, pid: null } : { running: false };
  const named = Number(/^\d+/.exec(await readFile(path, 'latin1').catch(() => ''))?.[0] ?? 0);
  if (named > 0 && (await hasOpen(named, file))) return { running: true, pid: named };
  if (!isHeld && !(await isLocked(file))) return { running: false };
  const isThere = named > 0 && (await stat(`/proc/${named}`).catch(() => null)) !== null;
  return { running: true, pid: isThere ? named : null };
}

async function hasOpen(pid: number, { dev, ino }: FileId): Promise<boolean> {
  const directory = `/proc/${pid}/fd`;
  for (const name of await readdir(directory).catch(() => [])) {
    const open = await stat(join(directory, name)).catch(() => null);
    if (open?.dev === dev && open.ino === ino) return true;
  }
  return false;
}

/** `1: FLOCK  ADVISORY  WRITE 8947 fe:00:9987381 0 EOF`: device in hexadecimal, inode in decimal. */
async function isLocked({ dev, ino }: FileId): Promise<boolean> {
  const major = ((dev >>> 8) & 0xfff).toString(16).padStart(2, '0');
  const minor = ((dev & 0xff) | ((dev >>> 12) & 0xfff00)).toString(16).padStart(2, '0');
  const lines = (await readFile('/proc/locks', 'latin1').catch(() => '')).split('\n');
  return lines.some((line) => line.includes('FLOCK') && line.includes(` ${major}:${minor}:${ino} `));
}
