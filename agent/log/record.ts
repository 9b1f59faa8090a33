// Journal records: what was appended to the log, by whom, and where it lies.
//
// A journal file belongs to one segment and is named like it. All integers are little endian.
//
//   header  0 magic "SPWJ0001"   8 u64 base offset   16 u64 base event   24 u64 created, ms
//           32 the 16 bytes of the stream's id (zero: not known)   48 .. 60 zero   60 u32 crc32 of bytes 0..60
//   record  0 u32 crc32 of bytes 4..size   4 u32 size   8 u8 type   9 u8 flags   10 .. 12 zero   12 u32 source
//
//   batch (type 1, 96 bytes)
//          16 u64 log offset   24 u64 events in the log before it   32 u32 bytes   36 u32 events   40 u32 crc32
//          44 u32 group        48 u64 source from   56 u64 source end   64 u64 segment (its base offset)
//          72 u64 position in the segment           80 u64 time, ms     88 u64 sequence on its lane
//   note  (type 2: checkpoint, 3: source, 4: progress, 5: forget)   16 .. size: JSON, padded with spaces to 8
//
// Flags 1: the data was synced before this record was written. Group: where in the journal the records begin that were
// written and synced together with this one; everything before it was durable by then. By these two a restart tells
// what a crash tore (cut off: it was never acknowledged) from what rotted later (kept as a gap: it was).
//
// The first record of every journal is a checkpoint: the state of all sources when the segment was begun. Batches
// and progress after it are replayed on top, so a restart reads one journal however long the log is. Behind the
// last record the file is zero (preallocated) or torn: the first record that does not check out is the end.

import { crc32 } from 'node:zlib';
import { getU64, putU64 } from '../bytes.ts';

export const HEADER_BYTES = 64;
export const BATCH_BYTES = 96;
const NOTE_HEAD_BYTES = 16;
const STREAM_BYTES = 16;
/** Records begin at multiples of it. */
export const RECORD_ALIGNMENT = 8;
const MAGIC = Buffer.from('SPWJ0001', 'latin1');

export const RecordType = { batch: 1, checkpoint: 2, source: 3, progress: 4, forget: 5 } as const;
export type NoteType = 2 | 3 | 4 | 5;

export interface JournalHeader {
  readonly baseOffset: number;
  readonly baseEvent: number;
  readonly createdMs: number;
  /** The log it belongs to; null: it does not say. */
  readonly stream: string | null;
}

export interface BatchRecord {
  readonly source: number;
  /** Byte range [from, to) of the log. */
  readonly from: number;
  readonly to: number;
  /** Events in the log before this batch. */
  readonly eventsBefore: number;
  readonly events: number;
  readonly bytes: number;
  readonly crc: number;
  readonly sourceFrom: number;
  readonly sourceEnd: number;
  /** The segment that holds the bytes, by its base offset, and where in it they begin. */
  readonly segment: number;
  readonly position: number;
  readonly timeMs: number;
  readonly sequence: number;
  /** Its data was synced before the record was written. */
  readonly durable: boolean;
  /** Where in the journal the group of records begins that it was written with. */
  readonly group: number;
}

const FLAG_DURABLE = 1;

export interface NoteRecord {
  readonly type: NoteType;
  readonly source: number;
  readonly body: unknown;
}

export function encodeHeader(header: JournalHeader): Buffer {
  const out = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(out);
  putU64(out, header.baseOffset, 8);
  putU64(out, header.baseEvent, 16);
  putU64(out, header.createdMs, 24);
  if (header.stream !== null) out.write(header.stream, 32, STREAM_BYTES, 'hex');
  out.writeUInt32LE(crc32(out.subarray(0, 60)), 60);
  return out;
}

export function decodeHeader(bytes: Buffer): JournalHeader | null {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null;
  if (crc32(bytes.subarray(0, 60)) !== bytes.readUInt32LE(60)) return null;
  const id = bytes.subarray(32, 32 + STREAM_BYTES);
  const stream = id.every((byte) => byte === 0) ? null : id.toString('hex');
  return { baseOffset: getU64(bytes, 8), baseEvent: getU64(bytes, 16), createdMs: getU64(bytes, 24), stream };
}

