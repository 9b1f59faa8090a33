// The segment that is written to: its two open files and how far each is written.
//
// Data is written (and synced) first, then the journal record that makes it count. The journal is preallocated with
// zeros a piece ahead, so that most commits change no file size and its sync stays cheap.

import type { Disk } from './disk.ts';
import { encodeHeader, encodeNote, HEADER_BYTES, type NoteRecord, recordSize } from './record.ts';
import { Segment } from './segment.ts';

/** A journal that is being made; what a crash leaves of it is removed by `recover`. */
export const MAKING_SUFFIX = '.tmp';
const PREALLOCATE_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(PREALLOCATE_BYTES);

export class ActiveSegment {
  readonly segment: Segment;
  readonly #disk: Disk;
  readonly #dataFd: number;
  readonly #journalFd: number;
  #journal: Buffer;
  #dataAt: number;
  #journalAt: number;
  #allocated: number;
  #closed = false;

  private constructor(disk: Disk, segment: Segment, dataFd: number, journalFd: number, journal: Buffer) {
    this.#disk = disk;
    this.segment = segment;
    this.#dataFd = dataFd;
    this.#journalFd = journalFd;
    this.#journal = journal;
    this.#dataAt = segment.bytes;
    this.#journalAt = segment.journalBytes;
    this.#allocated = segment.journalBytes;
    segment.holdJournal(journal);
  }

  /** Makes both files and writes the header and the checkpoint. Nothing counts until the checkpoint is whole. */
  static async create(
    disk: Disk,
    place: {
      dir: string;
      stream: string;
      base: number;
      baseEvent: number;
      nowMs: number;
      durable: boolean;
    },
    checkpoint: NoteRecord,
  ): Promise<ActiveSegment> {
    const { dir, stream, base, baseEvent, nowMs, durable } = place;
    const segment = new Segment(dir, base, baseEvent, nowMs);
    const dataFd = await disk.open(segment.path, 'w+');
    let journalFd = -1;
    try {
      // beside the old one: a segment that is begun again may have commits in its journal, though no data
      const making = `${segment.journalPath}${MAKING_SUFFIX}`;
      journalFd = await disk.open(making, 'w+');
      const header = encodeHeader({ baseOffset: base, baseEvent, createdMs: nowMs, stream });
      const first = Buffer.concat([header, encodeNote(checkpoint)]);
      const active = new ActiveSegment(disk, segment, dataFd, journalFd, Buffer.alloc(PREALLOCATE_BYTES));
      await active.writeJournal(first);
      // what it replaces may have been on the disk for long
      if (durable || (await isThere(disk, segment.journalPath))) await active.syncJournal();
      await disk.rename(making, segment.journalPath);
      if (durable) {
        await disk.syncDirectory(dir);
        await disk.syncDirectory(`${dir}/journal`);
      }
      segment.journalBytes = first.length;
      return active;
    } catch (error) {
      await disk.close(dataFd).catch(() => undefined);
      if (journalFd !== -1) await disk.close(journalFd).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Goes on with the last segment after a restart: what lies behind the last commit is cut off. What is left of the
   * process before us may be in the page cache only, and sources are about to rely on it, so it is synced first.
   */
  static async resume(
    disk: Disk,
    segment: Segment,
    { dir, durable }: { dir: string; durable: boolean },
  ): Promise<ActiveSegment> {
    const journal = await segment.journal(disk);
    // a data file that is gone is made anew, of zeros: what was in it then reads as the damage that it is
    const there = await isThere(disk, segment.path);
    const dataFd = await disk.open(segment.path, there ? 'r+' : 'w+');
    let journalFd = -1;
    try {
      await disk.truncate(dataFd, segment.bytes);
      journalFd = await disk.open(segment.journalPath, 'r+');
      await disk.truncate(journalFd, segment.journalBytes);
      if (durable) {
        await disk.sync(dataFd);
        // a sync of it may have failed before us: then a second one succeeds without the bytes, unless they are new
        await disk.write(journalFd, journal.subarray(0, segment.journalBytes), 0);
        await disk.sync(journalFd);
        await disk.syncDirectory(dir);
        await disk.syncDirectory(`${dir}/journal`);
      }
      return new ActiveSegment(disk, segment, dataFd, journalFd, Buffer.from(journal));
    } catch (error) {
      await disk.close(dataFd).catch(() => undefined);
      if (journalFd !== -1) await disk.close(journalFd).catch(() => undefined);
      throw error;
    }
  }

  /** Bytes of both files as they are on the disk. */
  get diskBytes(): number {
    return this.#dataAt + this.#allocated;
  }

  /** Where the next data goes, as a position in the file. */
  get dataAt(): number {
    return this.#dataAt;
  }

  get journalAt(): number {
    return this.#journalAt;
  }

  /** Where its journal was when it held nothing but the checkpoint. */
  get begunAt(): number {
    return HEADER_BYTES + recordSize(this.#journal, HEADER_BYTES, this.#journalAt, true);
  }

  /** @returns the position in the file of the first byte. */
  async writeData(chunks: readonly Buffer[], bytes: number): Promise<void> {
    const at = this.#dataAt;
    this.#dataAt += bytes;
    await this.#disk.writev(this.#dataFd, chunks, at);
  }

  syncData(): Promise<void> {
    return this.#disk.sync(this.#dataFd);
  }

  async writeJournal(records: Buffer): Promise<void> {
    const at = this.#journalAt;
    const end = at + records.length;
    this.#reserve(end);
    records.copy(this.#journal, at);
    this.#journalAt = end;
    if (end > this.#allocated) {
      await this.#disk.writev(this.#journalFd, [records, ZEROS], at);
      this.#allocated = end + ZEROS.length;
    } else {
      await this.#disk.write(this.#journalFd, records, at);
    }
  }

  syncJournal(): Promise<void> {
    return this.#disk.sync(this.#journalFd);
  }

  /**
   * Cuts what was preallocated or not committed, and closes both files.
   * @throws where data that does not count cannot be cut off: people read the file as it is. Call it again then.
   */
  async seal(): Promise<void> {
    if (this.#closed) return;
    const { segment } = this;
    if (this.#dataAt !== segment.bytes) {
      // records first, and for good: one that outlived its bytes would pass for a commit that has rotted
      await this.#disk.truncate(this.#journalFd, segment.journalBytes);
      await this.#disk.sync(this.#journalFd);
      await this.#disk.truncate(this.#dataFd, segment.bytes);
      this.#dataAt = segment.bytes;
    }
    this.#closed = true;
    const tidy = [
      () => this.#disk.truncate(this.#journalFd, segment.journalBytes),
      () => this.#disk.close(this.#journalFd),
      () => this.#disk.close(this.#dataFd),
    ];
    for (const step of tidy) {
      try {
        await step();
      } catch {
        // what is left of the journal behind the last commit is ignored by every reader
      }
    }
    segment.holdJournal(null);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#journal.length) return;
    const grown = Buffer.alloc(Math.max(bytes, this.#journal.length * 2));
    this.#journal.copy(grown, 0, 0, this.#journalAt);
    this.#journal = grown;
    this.segment.holdJournal(grown);
  }
}

function isThere(disk: Disk, path: string): Promise<boolean> {
  return disk.facts(path).then(
    () => true,
    () => false,
  );
}
