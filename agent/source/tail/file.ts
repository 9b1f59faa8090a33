// One tailed file: its descriptor, what one read of it yields, and whether it still is what was read before.
//
// A last line without its newline is not an event yet: it is held, that is read again next time.

import fs from 'node:fs/promises';
import { basename } from 'node:path';
import type { BufferPool } from './buffers.ts';
import { type Copies, type Original, readExactly } from './copies.ts';
import type { ListedFile } from './directory.ts';
import { type Doubt, REMARKS } from './doubt.ts';
import { GUARD_BYTES, HEAD_BYTES, type ReadHistory } from './history.ts';
import { type FileIdentity, identityOf, openSame, sameFile } from './identity.ts';
import { type Begun, FileIntake, type IntakeParts } from './intake.ts';
import { takeLastLine, takeLines } from './lines.ts';
import { type Likeness, Newcomer } from './newcomer.ts';

export interface FileParts extends IntakeParts {
  readonly buffers: BufferPool;
  /** Files found to have been truncated, or to be others than those that were read before under their inodes. */
  readonly truncations: { count: number };
  /** Bytes of files that went away before they were read to their ends. */
  readonly abandoned: { bytes: number };
  readonly copies: Copies;
}

export class TailedFile implements Original {
  readonly identity: FileIdentity;
  /** When it was made, and last written to as far as was listed: nanoseconds since 1970. */
  readonly born: bigint;
  writtenNs: bigint;
  path: string;
  /** When the directory was first found not to list it. */
  missedAt = 0;
  /** When it last grew, or was found to be listed no more: it may have grown just before that. */
  grewAt: number;
  readonly #parts: FileParts;
  readonly #intake: FileIntake;
  #at: string | Buffer;
  #size: number;
  #listed = true;
  #mayComeBack = false;
  readonly #foundName: string;
  #doubt: Doubt | null = 'new';
  #handle: fs.FileHandle | null = null;
  readonly #newcomer: Newcomer;
  /** Bytes of a last line without newline, at the last look, and how often it had been taken back by then. */
  #partial = { bytes: 0, rewinds: 0 };

  constructor(listed: ListedFile, parts: FileParts, now: number) {
    this.identity = identityOf(listed.stats);
    this.born = listed.stats.birthtimeNs;
    this.writtenNs = listed.stats.mtimeNs;
    this.path = listed.path;
    this.#foundName = listed.name;
    this.#at = listed.at;
    this.#size = Number(listed.stats.size);
    this.grewAt = now;
    this.#newcomer = new Newcomer(parts.copies, now);
    this.#parts = parts;
    this.#intake = new FileIntake(this.identity, parts);
  }

  /** False once the directory no longer lists it: deleted, or renamed to what is not followed. */
  get listed(): boolean {
    return this.#listed;
  }

  /** What the log finds it by. */
  get key(): string {
    return this.#intake.key;
  }

  get size(): number {
    return this.#size;
  }

  /** While that keeps it from being read. */
  get likeness(): Likeness | null {
    return this.#doubt === 'new' ? this.#newcomer.likeness : null;
  }

  get isOpen(): boolean {
    return this.#handle !== null;
  }

  get partialBytes(): number {
    return this.#partial.rewinds === this.#intake.rewinds ? this.#partial.bytes : 0;
  }

  get isDoubted(): boolean {
    return this.#doubt === 'new' ? this.#size > 0 : this.#doubt !== null;
  }

  get history(): ReadHistory {
    return this.#intake.history;
  }

  async bytesAt(from: number, length: number): Promise<Buffer | null> {
    return this.#handle === null ? null : await readExactly(this.#handle, from, length);
  }