/** Writes the record at `offset`, where BATCH_BYTES must be free. */
export function encodeBatch(out: Buffer, offset: number, record: BatchRecord): void {
  const at = out.subarray(offset, offset + BATCH_BYTES);
  at.fill(0);
  at.writeUInt32LE(BATCH_BYTES, 4);
  at.writeUInt8(RecordType.batch, 8);
  at.writeUInt8(record.durable ? FLAG_DURABLE : 0, 9);
  at.writeUInt32LE(record.source, 12);
  putU64(at, record.from, 16);
  putU64(at, record.eventsBefore, 24);
  at.writeUInt32LE(record.bytes, 32);
  at.writeUInt32LE(record.events, 36);
  at.writeUInt32LE(record.crc, 40);
  at.writeUInt32LE(record.group, 44);
  putU64(at, record.sourceFrom, 48);
  putU64(at, record.sourceEnd, 56);
  putU64(at, record.segment, 64);
  putU64(at, record.position, 72);
  putU64(at, record.timeMs, 80);
  putU64(at, record.sequence, 88);
  at.writeUInt32LE(crc32(at.subarray(4)), 0);
}

export function decodeBatch(bytes: Buffer, offset: number): BatchRecord {
  const from = getU64(bytes, offset + 16);
  const size = bytes.readUInt32LE(offset + 32);
  return {
    source: bytes.readUInt32LE(offset + 12),
    from,
    to: from + size,
    eventsBefore: getU64(bytes, offset + 24),
    events: bytes.readUInt32LE(offset + 36),
    bytes: size,
    crc: bytes.readUInt32LE(offset + 40),
    durable: (bytes.readUInt8(offset + 9) & FLAG_DURABLE) !== 0,
    group: bytes.readUInt32LE(offset + 44),
    sourceFrom: getU64(bytes, offset + 48),
    sourceEnd: getU64(bytes, offset + 56),
    segment: getU64(bytes, offset + 64),
    position: getU64(bytes, offset + 72),
    timeMs: getU64(bytes, offset + 80),
    sequence: getU64(bytes, offset + 88),
  };
}

export function encodeNote(note: NoteRecord): Buffer {
  const json = Buffer.from(JSON.stringify(note.body));
  const size = NOTE_HEAD_BYTES + Math.ceil(json.length / 8) * 8;
  const out = Buffer.alloc(size, ' ');
  out.fill(0, 0, NOTE_HEAD_BYTES);
  out.writeUInt32LE(size, 4);
  out.writeUInt8(note.type, 8);
  out.writeUInt32LE(note.source, 12);
  json.copy(out, NOTE_HEAD_BYTES);
  out.writeUInt32LE(crc32(out.subarray(4)), 0);
  return out;
}

export function decodeNote(bytes: Buffer, offset: number): NoteRecord {
  const size = bytes.readUInt32LE(offset + 4);
  const body: unknown = JSON.parse(bytes.toString('utf8', offset + NOTE_HEAD_BYTES, offset + size));
  return { type: bytes.readUInt8(offset + 8) as NoteType, source: bytes.readUInt32LE(offset + 12), body };
}

/**
 * Size of the record at `offset` if it is whole and checks out, else 0: the end of the journal.
 * `trusted` skips the checksum, for bytes that were checked before.
 */
export function recordSize(bytes: Buffer, offset: number, end: number, trusted: boolean): number {
  if (offset + NOTE_HEAD_BYTES > end) return 0;
  const size = bytes.readUInt32LE(offset + 4);
  if (size < NOTE_HEAD_BYTES || size % 8 !== 0 || offset + size > end) return 0;
  const type = bytes.readUInt8(offset + 8);
  if (type < RecordType.batch || type > RecordType.forget) return 0;
  if (type === RecordType.batch && size !== BATCH_BYTES) return 0;
  if (trusted) return size;
  return crc32(bytes.subarray(offset + 4, offset + size)) === bytes.readUInt32LE(offset) ? size : 0;
}

export function isBatch(bytes: Buffer, offset: number): boolean {
  return bytes.readUInt8(offset + 8) === RecordType.batch;
}
