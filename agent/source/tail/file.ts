// One tailed file: where it is read next, and what one read of it yields.
//
// `readAt` runs ahead of the source's committed position by what is on its way into the log. A commit that fails
// brings it back. A last line without its newline is not an event yet: it is held, that is read again next time.

import fs from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { NEWLINE, scanEvents } from '../../bytes.ts';
import type { EventLog } from '../../log/log.ts';
import type { SourceState } from '../../log/sources.ts';
import type { ReceiveCounters } from '../receive-counters.ts';
import type { BufferPool } from './buffers.ts';
import type { ListedFile } from './directory.ts';
import { continues, type FileIdentity, identityOf, sameFile, sourceKey } from './identity.ts';

export interface FileParts {
  readonly owner: string;
  readonly log: EventLog;
  readonly counters: ReceiveCounters;
  readonly buffers: BufferPool;
  readonly eventBytesMax: number;
  readonly quarantine: (reason: string, chunk: Buffer) => Promise<void>;
}

/** Small reads are copied out, so that they do not occupy a large buffer until they are committed. */
const COPY_BYTES_MAX = 64 * 1024;

export class TailedFile {
  readonly identity: FileIdentity;
  path: string;
  /** False once the directory no longer lists it: deleted, or renamed to what is not followed. */
  listed = true;
  size: number;
  grewAt: number;
  readonly #parts: FileParts;
  #generation = 0;
  #source: SourceState | null = null;
  #handle: fs.FileHandle | null = null;
  #readAt = 0;
  /** Bytes of a last line without newline, at the last look. */
  #partial = 0;
  /** Where an over-long event began that is being passed over; -1: none. */
  #tooLongFrom = -1;

  constructor(listed: ListedFile, parts: FileParts, now: number) {
    this.identity = identityOf(listed.stats);
    this.path = listed.path;
    this.size = Number(listed.stats.size);
    this.grewAt = now;
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#handle !== null;
  }

  get partialBytes(): number {
    return this.#partial;
  }

  get unread(): boolean {
    return this.size > this.#readAt + this.#partial;
  }

  /** Whether everything that was read is committed. */
  get settled(): boolean {
    return this.#source === null || this.#source.position === this.#readAt;
  }

