// Reads a log from an offset on, for one destination: whole batches, each checked against the checksum that was made
// when its bytes arrived. What cannot be delivered as it came comes back as a gap with a reason, never as events.

import { crc32 } from 'node:zlib';
import type { Disk } from './disk.ts';
import type { BatchRecord } from './record.ts';
import { HEADER_BYTES } from './record.ts';
import { batchesFrom, type Segment } from './segment.ts';
import type { SegmentStore } from './store.ts';
import { unlessGone } from './survey.ts';
import type { Turnstile } from './turnstile.ts';
import { readDespiteDamage } from './unreadable.ts';

export interface ReadBatch {
  readonly record: BatchRecord;
  readonly bytes: Buffer;
}

export type GapReason = 'peerLost' | 'damaged';

export type ReadResult =
  | { readonly kind: 'batches'; readonly batches: readonly ReadBatch[] }
  /** Bytes [from, to) that the log no longer has or that are not what was written; `eventsAt`: events before `to`. */
  | {
      readonly kind: 'gap';
      readonly from: number;
      readonly to: number;
      readonly eventsAt: number;
      readonly reason: GapReason;
    }
  | { readonly kind: 'end' };

/** Told what did not check out. */
export type OnDamage = (name: string, bytes: Buffer) => Promise<void>;

/** Reads of sealed segments at once, over all readers of a log: half of the threads that Node has for files. */
export const COLD_READS_MAX = 2;

export class LogReader {
  readonly #disk: Disk;
  readonly #onDamage: OnDamage;
  readonly #store: SegmentStore;
  #offset: number;
  #segment: Segment | null = null;
  readonly #cold: Turnstile;
  #fd = -1;
  /** Held, so that a reader that is slow does not read and check a whole journal for every step. */
  #journal: Buffer | null = null;
  /** Where in the segment's journal the next record is looked for. */
  #journalAt = HEADER_BYTES;

  constructor(disk: Disk, store: SegmentStore, offset: number, onDamage: OnDamage, cold: Turnstile) {
    this.#disk = disk;
    this.#cold = cold;
    this.#onDamage = onDamage;
    this.#store = store;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  /**
   * The next batches, as many as are committed and fit the buffer, whole. A batch larger than the buffer gets one of
   * its own. Nothing from `limit`, a batch boundary, on is read. The bytes are valid until the buffer is used again.
   */
  async next(buffer: Buffer, limit = Number.POSITIVE_INFINITY): Promise<ReadResult> {
    if (this.#offset >= Math.min(this.#store.end, limit)) return { kind: 'end' };
    const { segment, isThere } = await this.#enter();
    if (!isThere) {
      // the oldest is being deleted this moment, or was since we began to look; another has vanished
      const isExpired = segment.base === this.#store.start || !this.#store.segments.includes(segment);
      const reason = isExpired ? 'peerLost' : 'damaged';
      return this.#gap(segment.end, segment.baseEvent + segment.events, reason);
    }
    if (this.#offset < segment.base) {
      // before the oldest byte: the receiver went back to what is expired; between segments: one of them is lost
      const reason = segment.base === this.#store.start ? 'peerLost' : 'damaged';
      return this.#gap(segment.base, segment.baseEvent, reason);
    }
    const journal = await this.#journalOf(segment);
    const records: BatchRecord[] = [];
    let size = 0;
    let beyond: BatchRecord | null = null;
    let journalAt = this.#journalAt;
    for (const { record, next } of batchesFrom(journal, journalAt, segment.journalBytes)) {
      // behind a sealed segment's end there may be records of a commit that failed
      if (record.from >= segment.end) break;
      if (record.from >= limit) {
        beyond = record;
        break;
      }
      if (record.to > this.#offset) {
        const last = records.at(-1);
        // what lies between two records that do not touch is nobody's to deliver
        if (last !== undefined && (record.from !== last.to || size + record.bytes > buffer.length)) break;
        records.push(record);
        size += record.bytes;
        if (size >= buffer.length) {
          journalAt = next;
          break;
        }
      }
      journalAt = next;
    }
    const [first] = records;
    if (first === undefined || first.from !== this.#offset) {
      // the journal does not say what lies here: give it up as far as the next thing that is known
      const known = first ?? beyond;
      const to = first?.from ?? Math.min(segment.end, limit);
      return this.#gap(to, known?.eventsBefore ?? segment.baseEvent + segment.events, 'damaged');
    }
    const result = await this.#read(first, records, size, buffer);
    this.#journalAt = this.#offset === records.at(-1)?.to ? journalAt : HEADER_BYTES;
    return result;
  }

  /** Goes on at another batch boundary. */
  seek(offset: number): void {
    // records further on are looked for from where the last one was found
    if (offset < this.#offset) this.#journalAt = HEADER_BYTES;
    this.#offset = offset;
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = -1;
    this.#journal = null;
    this.#segment = null;
    if (fd !== -1) await this.#disk.close(fd);
  }

  async #read(
    first: BatchRecord,
    records: readonly BatchRecord[],
    size: number,
    buffer: Buffer,
  ): Promise<ReadResult> {
    const into = size <= buffer.length ? buffer.subarray(0, size) : Buffer.allocUnsafeSlow(size);
    const read = () => readDespiteDamage(this.#disk, this.#fd, into, first.position);
    // what lags may have to wait for the disk; what keeps up reads what was just written
    const isHot = this.#segment === this.#store.active.segment;
    const got = await (isHot ? read() : this.#cold.pass(read));
    const batches: ReadBatch[] = [];
    for (const record of records) {
      const at = record.from - first.from;
      const bytes = into.subarray(at, at + record.bytes);
      if (at + record.bytes > got || crc32(bytes) !== record.crc) {
        if (batches.length > 0) break;
        this.#offset = record.to;
        await this.#setAside(record, bytes.subarray(0, Math.max(0, got - at)));
        const eventsAt = record.eventsBefore + record.events;
        return { kind: 'gap', from: record.from, to: record.to, eventsAt, reason: 'damaged' };
      }
      batches.push({ record, bytes });
    }
    this.#offset = batches.at(-1)?.record.to ?? this.#offset;
    return { kind: 'batches', batches };
  }

  /** For someone to look at; that it cannot be kept costs only that. */
  async #setAside({ from, to }: BatchRecord, bytes: Buffer): Promise<void> {
    await this.#onDamage(`damaged-${from}-${to}`, bytes).catch(() => undefined);
  }

  /** One that is written to grows in its buffer, until it moves to a larger one. */
  async #journalOf(segment: Segment): Promise<Buffer> {
    if (this.#journal !== null && this.#journal.length >= segment.journalBytes) return this.#journal;
    this.#journal = await segment.journal(this.#disk);
    return this.#journal;
  }

  #gap(to: number, eventsAt: number, reason: GapReason): ReadResult {
    const from = this.#offset;
    this.#offset = to;
    return { kind: 'gap', from, to, eventsAt, reason };
  }

  async #enter(): Promise<{ readonly segment: Segment; readonly isThere: boolean }> {
    const current = this.#segment;
    const isThere = current !== null && this.#store.segments.includes(current);
    if (isThere && this.#offset >= current.base && this.#offset < current.end)
      return { segment: current, isThere };
    await this.close();
    const segment = this.#store.find(this.#offset);
    if (segment === null) throw new Error(`no segment holds offset ${this.#offset}`);
    const fd = await unlessGone(this.#disk.open(segment.path, 'r'));
    if (fd === null) return { segment, isThere: false };
    this.#fd = fd;
    this.#segment = segment;
    this.#journalAt = HEADER_BYTES;
    return { segment, isThere: true };
  }
}
