// Who a file is. A name says nothing (files are renamed), an inode is reused: the birth time tells two files with one
// inode apart. What the log remembers of a file is believed only if the bytes before the remembered position are
// still those that were read.

import { type BigIntStats, constants } from 'node:fs';
import fs from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { systemCodeOf } from '../../errors.ts';
import type { SourceState } from '../../log/sources.ts';

export interface FileIdentity {
  readonly inode: string;
  /** Nanoseconds since 1970; 0 where the filesystem keeps none. */
  readonly birth: string;
  readonly device: string;
}

export function identityOf(stats: BigIntStats): FileIdentity {
  return { inode: String(stats.ino), birth: String(stats.birthtimeNs), device: String(stats.dev) };
}

export function sameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.inode === b.inode && a.birth === b.birth && a.device === b.device;
}

/** The device is left out: its number may change over a reboot, and one directory has one device. */
export function fileKey({ inode, birth }: FileIdentity): string {
  return `${inode}:${birth}`;
}

export function sourceKey(owner: string, identity: FileIdentity): string {
  return `file:${owner}:${fileKey(identity)}`;
}

/** Whether the bytes before the position are those of the last batch that was read from the file. */
export async function continues(file: fs.FileHandle, source: SourceState): Promise<boolean> {
  const length = source.position - source.lastFrom;
  if (length <= 0 || source.lastCrc === 0) return true;
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, source.lastFrom);
  if (bytesRead !== length) return false;
  const crc = crc32(bytes);
  // of a file that had gone away and came back, the last event may have got its newline from us
  return crc === source.lastCrc || crc32('\n', crc) === source.lastCrc;
}

/**
 * Opens the file at a path if it is this one; else null.
 * @throws the system's error where it may not be opened.
 */
export async function openSame(path: string | Buffer, identity: FileIdentity) {
  const handle = await openIfThere(path);
  if (handle === null) return null;
  try {
    const stats = await handle.stat({ bigint: true });
    if (sameFile(identityOf(stats), identity)) return { handle, size: Number(stats.size) };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return null;
}

async function openIfThere(path: string | Buffer): Promise<fs.FileHandle | null> {
  try {
    return await openToRead(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Does not wait where the path is that of a pipe now. */
export function openToRead(path: string | Buffer): Promise<fs.FileHandle> {
  return fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}
