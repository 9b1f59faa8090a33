// The event files of a folder as one stream of whole lines, in the order of their names, as they grow and roll, and as a
// rotating writer renames or deletes them: a file is known by its inode and stays open until its end was read.

import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../run-error.ts';

const EVENT_FILE = /\.log(?:_\d+)?$/;
const NEWLINE = 0x0a;
const CHUNK_BYTES = 1 << 18;

export interface Position {
  readonly inode: number;
  readonly offset: number;
}

export class Follower {
  readonly #dir: string;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #fd: number | null = null;
  #position: Position;

  /** @param position where to go on; what is not there any more is passed over. */
  constructor(dir: string, position: Position | null) {
    this.#dir = dir;
    this.#position = position ?? { inode: 0, offset: 0 };
    const name = position && this.#names().find((each) => this.#inodeOf(each) === position.inode);
    if (name) this.#fd = openSync(join(dir, name), 'r');
  }

  /** Behind what was read. */
  get position(): Position {
    return this.#position;
  }

  /** Whole lines, valid until the next ones are asked for; null: nothing new. */
  read(): Buffer | null {
    const lines = this.#lines();
    if (lines !== null) return lines;
    const next = this.#next();
    if (next === null) return null;
    // The writer was done with this file before it began that one: what is left of it is there now.
    const rest = this.#lines();
    if (rest !== null) return rest;
    return this.#open(next) ? this.#lines() : null;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #lines(): Buffer | null {
    if (this.#fd === null) return null;
    const { inode, offset } = this.#position;
    const read = readSync(this.#fd, this.#chunk, 0, CHUNK_BYTES, offset);
    const end = this.#chunk.subarray(0, read).lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      this.#position = { inode, offset: offset + end };
      return this.#chunk.subarray(0, end);
    }
    if (read === CHUNK_BYTES) throw new Error(`a line at ${offset} is longer than ${CHUNK_BYTES} bytes`);
    // Truncated by its writer: from its beginning.
    if (read === 0 && fstatSync(this.#fd).size < offset) this.#position = { inode, offset: 0 };
    return null;
  }

  /** The name of the file after this one, if there is one already. */
  #next(): string | null {
    const names = this.#names();
    if (this.#fd === null || fstatSync(this.#fd).nlink === 0) return names[0] ?? null;
    const at = names.findLastIndex((name) => this.#inodeOf(name) === this.#position.inode);
    // Renamed since the names were read: the next look will find it.
    return at < 0 ? null : (names[at + 1] ?? null);
  }

  /** False where, by that name, there is another file by now. */
  #open(name: string): boolean {
    const fd = openExisting(join(this.#dir, name));
    if (fd === null) return false;
    const inode = fstatSync(fd).ino;
    const still = this.#next();
    if (still === null || this.#inodeOf(still) !== inode) {
      closeSync(fd);
      return false;
    }
    this.close();
    this.#fd = fd;
    this.#position = { inode, offset: 0 };
    return true;
  }

  #names(): string[] {
    return readdirSync(this.#dir)
      .filter((name) => EVENT_FILE.test(name))
      .sort(byNumbers);
  }

  #inodeOf(name: string): number | null {
    return statSync(join(this.#dir, name), { throwIfNoEntry: false })?.ino ?? null;
  }
}

function openExisting(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** As text, but numbers in it by their value: tools count with and without leading zeros. */
function byNumbers(a: string, b: string): number {
  const [x, y] = [a.split(/(\d+)/), b.split(/(\d+)/)];
  for (let at = 0; at < Math.min(x.length, y.length); at++) {
    const [p = '', q = ''] = [x[at], y[at]];
    const numbers = at % 2 === 1 ? Number(p) - Number(q) : 0;
    if (numbers !== 0) return numbers;
    if (at % 2 === 0 && p !== q) return p < q ? -1 : 1;
  }
  return x.length - y.length;
}
