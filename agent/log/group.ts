// What is committed together: the items of a group, the data and the records that it puts down.

import type { ActiveSegment } from './active.ts';
import { BATCH_BYTES, type BatchRecord, encodeBatch, encodeNote, type NoteRecord } from './record.ts';
import type { SourceState, SourceTable } from './sources.ts';

/** A contiguous range of whole events from one source. The chunks must not change until the promise settles. */
export interface Append {
  readonly source: SourceState;
  readonly from: number;
  readonly end: number;
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  readonly events: number;
  readonly crc: number;
  readonly sequence: number;
}

export type Item = PromiseWithResolvers<void> &
  (
    | { readonly append: Append; readonly note?: never }
    | { readonly note: NoteRecord; readonly append?: never }
  );

export interface Group {
  readonly items: readonly Item[];
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  /** At most what its records take. */
  readonly journalBytes: number;
}

/** A group waits for room as one: it must not be larger than what a small log has when nothing waits in it. */
const GROUP_BYTES_MAX = 4 * 1024 * 1024;
/** More than the numbers in the definition of a source may grow until it is written. */
const DEFINITION_GROWTH_BYTES = 128;

export class Grouping {
  readonly #table: SourceTable;
  readonly #bytesMax: number;
  readonly #durable: boolean;
  readonly #now: () => number;
  /** Sources that the journals define. */
  readonly #defined: Set<number>;

  constructor(
    table: SourceTable,
    { segmentBytes, durable }: { readonly segmentBytes: number; readonly durable: boolean },
    now: () => number,
  ) {
    this.#table = table;
    this.#bytesMax = Math.min(GROUP_BYTES_MAX, segmentBytes);
    this.#durable = durable;
    this.#now = now;
    this.#defined = new Set(table.indexes());
  }

  /** As much of the beginning of the list as goes into one group, taken off it; one item at least. */
  take(pending: Item[]): Group {
    const chunks: Buffer[] = [];
    const defining = new Set<number>();
    let bytes = 0;
    let journalBytes = 0;
    let count = 0;
    for (const item of pending) {
      const { append } = item;
      const dataBytes = append?.bytes ?? 0;
      const recordBytes = this.#recordBytes(item, defining);
      if (count > 0 && bytes + journalBytes + dataBytes + recordBytes > this.#bytesMax) break;
      count++;
      journalBytes += recordBytes;
      bytes += dataBytes;
      if (append !== undefined) chunks.push(...append.chunks);
    }
    return { items: pending.splice(0, count), chunks, bytes, journalBytes };
  }

  /** The records of a group, behind what the segment holds; the sources in it are defined from now on. */
  encode(group: Group, { segment, journalAt }: ActiveSegment): { bytes: Buffer; batches: BatchRecord[] } {
    const batches: BatchRecord[] = [];
    const parts: Buffer[] = [];
    let from = segment.end;
    let eventsBefore = segment.baseEvent + segment.events;
    for (const { append, note } of group.items) {
      const index = append === undefined ? note.source : append.source.index;
      const definition = this.#defined.has(index) ? null : this.#table.definition(index);
      if (definition !== null) {
        parts.push(encodeNote(definition));
        this.#defined.add(index);
      }
      if (append === undefined) {
        parts.push(encodeNote(note));
        continue;
      }
      const { source, bytes, events, crc, sequence } = append;
      const record: BatchRecord = {
        source: source.index,
        from,
        to: from + bytes,
        eventsBefore,
        events,
        bytes,
        crc,
        sourceFrom: append.from,
        sourceEnd: append.end,
        segment: segment.base,
        position: from - segment.base,
        timeMs: this.#now(),
        sequence,
        durable: this.#durable,
        group: journalAt,
      };
      const encoded = Buffer.allocUnsafe(BATCH_BYTES);
      encodeBatch(encoded, 0, record);
      parts.push(encoded);
      batches.push(record);
      from += bytes;
      eventsBefore += events;
    }
    return { bytes: Buffer.concat(parts), batches };
  }

  /** A checkpoint defines these. */
  defined(indexes: readonly number[]): void {
    for (const index of indexes) this.#defined.add(index);
  }

  forgotten(index: number): void {
    this.#defined.delete(index);
  }

  /** At most what an item adds to the journal, with the definition of its source where there is none yet. */
  #recordBytes({ append, note }: Item, defining: Set<number>): number {
    const index = append === undefined ? note.source : append.source.index;
    const bytes = append === undefined ? encodeNote(note).length : BATCH_BYTES;
    if (this.#defined.has(index) || defining.has(index)) return bytes;
    defining.add(index);
    const definition = this.#table.definition(index);
    return definition === null ? bytes : bytes + encodeNote(definition).length + DEFINITION_GROWTH_BYTES;
  }
}
