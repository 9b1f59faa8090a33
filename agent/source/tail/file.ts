// One tailed file: where it is read next, and what one read of it yields.
//
// `readAt` runs ahead of the source's committed position by what is on its way into the log. A commit that fails
// brings it back. A last line without its newline is not an event yet: it is held, that is read again next time.

import type fs from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { NEWLINE, scanEvents } from '../../bytes.ts';
import type { EventLog } from '../../log/log.ts';
import type { SourceState } from '../../log/sources.ts';
import type { ReceiveCounters } from '../receive-counters.ts';
import type { BufferPool } from './buffers.ts';
import { type Copies, type Original, readExactly } from './copies.ts';
import type { ListedFile } from './directory.ts';
import { type Doubt, REMARKS } from './doubt.ts';
import { GUARD_BYTES, HEAD_BYTES, ReadHistory } from './history.ts';
import { continues, type FileIdentity, identityOf, openSame, sourceKey } from './identity.ts';
import { nothingAt } from './newest.ts';

export interface FileParts {
  readonly owner: string;
  readonly log: EventLog;
  readonly counters: ReceiveCounters;
  readonly buffers: BufferPool;
  readonly eventBytesMax: number;
  /** Commits that failed, of all files together: each took its file back to what is committed. */
  readonly rewinds: { count: number };
  /** Files found to have been truncated, or to be others than those that were read before under their inodes. */
  readonly truncations: { count: number };
  /** Bytes of files that went away before they were read to their ends. */
  readonly abandoned: { bytes: number };
  readonly copies: Copies;
}

/** Small reads are copied out, so that they do not occupy a large buffer until they are committed. */
const COPY_BYTES_MAX = 64 * 1024;

export class TailedFile implements Original {
  readonly identity: FileIdentity;
  /** Nanoseconds since 1970. */
  readonly born: bigint;
  path: string;
  #at: string | Buffer;
  /** When the directory was first found not to list it. */
  missedAt = 0;
  /** When it last grew, or was found to be listed no more: it may have grown just before that. */
  grewAt: number;
  readonly #parts: FileParts;
  readonly #foundAt: number;
  #size: number;
  #listed = true;
  #doubt: Doubt | null = 'new';
  #source: SourceState | null = null;
  #handle: fs.FileHandle | null = null;
  #readAt = 0;
  #history = new ReadHistory();
  /** What was known when it was last judged whether it is a copy. */
  #judged = { size: -1, version: -1 };
  /** Bytes of a last line without newline, at the last look. */
  #partial = 0;
  /** Where an over-long event began that is being passed over; -1: none. */
  #tooLongFrom = -1;

  constructor(listed: ListedFile, parts: FileParts, now: number) {
    this.identity = identityOf(listed.stats);
    this.born = listed.stats.birthtimeNs;
    this.path = listed.path;
    this.#at = listed.at;
    this.#size = Number(listed.stats.size);
    this.grewAt = now;
    this.#foundAt = now;
    this.#parts = parts;
  }

  /** False once the directory no longer lists it: deleted, or renamed to what is not followed. */
  get listed(): boolean {
    return this.#listed;
  }

