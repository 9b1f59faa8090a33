// The data of one segment, read through one buffer, so that memory does not grow with the log.

import { crc32 } from 'node:zlib';
import { countEvents } from '../bytes.ts';
import type { Disk } from '../log/disk.ts';
import type { BatchRecord } from '../log/record.ts';
import { segmentPath } from '../log/segment.ts';
import { segmentFacts, unlessGone } from '../log/survey.ts';
import { readDespiteDamage } from '../log/unreadable.ts';

const PIECE_BYTES = 1024 * 1024;

export class DataFile implements AsyncDisposable {
  readonly #disk: Disk;
  readonly #fd: number;
  readonly bytes: number;
  #buffer = Buffer.alloc(0);

  private constructor(disk: Disk, fd: number, bytes: number) {
    this.#disk = disk;
    this.#fd = fd;
    this.bytes = bytes;
  }

  /** Null where the file is gone. */
  static async open(disk: Disk, dir: string, base: number): Promise<DataFile | null> {
    const facts = await segmentFacts(disk, dir, base);
    const fd = facts === null ? null : await unlessGone(disk.open(segmentPath(dir, base), 'r'));
    return facts === null || fd === null ? null : new DataFile(disk, fd, facts.size);
  }

  /** The bytes of a batch as they lie there, as many as there are; valid until the next call. */
  async batch({ position, bytes }: BatchRecord): Promise<Buffer> {
    const piece = this.#piece(bytes);
    return piece.subarray(0, await readDespiteDamage(this.#disk, this.#fd, piece, position));
  }

  /** The bytes of a batch if they are what was written. */
  async goodBatch(record: BatchRecord): Promise<Buffer | null> {
    const bytes = await this.batch(record);
    return bytes.length === record.bytes && crc32(bytes) === record.crc ? bytes : null;
  }

  /** How many events end in [from, end of the file). */
  async eventsFrom(from: number): Promise<number> {
    let events = 0;
    for (let at = from; at < this.bytes; at += PIECE_BYTES) {
      const piece = this.#piece(Math.min(PIECE_BYTES, this.bytes - at));
      events += countEvents(piece.subarray(0, await readDespiteDamage(this.#disk, this.#fd, piece, at)));
    }
    return events;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#disk.close(this.#fd);
  }

  #piece(bytes: number): Buffer {
    if (this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, PIECE_BYTES));
    return this.#buffer.subarray(0, bytes);
  }
}
