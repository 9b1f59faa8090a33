// What was read of a file, as little of it as is needed to know those bytes again: in the file itself, where they must
// still stand before the offset (else it was truncated and has grown again), and in another file, which is then a copy.

import { crc32 } from 'node:zlib';

export interface ReadBatch {
  readonly from: number;
  readonly end: number;
  readonly crc: number;
}

/** Bytes before the offset that are looked at again with every read. */
export const GUARD_BYTES = 256;
export const HEAD_BYTES = 256;
/** A copy that was made while the file was read may end so many batches before what was read. */
const BATCHES_MAX = 64;

export class ReadHistory {
  /** The bytes before `#guardEnd`. */
  readonly #guard = Buffer.alloc(GUARD_BYTES);
  #guardBytes = 0;
  #guardEnd = 0;
  #head: Buffer = Buffer.alloc(0);
  #batches: ReadBatch[] = [];

  /** Nothing was read: nothing can be a copy of it. */
  get isEmpty(): boolean {
    return this.#head.length === 0 && this.#batches.length === 0;
  }

  /** The first bytes of the file, as many as are known. */
  get head(): Buffer {
    return this.#head;
  }

  /** Where the log remembers more of the file than this process has read. */
  begins(head: Buffer): void {
    if (head.length > this.#head.length) this.#head = head;
  }

  /** What the log remembers, or what was read: whole events, as they stand in the file. */
  batch(batch: ReadBatch): void {
    if (batch.end <= batch.from || batch.crc === 0) return;
    this.#batches.push(batch);
    if (this.#batches.length > BATCHES_MAX) this.#batches.shift();
  }

  /** The last batch that ends at or before the offset. */
  batchBefore(offset: number): ReadBatch | null {
    return this.#batches.findLast(({ end }) => end <= offset) ?? null;
  }

  /** These bytes were read, and reading goes on behind them. */
  passed(bytes: Buffer, from: number): void {
    if (from <= this.#head.length && from + bytes.length > this.#head.length && from < HEAD_BYTES) {
      this.#head = Buffer.concat([this.#head.subarray(0, from), bytes.subarray(0, HEAD_BYTES - from)]);
    }
    const length = Math.min(GUARD_BYTES, bytes.length);
    // of a short piece, the guard before it goes on into it
    const kept = this.#guardEnd === from ? Math.min(this.#guardBytes, GUARD_BYTES - length) : 0;
    this.#guard.copyWithin(0, this.#guardBytes - kept, this.#guardBytes);
    bytes.copy(this.#guard, kept, bytes.length - length);
    this.#guardBytes = kept + length;
    this.#guardEnd = from + bytes.length;
  }

  /**
   * Whether these bytes, which end at the offset, are those that were read there before. Where none are known (after
   * a restart) they are from now on.
   */
  stillHas(before: Buffer, offset: number): boolean {
    if (this.#guardEnd !== offset) {
      before.copy(this.#guard);
      this.#guardBytes = before.length;
      this.#guardEnd = offset;
      return true;
    }
    const length = Math.min(before.length, this.#guardBytes);
    const known = this.#guard.subarray(this.#guardBytes - length, this.#guardBytes);
    return known.equals(before.subarray(before.length - length));
  }

  /** What was read from there on is read again. */
  cutBack(to: number): void {
    this.#batches = this.#batches.filter(({ end }) => end <= to);
  }

  /** Whether the bytes are those that were read as this batch; the last event may have got its newline from us. */
  static isBatch(bytes: Buffer, { crc }: ReadBatch): boolean {
    const seen = crc32(bytes);
    return seen === crc || crc32('\n', seen) === crc;
  }
}
