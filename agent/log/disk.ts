// The one small interface through which log, journal, cursors and retention touch the disk. A test can put a disk
// behind it that stops at any step, loses what was not synced, or fails; production has only `realDisk`.
//
// Every call is asynchronous: a disk that hangs must not stop heartbeats. write and writev write everything or
// throw; read returns fewer bytes only at the end of the file.

import fs from 'node:fs';
import { join } from 'node:path';
import { SpillwayError } from '../errors.ts';

export interface FileFacts {
  readonly size: number;
  readonly modifiedMs: number;
}

export interface Disk {
  open(path: string, flags: 'r' | 'r+' | 'w+'): Promise<number>;
  close(fd: number): Promise<void>;
  read(fd: number, into: Buffer, position: number): Promise<number>;
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  writev(fd: number, chunks: readonly Buffer[], position: number): Promise<void>;
  sync(fd: number): Promise<void>;
  truncate(fd: number, size: number): Promise<void>;
  facts(path: string): Promise<FileFacts>;
  list(directory: string): Promise<string[]>;
  makeDirectory(directory: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncDirectory(directory: string): Promise<void>;
  freeBytes(directory: string): Promise<number>;
}

/** Bytes of the files in a directory; 0 where it is not there. */
export async function bytesIn(disk: Disk, directory: string): Promise<number> {
  const names = await disk.list(directory).catch(() => []);
  let bytes = 0;
  for (const name of names) {
    // what is gone meanwhile takes nothing
    bytes += await disk.facts(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}

type Done = (error: NodeJS.ErrnoException | null) => void;

function call(start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}

function callFor<T>(
  start: (done: (error: NodeJS.ErrnoException | null, value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value)));
  });
}

/** Linux takes at most 1,024 pieces in one writev. */
const PIECES_MAX = 1000;

async function write(fd: number, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += await callFor<number>((end) =>
      fs.write(fd, bytes, done, bytes.length - done, position + done, end),
    );
  }
}

async function writev(fd: number, chunks: readonly Buffer[], position: number): Promise<void> {
  let at = position;
  for (let first = 0; first < chunks.length; first += PIECES_MAX) {
    const pieces = chunks.slice(first, first + PIECES_MAX);
    const want = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const got = await callFor<number>((end) => fs.writev(fd, pieces, at, end));
    if (got < want) await write(fd, Buffer.concat(pieces).subarray(got), at + got);
    at += want;
  }
}

function directoryInstead(path: string): SpillwayError {
  return new SpillwayError('corrupt', `${path} is a directory, a file is expected: move it out of the log`);
}

async function syncDirectory(directory: string): Promise<void> {
  const fd = await realDisk.open(directory, 'r');
  try {
    await call((done) => fs.fsync(fd, done));
  } finally {
    await realDisk.close(fd);
  }
}

export const realDisk: Disk = {
  open: (path, flags) => callFor((done) => fs.open(path, flags, 0o644, done)),
  close: (fd) => call((done) => fs.close(fd, done)),
  async read(fd, into, position) {
    let done = 0;
    while (done < into.length) {
      const got = await callFor<number>((end) =>
        fs.read(fd, into, done, into.length - done, position + done, end),
      );
      if (got === 0) break;
      done += got;
    }
    return done;
  },
  write,
  writev,
  sync: (fd) => call((done) => fs.fdatasync(fd, done)),
  truncate: (fd, size) => call((done) => fs.ftruncate(fd, size, done)),
  async facts(path) {
    const stats = await fs.promises.stat(path);
    if (stats.isDirectory()) throw directoryInstead(path);
    const { size, mtimeMs } = stats;
    return { size, modifiedMs: mtimeMs };
  },
  list: (directory) => fs.promises.readdir(directory),
  async makeDirectory(directory) {
    // not recursive: where the parent is missing that is a mistake to be told (and below /proc Node would never end)
    await fs.promises.mkdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  },
  rename: (from, to) => call((done) => fs.rename(from, to, done)),
  remove: (path) => call((done) => fs.unlink(path, done)),
  syncDirectory,
  async freeBytes(directory) {
    const { bavail, bsize } = await fs.promises.statfs(directory);
    return bavail * bsize;
  },
};
