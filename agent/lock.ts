// One agent per directory. The lock is the kernel's (flock), on an open file of ours: it ends with this
// process however it ends, and nothing is left to clean up. Node has no flock, so the program `flock` takes
// it on a descriptor that it inherits; the lock belongs to the open file, which we share, and stays when
// that program exits. The pid in the file only serves the message for who comes second.
//
// Two things are locked: the file, which other programs look at, and the directory itself. A file that somebody deletes
// is locked for nobody who comes later; a directory that holds something cannot be deleted.

import { spawn } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystemError, SpillwayError, systemCodeOf } from './errors.ts';

export const LOCK_FILE = 'LOCK';

/** A lock that is held; disposing of it gives it back, more than once is harmless. */
export type LockHeld = AsyncDisposable;

const HELD_BY_ANOTHER = 1; // flock's status for --nonblock
const HOLDER_BYTES_MAX = 32;

/**
 * Locks `dir` for this process until disposed.
 * @throws SpillwayError `locked` if another process holds it, `missing-program` without `flock`.
 */
export async function lockDirectory(dir: string): Promise<LockHeld> {
  const path = join(dir, LOCK_FILE);
  const file = await openLockFile(path);
  let directory: FileHandle | null = null;
  const close = async () => {
    await file.close();
    await directory?.close();
  };
  try {
    directory = await open(dir, 'r');
    // network filesystems lock no directories: there the file has to do
    if ((await takeLock(directory.fd)) === HELD_BY_ANOTHER) throw await lockedError(dir, file);
    const status = await takeLock(file.fd);
    if (status === HELD_BY_ANOTHER) throw await lockedError(dir, file);
    if (status !== 0)
      throw new SpillwayError('disk', `cannot lock ${path}: flock ended with status ${status}`);
    await file.truncate(0);
    await file.write(`${process.pid}\n`, 0);
  } catch (error) {
    await close();
    throw error instanceof SpillwayError ? error : fromSystemError(`cannot lock ${path}`, error);
  }
  return { [Symbol.asyncDispose]: once(close) };
}

async function openLockFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a+', 0o644); // never truncated by who does not hold it
  } catch (cause) {
    throw fromSystemError(`cannot lock ${path}`, cause);
  }
}

/** The exit status of `flock`. */
function takeLock(fd: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    child.once('error', (cause) => reject(systemCodeOf(cause) === 'ENOENT' ? missingFlock(cause) : cause));
    child.once('exit', (status, signal) => {
      if (status !== null) resolve(status);
      else reject(new SpillwayError('internal', `flock was ended by ${signal}`));
    });
  });
}

function missingFlock(cause: unknown): SpillwayError {
  const text = 'cannot lock directories without the program flock: install the package util-linux';
  return new SpillwayError('missing-program', text, { cause });
}

async function lockedError(dir: string, file: FileHandle): Promise<SpillwayError> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(HOLDER_BYTES_MAX), position: 0 });
  const pid = /^\d+/.exec(buffer.toString('latin1', 0, bytesRead))?.[0];
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  return new SpillwayError('locked', `${dir} is in use by ${holder}: stop it or choose another directory`, {
    data: { dir, pid: pid === undefined ? undefined : Number(pid) },
  });
}

function once(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}