  /** What the log finds it by. */
  get key(): string {
    return sourceKey(this.#parts.owner, this.identity);
  }

  get isOpen(): boolean {
    return this.#handle !== null;
  }

  get partialBytes(): number {
    return this.#partial;
  }

  get isDoubted(): boolean {
    return this.#doubt === 'new' ? this.#size > 0 : this.#doubt !== null;
  }

  get history(): ReadHistory {
    return this.#history;
  }

  async bytesAt(from: number, length: number): Promise<Buffer | null> {
    return this.#handle === null ? null : await readExactly(this.#handle, from, length);
  }

  /** Bytes behind what was read, as far as is known. */
  get unreadBytes(): number {
    return Math.max(0, this.#size - this.#readAt - this.#partial);
  }

  /** Whether everything that was read is committed; an event that is being passed over is not, until it ends. */
  get settled(): boolean {
    const read = this.#tooLongFrom === -1 ? this.#readAt : this.#tooLongFrom;
    return this.#source === null || this.#source.position === read;
  }

  /** Finds where to go on, where the log has something of the file: false where it has not. */
  recall(): boolean {
    const { log } = this.#parts;
    const known = log.findSource(this.key);
    if (known === undefined) return false;
    this.#source = known;
    this.#readAt = known.position;
    this.#history.batch({ from: known.lastFrom, end: known.position, crc: known.lastCrc });
    this.#doubt = 'recalled';
    return true;
  }

  /** Leaves out what is before the offset; resolves when the log remembers that. */
  async beginAt(offset: number): Promise<void> {
    try {
      await this.#parts.log.progress(this.#known(offset), nothingAt(offset));
    } catch (error) {
      this.#source = null;
      throw error;
    }
    this.#readAt = offset;
    this.#doubt = null;
  }

  /** What the directory says of it now. */
  seen({ path, at, stats }: ListedFile): void {
    this.#listed = true;
    this.path = path;
    this.#at = at;
    this.#size = Number(stats.size);
    if (this.#size < this.#readAt) this.#doubt ??= 'truncated';
  }

  /** The directory does not list it now. */
  missed(now: number): void {
    if (this.#listed) {
      this.grewAt = now;
      this.missedAt = now;
    }
    this.#listed = false;
  }

  /**
   * Opens the file by its path. False where that is not this file any more.
   * @throws the system's error where it may not be opened.
   */
  async open(): Promise<boolean> {
    if (this.#handle !== null) return true;
    const opened = await openSame(this.#at, this.identity);
    if (opened === null) return false;
    this.#handle = opened.handle;
    this.#size = opened.size;
    return true;
  }

  /** Takes over a descriptor of this file. */
  adopt(handle: fs.FileHandle): void {
    this.#handle = handle;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** How many names the file still has (0: it is deleted), and its size, which is noted. */
  async links(): Promise<number> {
    if (this.#handle === null) return 0;
    const { nlink, size } = await this.#handle.stat();
    this.#size = size;
    return nlink;
  }

  /**
   * Settles a doubt about an open file, as soon as what was read of it is committed.
   * @returns a remark where the file is not read on from where it was.
   */
  async reconsider(now: number): Promise<string | null> {
    const handle = this.#handle;
    const doubt = this.#doubt;
    if (handle === null || doubt === null || !this.settled) return null;
    if (doubt === 'new') return this.#judge(handle, now);
    const fits = doubt === 'recalled' && (await this.#continues(handle));
    this.#doubt = null;
    if (fits) {
      const head = await readExactly(handle, 0, Math.min(this.#readAt, HEAD_BYTES));
      if (head !== null) this.#history.begins(head);
      return null;
    }
    this.#restart(now);
    this.#parts.truncations.count++;
    return REMARKS[doubt];
  }

  /** One read. `more`: there may be more to read now; `none`: nothing new. */
  async read(now: number): Promise<'more' | 'end' | 'none'> {
    const handle = this.#handle;
    if (handle === null || this.#doubt !== null) return 'none';
    const buffer = await this.#parts.buffers.take();
    let kept = false;
    try {
      const { rewinds } = this.#parts;
      const rewindsBefore = rewinds.count;
      const guard = Math.min(GUARD_BYTES, this.#readAt);
      const room = buffer.length - GUARD_BYTES;
      const all = (await handle.read(buffer, 0, guard + room, this.#readAt - guard)).bytesRead;
      // what was read is not what comes next any more
      if (rewinds.count !== rewindsBefore) return 'more';
      const bytesRead = Math.max(0, all - guard);
      const chunk = buffer.subarray(guard, guard + bytesRead);
      if (all < guard || !this.#history.stillHas(buffer.subarray(0, guard), this.#readAt)) {
        this.#doubt = 'truncated';
        this.#size = this.#readAt - guard + all;
      }
      if (bytesRead === 0 || bytesRead === this.#partial || this.#doubt !== null) return 'none';
      this.grewAt = now;
      this.#size = Math.max(this.#size, this.#readAt + bytesRead);
      const full = bytesRead === room;
      if (this.#tooLongFrom >= 0) {
        return (await this.#passOver(chunk)) || full ? 'more' : 'end';
      }
      const whole = chunk.lastIndexOf(NEWLINE) + 1;
      if (whole === 0 && bytesRead > this.#parts.eventBytesMax) {
        this.#tooLongFrom = this.#readAt;
        this.#partial = 0;
        return (await this.#passOver(chunk)) || full ? 'more' : 'end';
      }
      const { events, tooLongAt } = scanEvents(chunk.subarray(0, whole), this.#parts.eventBytesMax);
      const good = tooLongAt === -1 ? whole : tooLongAt;
      this.#partial = tooLongAt === -1 ? bytesRead - whole : 0;
      if (good > 0) {
        const bytes = good <= COPY_BYTES_MAX ? Buffer.from(chunk.subarray(0, good)) : chunk.subarray(0, good);
        kept = good > COPY_BYTES_MAX;
        this.#append(bytes, events, kept ? () => this.#parts.buffers.giveBack(buffer) : () => undefined);
      }
      if (tooLongAt !== -1) this.#tooLongFrom = this.#readAt;
      return full || tooLongAt !== -1 ? 'more' : 'end';
    } finally {
      if (!kept) this.#parts.buffers.giveBack(buffer);
    }
  }

  /**
   * The file is gone and its last line never got its newline: it is made an event with one added, or set aside where
   * it is too long. False where there is no such line.
   */
  async finish(): Promise<boolean> {
    if (this.#tooLongFrom >= 0) {
      this.#countTooLong();
      return true;
    }
    if (this.#partial === 0 || this.#handle === null) return false;
    const buffer = Buffer.alloc(this.#partial + 1, NEWLINE);
    const { bytesRead } = await this.#handle.read(buffer, 0, this.#partial, this.#readAt);
    if (bytesRead !== this.#partial) return false;
    this.#partial = 0;
    if (buffer.length > this.#parts.eventBytesMax) {
      this.#tooLongFrom = this.#readAt;
      await this.#passOver(buffer.subarray(0, bytesRead));
      this.#countTooLong();
    } else {
      this.#append(buffer, 1, () => undefined, bytesRead);
    }
    return true;
  }

  /** What the log could not be told now is forgotten with the files that are long gone. */
  async forget(): Promise<void> {
    if (this.#source !== null) await this.#parts.log.forgetSource(this.#source).catch(() => undefined);
  }

  /** @param inFile so many of the bytes stand in the file; the others are ours. */
  #append(bytes: Buffer, events: number, release: () => void, inFile = bytes.length): void {
    const { log, counters } = this.#parts;
    const from = this.#readAt;
    const end = from + inFile;
    const crc = crc32(bytes);
    this.#passed(bytes.subarray(0, inFile));
    this.#history.batch({ from, end, crc });
    counters.read(events, bytes.length);
    const append = { source: this.#known(from), from, end, chunks: [bytes], bytes: bytes.length, events };
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

  #passed(bytes: Buffer): void {
    this.#history.passed(bytes, this.#readAt);
    this.#readAt += bytes.length;
  }

  /** To what failed, not to what is committed: what was read before it may be on its way still, and succeed. */
  #rewind(from: number): void {
    this.#parts.rewinds.count++;
    const read = this.#tooLongFrom === -1 ? this.#readAt : this.#tooLongFrom;
    this.#readAt = Math.min(read, from);
    this.#partial = 0;
    this.#tooLongFrom = -1;
    this.#history.cutBack(this.#readAt);
  }

  /**
   * Reads on to the end of an over-long event: set aside and counted, never delivered.
   * @returns whether its end was found.
   */
  async #passOver(chunk: Buffer): Promise<boolean> {
    const newline = chunk.indexOf(NEWLINE);
    const piece = newline === -1 ? chunk : chunk.subarray(0, newline + 1);
    const rewindsBefore = this.#parts.rewinds.count;
    const { log, owner } = this.#parts;
    // what cannot be kept is still counted
    await log.setAside(`${owner}.too-long`, piece).catch(() => undefined);
    if (this.#parts.rewinds.count !== rewindsBefore) return true;
    this.#passed(piece);
    if (newline !== -1) this.#countTooLong();
    return newline !== -1;
  }

  #countTooLong(): void {
    const from = this.#tooLongFrom;
    const end = this.#readAt;
    const bytes = end - from;
    this.#tooLongFrom = -1;
    const { log, counters } = this.#parts;
    counters.read(1, bytes);
    const progress = { outcome: 'quarantined', reason: 'too-long', from, end, events: 1, bytes } as const;
    log.progress(this.#known(from), progress).then(
      () => counters.settled(1, bytes),
      () => {
        counters.unread(1, bytes);
        this.#rewind(from);
      },
    );
  }

  #known(position: number): SourceState {
    this.#source ??= this.#define(position);
    return this.#source;
  }

  #define(position: number): SourceState {
    const { log, owner } = this.#parts;
    const identity = { ...this.identity, path: this.path };
    return log.defineSource({ owner, key: this.key, identity, position });
  }

  async #continues(handle: fs.FileHandle): Promise<boolean> {
    if (this.#source === null) return true;
    return this.#size >= this.#source.position && (await continues(handle, this.#source));
  }

  async #judge(handle: fs.FileHandle, now: number): Promise<string | null> {
    const { copies } = this.#parts;
    const { size } = await handle.stat();
    if (size !== this.#size) this.grewAt = now;
    this.#size = size;
    const isKnown = this.#judged.size === size && this.#judged.version === copies.version;
    if (size === 0 || (isKnown && !copies.isQuiet(this, now))) return null;
    this.#judged = { size, version: copies.version };
    const verdict = await copies.judge({ handle, size, foundAt: this.#foundAt, grewAt: this.grewAt }, now);
    if (verdict === 'wait') return null;
    if (verdict === 'own') {
      this.#doubt = null;
      return null;
    }
    await this.beginAt(verdict);
    return REMARKS.new;
  }

  /** From the beginning, as a new source: the old one, and where it was, are forgotten once no copy is looked for. */
  #restart(now: number): void {
    const before = this.#source;
    const history = this.#history;
    this.#readAt = 0;
    this.#history = new ReadHistory();
    this.#partial = 0;
    this.#tooLongFrom = -1;
    if (before === null) return;
    this.#source = this.#define(0);
    this.#parts.copies.truncated(before, history, now);
  }
}