  /**
   * Finds where to go on: behind what the log has of it, or at the beginning.
   * @returns a remark where what the log remembers is of another file.
   */
  async recall(startAt: number): Promise<string | null> {
    const { log, owner } = this.#parts;
    for (;;) {
      const known = log.findSource(sourceKey(owner, this.identity, this.#generation));
      if (known === undefined) break;
      const following = log.findSource(sourceKey(owner, this.identity, this.#generation + 1));
      if (following === undefined) {
        this.#source = known;
        this.#readAt = known.position;
        return this.#verify(known);
      }
      this.#generation++;
    }
    this.#readAt = startAt;
    return null;
  }

  /** Opens the file by its path, if it is still that file. */
  async open(): Promise<boolean> {
    if (this.#handle !== null) return true;
    const handle = await fs.open(this.path, 'r').catch(() => null);
    if (handle === null) return false;
    const stats = await handle.stat({ bigint: true });
    if (!sameFile(identityOf(stats), this.identity)) {
      await handle.close();
      return false;
    }
    this.#handle = handle;
    this.size = Number(stats.size);
    return true;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  /** How many names the file still has; 0: it is deleted. */
  async links(): Promise<number> {
    return this.#handle === null ? 0 : (await this.#handle.stat()).nlink;
  }

  /** The file is shorter than what was read of it: it was truncated, and is read from its beginning. */
  restart(): void {
    this.#generation++;
    this.#source = null;
    this.#readAt = 0;
    this.#partial = 0;
    this.#tooLongFrom = -1;
  }

  get truncated(): boolean {
    return this.size < this.#readAt;
  }

  /** One read. `more`: there may be more to read now; `none`: nothing new. */
  async read(now: number): Promise<'more' | 'end' | 'none'> {
    const handle = this.#handle;
    if (handle === null) return 'none';
    const buffer = await this.#parts.buffers.take();
    let kept = false;
    try {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#readAt);
      const chunk = buffer.subarray(0, bytesRead);
      if (bytesRead === 0 || bytesRead === this.#partial) return 'none';
      this.grewAt = now;
      this.size = Math.max(this.size, this.#readAt + bytesRead);
      const full = bytesRead === buffer.length;
      if (this.#tooLongFrom >= 0) {
        await this.#passOver(chunk);
        return full ? 'more' : 'end';
      }
      const whole = chunk.lastIndexOf(NEWLINE) + 1;
      if (whole === 0 && bytesRead > this.#parts.eventBytesMax) {
        this.#tooLongFrom = this.#readAt;
        this.#partial = 0;
        await this.#passOver(chunk);
        return full ? 'more' : 'end';
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

  /** The file is gone and its last line never got its newline: it is made an event with one added. */
  async finish(): Promise<boolean> {
    if (this.#partial === 0 || this.#handle === null) return false;
    const buffer = Buffer.alloc(this.#partial + 1, NEWLINE);
    const { bytesRead } = await this.#handle.read(buffer, 0, this.#partial, this.#readAt);
    if (bytesRead !== this.#partial) return false;
    const end = this.#readAt + bytesRead;
    this.#partial = 0;
    this.#append(buffer, 1, () => undefined, end);
    return true;
  }

  async forget(): Promise<void> {
    if (this.#source !== null) await this.#parts.log.forgetSource(this.#source);
  }

  #append(bytes: Buffer, events: number, release: () => void, end = this.#readAt + bytes.length): void {
    const { log, counters } = this.#parts;
    const from = this.#readAt;
    this.#readAt = end;
    counters.read(events, bytes.length);
    const append = { source: this.#known(from), from, end, chunks: [bytes], bytes: bytes.length, events };
    log.append({ ...append, crc: crc32(bytes), sequence: 0 }).then(
      () => {
        counters.settled(events, bytes.length);
        release();
      },
      () => {
        // the log says what is wrong with it; the file is read again from what is committed
        counters.unread(events, bytes.length);
        this.#rewind();
        release();
      },
    );
  }

  #rewind(): void {
    this.#readAt = this.#source?.position ?? 0;
    this.#partial = 0;
    this.#tooLongFrom = -1;
  }

  /** Reads on to the end of an over-long event: set aside and counted, never delivered. */
  async #passOver(chunk: Buffer): Promise<void> {
    const newline = chunk.indexOf(NEWLINE);
    const piece = newline === -1 ? chunk : chunk.subarray(0, newline + 1);
    await this.#parts.quarantine('too-long', piece);
    this.#readAt += piece.length;
    if (newline === -1) return;
    const from = this.#tooLongFrom;
    const bytes = this.#readAt - from;
    this.#tooLongFrom = -1;
    const { log, counters } = this.#parts;
    counters.read(1, bytes);
    const progress = {
      outcome: 'quarantined',
      reason: 'too-long',
      from,
      end: this.#readAt,
      events: 1,
      bytes,
    } as const;
    log.progress(this.#known(from), progress).then(
      () => counters.settled(1, bytes),
      () => {
        counters.unread(1, bytes);
        this.#rewind();
      },
    );
  }

  #known(position: number): SourceState {
    const { log, owner } = this.#parts;
    this.#source ??= log.defineSource({
      owner,
      key: sourceKey(owner, this.identity, this.#generation),
      identity: { ...this.identity, path: this.path },
      position,
    });
    return this.#source;
  }

  async #verify(source: SourceState): Promise<string | null> {
    if (!(await this.open()) || this.#handle === null) return null;
    if (this.size >= source.position && (await continues(this.#handle, source))) return null;
    this.restart();
    return 'the file is not the one that was read before under its inode: it is read from its beginning';
  }
}
