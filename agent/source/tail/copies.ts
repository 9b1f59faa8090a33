// Which new file is the copy of one that is read already, as copytruncate makes it: copied, then the original emptied.
// The copy is read on from where the original was, so that nothing is delivered twice, and what was written between
// the last read and the truncation is delivered from the copy.
//
// Only a truncation tells a copy from another file that begins with the same lines. A new file that is like one that
// still is what it was therefore waits, until that one is truncated or the new one has been quiet for a while; then it
// is a file of its own. Files are told apart by their first bytes, held in memory; of few only is more read.

import type fs from 'node:fs/promises';
import type { SourceState } from '../../log/sources.ts';
import { HEAD_BYTES, ReadHistory } from './history.ts';

/** What was read of a file that a new one may be the copy of. */
export interface Original {
  readonly path: string;
  readonly history: ReadHistory;
  /** What stands in it now; null where that cannot be read, or is less. */
  bytesAt(from: number, length: number): Promise<Buffer | null>;
}

export interface NewFile {
  readonly handle: fs.FileHandle;
  readonly size: number;
  /** By performance.now(). */
  readonly foundAt: number;
  readonly grewAt: number;
}

/**
 * `own`: to be read from its beginning; a number: to be read from there; `like`: not known yet, it may be a copy of that
 * file (null: it could not be read just now).
 */
export type Verdict = 'own' | number | { readonly like: string | null };

interface Truncated {
  readonly source: SourceState;
  readonly history: ReadHistory;
  readonly readAt: number;
  readonly noticedAt: number;
}

/** So many files that begin like a new one are looked into. */
const CANDIDATES_MAX = 16;
/** Compared with an original where no batch of it ends early enough. */
const TAIL_BYTES = 4096;
/** Rescans that a truncated file is remembered for, and that a copy may take to be made. */
const REMEMBER_RESCANS = 4;
const WAIT_RESCANS_MAX = 30;
/** By then it is said that a file is held back. */
const TELL_RESCANS = 5;

export class Copies {
  readonly #rescanMs: number;
  readonly #live: () => Iterable<Original>;
  #truncated: Truncated[] = [];
  #version = 0;

  /** @param live the files that are followed. */
  constructor(rescanMs: number, live: () => Iterable<Original>) {
    this.#rescanMs = rescanMs;
    this.#live = live;
  }

  /** Changes with every truncation: a verdict may be another one then. */
  get version(): number {
    return this.#version;
  }

  /** The file began anew; its source up to now is kept until it is `expired`. */
  truncated(source: SourceState, history: ReadHistory, now: number): void {
    this.#truncated.push({ source, history, readAt: source.position, noticedAt: now });
    this.#version++;
  }

  /** The sources of files whose copies would have been found by now: each is given out once. */
  expired(now: number): SourceState[] {
    const isOld = ({ noticedAt }: Truncated) => now - noticedAt > REMEMBER_RESCANS * this.#rescanMs;
    const old = this.#truncated.filter(isOld);
    this.#truncated = this.#truncated.filter((entry) => !isOld(entry));
    return old.map(({ source }) => source);
  }

  isQuiet({ grewAt }: Pick<NewFile, 'grewAt'>, now: number): boolean {
    return now - grewAt > this.#rescanMs;
  }

  /** Whether a file that was found then is held back for so long that it should be told. */
  isLate(foundAt: number, now: number): boolean {
    return now - foundAt > TELL_RESCANS * this.#rescanMs;
  }

  async judge(file: NewFile, now: number): Promise<Verdict> {
    const head = await readExactly(file.handle, 0, Math.min(file.size, HEAD_BYTES));
    if (head === null) return { like: null };
    let looks = 0;
    for (const { history, readAt, noticedAt } of this.#truncated) {
      // the copy is made before the truncation
      if (file.foundAt > noticedAt + this.#rescanMs || !beginAlike(head, history.head)) continue;
      if (++looks > CANDIDATES_MAX) break;
      const known = await hasBatch(file, history);
      if (known ?? file.size <= history.head.length) return Math.min(readAt, file.size);
    }
    if (now - file.foundAt > WAIT_RESCANS_MAX * this.#rescanMs) return 'own';
    looks = 0;
    for (const original of this.#live()) {
      if (original.history.isEmpty || !beginAlike(head, original.history.head)) continue;
      if (++looks > CANDIDATES_MAX) break;
      if (await this.#mayBeCopyOf(file, original, now)) return { like: original.path };
    }
    return 'own';
  }

  async #mayBeCopyOf(file: NewFile, original: Original, now: number): Promise<boolean> {
    const known = await hasBatch(file, original.history);
    if (known === false) return false;
    const isQuiet = this.isQuiet(file, now);
    if (known && !isQuiet) return true;
    const length = Math.min(file.size, TAIL_BYTES);
    const theirs = await original.bytesAt(file.size - length, length);
    const ours = await readExactly(file.handle, file.size - length, length);
    const same = theirs !== null && ours?.equals(theirs) === true;
    // of a quiet one it is asked whether the original lost those bytes, and nobody noticed yet
    return isQuiet ? known === true && !same : same;
  }
}

function beginAlike(a: Buffer, b: Buffer): boolean {
  const length = Math.min(a.length, b.length);
  return a.subarray(0, length).equals(b.subarray(0, length));
}

/** Whether the last batch that could be in the file is; null where none could. */
async function hasBatch({ handle, size }: NewFile, history: ReadHistory): Promise<boolean | null> {
  const batch = history.batchBefore(size);
  if (batch === null) return null;
  const bytes = await readExactly(handle, batch.from, batch.end - batch.from);
  return bytes !== null && ReadHistory.isBatch(bytes, batch);
}

/** Null where there are not so many bytes. */
export async function readExactly(
  handle: fs.FileHandle,
  from: number,
  length: number,
): Promise<Buffer | null> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await handle.read(bytes, 0, length, from);
  return bytesRead === length ? bytes : null;
}
