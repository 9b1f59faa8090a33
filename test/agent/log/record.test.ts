// Journal records: they come back as they were written, no damaged byte goes unnoticed, and zeros are the end.

import test from 'ava';
import fc from 'fast-check';
import {
  BATCH_BYTES,
  type BatchRecord,
  decodeBatch,
  decodeHeader,
  decodeNote,
  encodeBatch,
  encodeHeader,
  encodeNote,
  HEADER_BYTES,
  isBatch,
  type NoteRecord,
  recordSize,
} from '../../../agent/log/record.ts';

const u32 = fc.nat(0xffff_ffff);
const u64 = fc.maxSafeNat();
const anyBatch: fc.Arbitrary<BatchRecord> = fc
  .record({
    source: u32,
    from: fc.nat(2 ** 40),
    eventsBefore: u64,
    events: u32,
    bytes: u32,
    crc: u32,
    sourceFrom: u64,
    sourceEnd: u64,
    segment: u64,
    position: u64,
    timeMs: u64,
    sequence: u64,
    durable: fc.boolean(),
    group: u32,
  })
  .map((fields) => ({ ...fields, to: fields.from + fields.bytes }));
const anyNote: fc.Arbitrary<NoteRecord> = fc.record({
  type: fc.constantFrom(2, 3, 4, 5),
  source: u32,
  body: fc.jsonValue(),
});

function encoded(batch: BatchRecord): Buffer {
  const out = Buffer.alloc(BATCH_BYTES, 0xff);
  encodeBatch(out, 0, batch);
  return out;
}

test('a header comes back as it was written', (t) => {
  fc.assert(
    fc.property(u64, u64, u64, fc.boolean(), (baseOffset, baseEvent, createdMs, named) => {
      const header = { baseOffset, baseEvent, createdMs, stream: named ? 'c0ffee'.padEnd(32, '1') : null };
      t.deepEqual(decodeHeader(encodeHeader(header)), header);
    }),
  );
});

test('records come back as they were written, one behind the other', (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyBatch, anyNote), { maxLength: 8 }), (records) => {
      const bytes = Buffer.concat([
        ...records.map((record) => ('body' in record ? encodeNote(record) : encoded(record))),
        Buffer.alloc(200),
      ]);
      let at = 0;
      for (const record of records) {
        const size = recordSize(bytes, at, bytes.length, false);
        t.true(size > 0);
        t.is(recordSize(bytes, at, bytes.length, true), size);
        t.is(recordSize(bytes, at, at + size - 1, false), 0, 'a record that is cut short is the end');
        t.deepEqual(
          isBatch(bytes, at) ? decodeBatch(bytes, at) : jsonOf(decodeNote(bytes, at)),
          jsonOf(record),
        );
        at += size;
      }
      t.is(recordSize(bytes, at, bytes.length, false), 0, 'zeros are the end');
    }),
  );
});

/** -0 is 0 in JSON. */
function jsonOf(record: BatchRecord | NoteRecord): unknown {
  return 'body' in record ? { ...record, body: JSON.parse(JSON.stringify(record.body)) } : record;
}

test('every damaged byte of a header, a batch or a note is noticed', (t) => {
  const damage = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  const anyHeader = fc
    .tuple(u64, u64)
    .map(([baseOffset, baseEvent]) => encodeHeader({ baseOffset, baseEvent, createdMs: 1, stream: null }));
  fc.assert(
    fc.property(anyHeader, damage, (bytes, [at, change]) => {
      bytes.writeUInt8(bytes.readUInt8(at % HEADER_BYTES) ^ change, at % HEADER_BYTES);
      return decodeHeader(bytes) === null;
    }),
    { numRuns: 2000 },
  );
  const anyRecord = fc.oneof(anyBatch.map(encoded), anyNote.map(encodeNote));
  fc.assert(
    fc.property(anyRecord, damage, (bytes, [at, change]) => {
      const place = at % bytes.length;
      bytes.writeUInt8(bytes.readUInt8(place) ^ change, place);
      return recordSize(bytes, 0, bytes.length, false) === 0;
    }),
    { numRuns: 5000 },
  );
  t.pass();
});

test('a header that is cut short, empty or zero is none', (t) => {
  const header = encodeHeader({ baseOffset: 1, baseEvent: 2, createdMs: 3, stream: null });
  for (let size = 0; size < HEADER_BYTES; size++) t.is(decodeHeader(header.subarray(0, size)), null);
  t.is(decodeHeader(Buffer.alloc(HEADER_BYTES)), null);
});

test('random bytes are no records', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (bytes) => {
      return recordSize(Buffer.from(bytes), 0, bytes.length, false) === 0;
    }),
    { numRuns: 5000 },
  );
  t.pass();
});
