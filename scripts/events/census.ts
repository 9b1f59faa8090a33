// Counts the events in a directory of event files exactly, and cheaply when asked again: what was counted before
// is remembered by file identity (device, inode, birth) and size, so only new bytes are read. A file that shrank
// is counted anew. It opens files only to read, and takes files that come and go as they are.

import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const READ_BYTES = 1 << 20;
const NEWLINE = 10;

export interface EventFile {
  readonly name: string;
  /** The same file keeps it when renamed; another file of the same name has another. */
  readonly identity: string;
  readonly bytes: number;
  /** Newlines: an event begun but not ended yet is not counted. */
  readonly events: number;
  /** When it was last written, ms since 1970. */
  readonly writtenMs: number;
}

export interface Reading {
  readonly timeMs: number;
  /** In the order of their names. */
  readonly files: readonly EventFile[];
}

export class Census {
  readonly #dir: string;
  readonly #isEventFile: (name: string) => boolean;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  #known = new Map<string, EventFile>();

  constructor(dir: string, isEventFile: (name: string) => boolean) {
    this.#dir = dir;
    this.#isEventFile = isEventFile;
  }

  /** Throws when the directory is missing or unreadable. */
  async read(): Promise<Reading> {
    const entries = await list(this.#dir);
    const names = entries.filter((entry) => entry.isFile() && this.#isEventFile(entry.name));
    const files: EventFile[] = [];
    for (const { name } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = await this.#readFile(name);
      if (file !== null) files.push(file);
    }
    this.#known = new Map(files.map((file) => [file.identity, file]));
    return { timeMs: Date.now(), files };
  }

  /** null: gone meanwhile. */
  async #readFile(name: string): Promise<EventFile | null> {
    const handle = await openIfThere(join(this.#dir, name));
    if (handle === null) return null;
    try {
      const { dev, ino, birthtimeMs, size, mtimeMs } = await handle.stat();
      const identity = `${dev}:${ino}:${birthtimeMs}`;
      const known = this.#known.get(identity);
      const base = known !== undefined && known.bytes <= size ? known : { bytes: 0, events: 0 };
      const { bytes, events } = await this.#count(handle, base.bytes, size);
      return { name, identity, bytes, events: base.events + events, writtenMs: mtimeMs };
    } finally {
      await handle.close();
    }
  }

  /** Newlines in [from, to), and how far it really got. */
  async #count(handle: FileHandle, from: number, to: number): Promise<{ bytes: number; events: number }> {
    let events = 0;
    let position = from;
    while (position < to) {
      const { bytesRead } = await handle.read(this.#buffer, 0, Math.min(READ_BYTES, to - position), position);
      if (bytesRead === 0) break; // cut while we read
      events += newlines(this.#buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    return { bytes: position, events };
  }
}

async function list(dir: string): Promise<Dirent[]> {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`cannot read the directory ${dir} (${code})`, { cause });
  }
}

async function openIfThere(file: string): Promise<FileHandle | null> {
  try {
    // A pipe among the files must not stop us.
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}
