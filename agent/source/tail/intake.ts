// What was read of one file, on its way into the log: appended, or passed over where an event is too long.
//
// `readAt` runs ahead of the source's committed position by what is on its way. A commit that fails brings it back.

import type fs from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { NEWLINE } from '../../bytes.ts';
import type { EventLog } from '../../log/log.ts';
import type { SourceState } from '../../log/sources.ts';
import type { ReceiveCounters } from '../receive-counters.ts';
import { ReadHistory } from './history.ts';
import { continues, type FileIdentity, sourceKey } from './identity.ts';
import { nothingAt } from './newest.ts';

export interface IntakeParts {
  readonly owner: string;
  readonly log: EventLog;
  readonly counters: ReceiveCounters;
  readonly eventBytesMax: number;
  /** Commits that failed, of all files together: each took its file back to what is committed. */
  readonly rewinds: { count: number };
}

/** Whether all that the file ever had is delivered, by this file or by the one it is the copy of. */
export type Begun = 'whole' | 'newest' | 'truncated';

export class FileIntake {
  readonly #parts: IntakeParts;
  readonly #identity: FileIdentity;
  #source: SourceState | null = null;
  #readAt = 0;
  #history = new ReadHistory();
  /** Where an over-long event began that is being passed over; -1: none. */
  #tooLongFrom = -1;
  #rewinds = 0;

  constructor(identity: FileIdentity, parts: IntakeParts) {
    this.#identity = identity;
    this.#parts = parts;
  }

  /** What the log finds the file by. */
  get key(): string {
    return sourceKey(this.#parts.owner, this.#identity);
  }

  get source(): SourceState | null {
    return this.#source;
  }

  /** Where the file is read next. */
  get readAt(): number {
    return this.#readAt;
  }

  get history(): ReadHistory {
    return this.#history;
  }

  /** How often it was taken back. */
  get rewinds(): number {
    return this.#rewinds;
  }

  /** The name it had when the log first heard of it; null where it has not. */
  get firstName(): string | null {
    const path = this.#source?.identity['path'];
    return typeof path === 'string' ? basename(path) : null;
  }

  /** Whether the log has the file from its first byte on, and it never began anew. */
  get isFromStart(): boolean {
    return this.#source?.identity['begun'] === undefined;
  }

  get isPassingOver(): boolean {
    return this.#tooLongFrom >= 0;
  }

  /** Whether everything that was read is committed; an event that is being passed over is not, until it ends. */
  get settled(): boolean {
    return this.#source === null || this.#source.position === this.#dealtWith;
  }

  /** Finds where to go on, where the log has something of the file: false where it has not. */
  recall(): boolean {
    const known = this.#parts.log.findSource(this.key);
    if (known === undefined) return false;
    this.#source = known;
    this.#readAt = known.position;
    this.#history.batch({ from: known.lastFrom, end: known.position, crc: known.lastCrc });
    return true;
  }

  /** Whether the file still has what was read of it before a restart. */
  async continuesIn(handle: fs.FileHandle, size: number): Promise<boolean> {
    return (
      this.#source === null || (size >= this.#source.position && (await continues(handle, this.#source)))
    );
  }

  /** Leaves out what is before the offset; resolves when the log remembers that. */
  async beginAt(offset: number, path: string, begun: Begun): Promise<void> {
    try {
      this.#source ??= this.#define(offset, path, begun);
      await this.#parts.log.progress(this.#source, nothingAt(offset));
    } catch (error) {
      this.#source = null;
      throw error;
    }
    this.#readAt = offset;
  }

  /** From the beginning, as a new source. @returns the one before, with what was read of it. */
  restart(path: string): { readonly source: SourceState; readonly history: ReadHistory } | null {
    const source = this.#source;
    const history = this.#history;
    this.#readAt = 0;
    this.#history = new ReadHistory();
    this.#tooLongFrom = -1;
    if (source === null) return null;
    this.#source = this.#define(0, path, 'truncated');
    return { source, history };
  }

  /**
   * Whole events, which stand where the file is read next.
   * @param inFile so many of the bytes stand in the file; the others are ours.
   */
  append(bytes: Buffer, events: number, path: string, release: () => void, inFile = bytes.length): void {
    const { log, counters } = this.#parts;
    const from = this.#readAt;
    const end = from + inFile;
    const crc = crc32(bytes);
    this.#passed(bytes.subarray(0, inFile));
    this.#history.batch({ from, end, crc });
    counters.read(events, bytes.length);
    const source = this.#known(from, path);
    const append = { source, from, end, chunks: [bytes], bytes: bytes.length, events };
    log.append({ ...append, crc, sequence: 0 }).then(
      () => {
        counters.settled(events, bytes.length);
        release();
      },
      () => {
        // the log says what is wrong with it; the file is read again from there
        counters.unread(events, bytes.length);
        this.#rewind(from);
        release();
      },
    );
  }

  /** Here begins an event that is too long. */
  beginPassingOver(): void {
    this.#tooLongFrom = this.#readAt;
  }

  /**
   * Reads on to the end of an over-long event: set aside and counted, never delivered.
   * @returns whether its end was found.
   */
  async passOver(chunk: Buffer, path: string): Promise<boolean> {
    const newline = chunk.indexOf(NEWLINE);
    const piece = newline === -1 ? chunk : chunk.subarray(0, newline + 1);
    const rewindsBefore = this.#parts.rewinds.count;
    const { log, owner } = this.#parts;
    // what cannot be kept is still counted
    await log.setAside(`${owner}.too-long`, piece).catch(() => undefined);
    if (this.#parts.rewinds.count !== rewindsBefore) return true;
    this.#passed(piece);
    if (newline !== -1) this.countTooLong(path);
    return newline !== -1;
  }

  /** The over-long event ends here. */
  countTooLong(path: string): void {
    const from = this.#tooLongFrom;
    const end = this.#readAt;
    const bytes = end - from;
    this.#tooLongFrom = -1;
    const { log, counters } = this.#parts;
    counters.read(1, bytes);
    const progress = { outcome: 'quarantined', reason: 'too-long', from, end, events: 1, bytes } as const;
    log.progress(this.#known(from, path), progress).then(
      () => counters.settled(1, bytes),
      () => {
        counters.unread(1, bytes);
        this.#rewind(from);
      },
    );
  }

  /** What the log could not be told now is forgotten with the files that are long gone. */
  async forget(): Promise<void> {
    if (this.#source !== null) await this.#parts.log.forgetSource(this.#source).catch(() => undefined);
  }

  get #dealtWith(): number {
    return this.#tooLongFrom === -1 ? this.#readAt : this.#tooLongFrom;
  }

  #passed(bytes: Buffer): void {
    this.#history.passed(bytes, this.#readAt);
    this.#readAt += bytes.length;
  }

  /** To what failed, not to what is committed: what was read before it may be on its way still, and succeed. */
  #rewind(from: number): void {
    this.#parts.rewinds.count++;
    this.#rewinds++;
    this.#readAt = Math.min(this.#dealtWith, from);
    this.#tooLongFrom = -1;
    this.#history.cutBack(this.#readAt);
  }

  #known(position: number, path: string): SourceState {
    this.#source ??= this.#define(position, path, 'whole');
    return this.#source;
  }

  #define(position: number, path: string, begun: Begun): SourceState {
    const { log, owner } = this.#parts;
    const identity = { ...this.#identity, path, ...(begun === 'whole' ? {} : { begun }) };
    return log.defineSource({ owner, key: this.key, identity, position });
  }
}