  /** Bytes behind what was read, as far as is known. */
  get unreadBytes(): number {
    return Math.max(0, this.#size - this.#intake.readAt - this.partialBytes);
  }

  /** Whether everything that was read is committed; an event that is being passed over is not, until it ends. */
  get settled(): boolean {
    return this.#intake.settled;
  }

  get name(): string {
    return basename(this.path);
  }

  get isRenamed(): boolean {
    return this.name !== (this.#intake.firstName ?? this.#foundName);
  }

  /** Whether all that ever stood in it is delivered by now, or on its way. */
  get isReadFromStart(): boolean {
    return this.#doubt !== 'truncated' && this.#intake.isFromStart;
  }

  /** Its size, where all of it is committed; else null. */
  get readSize(): number | null {
    const isRead = !this.isDoubted && this.settled && !this.#intake.isPassingOver;
    return isRead && this.#size === this.#intake.readAt ? this.#size : null;
  }

  /** Finds where to go on, where the log has something of the file: false where it has not. */
  recall(): boolean {
    const isKnown = this.#intake.recall();
    if (isKnown) this.#doubt = 'recalled';
    return isKnown;
  }

  /** Leaves out what is before the offset; resolves when the log remembers that. */
  async beginAt(offset: number, begun: Begun): Promise<void> {
    await this.#intake.beginAt(offset, this.path, begun);
    this.#doubt = null;
  }

  /** What the directory says of it now. */
  seen({ path, at, stats }: ListedFile): void {
    this.#listed = true;
    this.path = path;
    this.writtenNs = stats.mtimeNs;
    this.#at = at;
    this.#size = Number(stats.size);
    if (this.#size < this.#intake.readAt) this.#doubt ??= 'truncated';
  }

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
    if (doubt === 'new') return await this.#judge(handle, now);
    const fits = doubt === 'recalled' && (await this.#intake.continuesIn(handle, this.#size));
    this.#doubt = null;
    if (fits) {
      const head = await readExactly(handle, 0, Math.min(this.#intake.readAt, HEAD_BYTES));
      if (head !== null) this.history.begins(head);
      return null;
    }
    const before = this.#intake.restart(this.path);
    this.#partial = { bytes: 0, rewinds: 0 };
    // the source, and where it was, are forgotten once no copy is looked for
    if (before !== null) this.#parts.copies.truncated(before.source, before.history, now);
    this.#parts.truncations.count++;
    return REMARKS[doubt];
  }

  /** One read. `more`: there may be more to read now; `none`: nothing new. */
  async read(now: number): Promise<'more' | 'end' | 'none'> {
    const handle = this.#handle;
    if (handle === null || this.#doubt !== null) return 'none';
    const { buffers, rewinds } = this.#parts;
    const buffer = await buffers.take();
    let isKept = false;
    try {
      const rewindsBefore = rewinds.count;
      const { readAt } = this.#intake;
      const guard = Math.min(GUARD_BYTES, readAt);
      const room = buffer.length - GUARD_BYTES;
      const all = (await handle.read(buffer, 0, guard + room, readAt - guard)).bytesRead;
      // what was read is not what comes next any more
      if (rewinds.count !== rewindsBefore) return 'more';
      if (all < guard || !this.history.stillHas(buffer.subarray(0, guard), readAt)) {
        this.#doubt = 'truncated';
        this.#size = readAt - guard + all;
        return 'none';
      }
      const chunk = buffer.subarray(guard, all);
      if (chunk.length === 0 || chunk.length === this.partialBytes) return 'none';
      this.grewAt = now;
      this.#size = Math.max(this.#size, readAt + chunk.length);
      const isFull = chunk.length === room;
      const intakeRewinds = this.#intake.rewinds;
      const taken = await takeLines(this.#intake, chunk, this.#limits, () => buffers.giveBack(buffer));
      this.#partial = { bytes: taken.held, rewinds: intakeRewinds };
      isKept = taken.isKept;
      return isFull || taken.goesOn ? 'more' : 'end';
    } finally {
      if (!isKept) buffers.giveBack(buffer);
    }
  }

  /**
   * The file is gone and its last line never got its newline: it is made an event with one added, or set aside where
   * it is too long. False where there is no such line.
   */
  async finish(): Promise<boolean> {
    if (this.#intake.isPassingOver) {
      this.#intake.countTooLong(this.path);
      return true;
    }
    const partial = this.partialBytes;
    if (partial === 0 || this.#handle === null) return false;
    const isTaken = await takeLastLine(this.#intake, this.#handle, partial, this.#limits);
    if (isTaken) this.#partial = { bytes: 0, rewinds: 0 };
    return isTaken;
  }

  /** Where it may be removed, if its path still leads to it, by no link, and it has not grown; else null. */
  async removableAt(size: number): Promise<string | Buffer | null> {
    const stats = await this.#handle?.stat({ bigint: true });
    const there = await fs.lstat(this.#at, { bigint: true });
    if (stats === undefined || Number(stats.size) !== size) return null;
    return there.isFile() && sameFile(identityOf(there), this.identity) ? this.#at : null;
  }

  /** While the directory may give it back, it must be known. */
  holdInMemory(isHeld: boolean): void {
    this.#mayComeBack = isHeld;
  }

  /** What the log could not be told now is forgotten with the files that are long gone. */
  async forget(): Promise<void> {
    if (!this.#mayComeBack) await this.#intake.forget();
  }

  get #limits() {
    return { path: this.path, eventBytesMax: this.#parts.eventBytesMax };
  }

  async #judge(handle: fs.FileHandle, now: number): Promise<string | null> {
    const { size } = await handle.stat();
    if (size !== this.#size) this.grewAt = now;
    this.#size = size;
    const { verdict, remark } = await this.#newcomer.judge({ handle, size, grewAt: this.grewAt }, now);
    if (verdict === 'own') this.#doubt = null;
    else if (verdict !== 'wait') await this.beginAt(verdict, 'whole');
    return remark;
  }
}
