// One segment: a plain-text file of events and the journal that says what is in it.
//
//   <dir>/00000000000000000000.log            the events, byte for byte, nothing else
//   <dir>/journal/00000000000000000000.journal   see record.ts
//
// The name is the log offset of the first byte. The journal of the segment that is written to stays in memory
// (bounded by journalBytesMax), so a reader that keeps up reads no journal from the disk.

import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { BATCH_BYTES, type BatchRecord, decodeBatch, HEADER_BYTES, isBatch, recordSize } from './record.ts';
import { salvage } from './salvage.ts';
import { readDespiteDamage } from './unreadable.ts';

const NAME_DIGITS = 20;
export const SEGMENT_SUFFIX = '.log';
export const JOURNAL_SUFFIX = '.journal';
export const JOURNAL_DIRECTORY = 'journal';

export function segmentPath(dir: string, base: number): string {
  return join(dir, `${String(base).padStart(NAME_DIGITS, '0')}${SEGMENT_SUFFIX}`);
}

export function journalPath(dir: string, base: number): string {
  return join(dir, JOURNAL_DIRECTORY, `${String(base).padStart(NAME_DIGITS, '0')}${JOURNAL_SUFFIX}`);
}

/** The base offset in a segment's or journal's file name, or null for another file. */
export function baseOf(name: string, suffix: string): number | null {
  if (!name.endsWith(suffix) || name.length !== NAME_DIGITS + suffix.length) return null;
  const digits = name.slice(0, NAME_DIGITS);
  return /^\d+$/.test(digits) ? Number(digits) : null;
}

export interface DamagedRange {
  readonly from: Readonly<{ offset: number; events: number }>;
  readonly to: Readonly<{ offset: number; events: number }>;
}

export class Segment {
  readonly dir: string;
  readonly base: number;
  readonly baseEvent: number;
  readonly path: string;
  readonly journalPath: string;
  /** Committed. */
  bytes = 0;
  events = 0;
  journalBytes = 0;
  /** What its journal says behind its end, and its file has no more; found when the log was opened. */
  damaged: DamagedRange | null = null;
  lastMs: number;
  #journal: Buffer | null = null;
  #cached: WeakRef<Buffer> | null = null;

  constructor(dir: string, base: number, baseEvent: number, createdMs: number) {
    this.dir = dir;
    this.base = base;
    this.baseEvent = baseEvent;
    this.lastMs = createdMs;
    this.path = segmentPath(dir, base);
    this.journalPath = journalPath(dir, base);
  }

  get end(): number {
    return this.base + this.bytes;
  }

  /** Keeps the journal in memory while the segment is written to; `null` once it is sealed. */
  holdJournal(bytes: Buffer | null): void {
    if (bytes === null && this.#journal !== null) this.#cached = new WeakRef(this.#journal);
    this.#journal = bytes;
  }

  /** The journal's good records; only what is within the first `journalBytes` is committed. */
  async journal(disk: Disk): Promise<Buffer> {
    const known = this.#journal ?? this.#cached?.deref();
    if (known !== undefined) return known;
    const bytes = Buffer.allocUnsafeSlow(this.journalBytes);
    const fd = await disk.open(this.journalPath, 'r');
    try {
      const got = await readDespiteDamage(disk, fd, bytes, 0);
      const good = salvage(bytes.subarray(0, got), this.base)?.journal ?? Buffer.alloc(0);
      this.#cached = new WeakRef(good);
      return good;
    } finally {
      await disk.close(fd);
    }
  }
}

/** The batches of a journal from `offset` (a position in the journal) on, each with the position behind it. */
export function* batchesFrom(
  journal: Buffer,
  offset: number,
  end: number,
): Generator<{ record: BatchRecord; next: number }, void, undefined> {
  const limit = Math.min(end, journal.length);
  for (let at = Math.max(offset, HEADER_BYTES); at < limit; ) {
    const size = recordSize(journal, at, limit, true);
    if (size === 0) return;
    if (size === BATCH_BYTES && isBatch(journal, at))
      yield { record: decodeBatch(journal, at), next: at + size };
    at += size;
  }
}
