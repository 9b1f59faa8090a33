// Frames: whatever arrives, in whatever pieces, is a frame as it was sent or a counted reason to hang up.

import { crc32 } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { SpillwayError } from '../../../agent/errors.ts';
import {
  BATCH_ZSTD,
  encodeHeader,
  encodeMessage,
  type Frame,
  type FrameHeader,
  FrameParser,
  FrameType,
  HEADER_BYTES,
} from '../../../agent/wire/frame.ts';

const LIMITS = { messageBytesMax: 16 * 1024, batchBytesMax: 64 * 1024 };
const REASONS = new Set([
  'not-spillway',
  'header-checksum',
  'body-checksum',
  'frame-type',
  'number-range',
  'oversized',
  'compression',
]);

const batch = (body: Buffer, fields: Partial<FrameHeader> = {}): Buffer =>
  Buffer.concat([
    encodeHeader({ type: FrameType.batch, bodyBytes: body.length, crc: crc32(body), ...fields }),
    body,
  ]);

/** Everything the parser makes of some chunks; bodies are copied. */
function parse(chunks: Iterable<Buffer>, limits = LIMITS): { frames: Frame[]; reason: string | null } {
  const parser = new FrameParser(limits);
  const frames: Frame[] = [];
  try {
    for (const chunk of chunks) {
      for (const { header, body } of parser.push(chunk)) frames.push({ header, body: Buffer.from(body) });
    }
  } catch (error) {
    if (!(error instanceof SpillwayError) || error.code !== 'protocol') throw error;
    return { frames, reason: String(error.data['reason']) };
  }
  return { frames, reason: null };
}

const anyHeader = fc.record({
  type: fc.constantFrom(...Object.values(FrameType)),
  flags: fc.nat(255),
  from: fc.maxSafeNat(),
  to: fc.maxSafeNat(),
  sequence: fc.maxSafeNat(),
  events: fc.nat(0xffff_ffff),
  credit: fc.maxSafeNat(),
});
const anyFrame = fc
  .tuple(anyHeader, fc.uint8Array({ maxLength: 300, size: 'max' }))
  .map(([header, bytes]) => {
    const carries = header.type <= FrameType.batch;
    const body = Buffer.from(carries ? bytes : []);
    // compressed batches are packing.test.ts's
    const flags = header.type === FrameType.batch ? header.flags & ~BATCH_ZSTD : header.flags;
    const sizes = { bodyBytes: body.length, plainBytes: 0 };
    const whole: FrameHeader = { ...header, flags, ...sizes, crc: crc32(body) };
    return { header: whole, body, bytes: Buffer.concat([encodeHeader(whole), body]) };
  });

test('frames come out as they went in, however the bytes are cut', (t) => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 6 }),
      fc.array(fc.nat(200), { maxLength: 30 }),
      (sent, cuts) => {
        const bytes = Buffer.concat(sent.map((frame) => frame.bytes));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut));
          at = Math.min(bytes.length, at + cut);
        }
        chunks.push(bytes.subarray(at));
        const { frames, reason } = parse(chunks);
        t.is(reason, null);
        t.deepEqual(
          frames.map(({ header, body }) => ({ header, body })),
          sent.map(({ header, body }) => ({ header, body })),
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test('a skip of more events than 32 bits hold, up to the largest exact number', (t) => {
  for (const events of [2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
    const to = Number.MAX_SAFE_INTEGER;
    const { frames, reason } = parse([encodeHeader({ type: FrameType.skip, flags: 1, from: 7, to, events })]);
    t.is(reason, null);
    t.like(frames[0]?.header, { type: FrameType.skip, from: 7, to, events });
  }
});

test('cut at every byte', (t) => {
  const bytes = Buffer.concat([
    encodeMessage(FrameType.hello, { a: 1 }),
    batch(Buffer.from('one\ntwo\n'), { from: 5, to: 13, events: 2 }),
    encodeHeader({ type: FrameType.bye }),
  ]);
  const whole = parse([bytes]).frames;
  t.is(whole.length, 3);
  for (let cut = 0; cut <= bytes.length; cut++) {
    t.deepEqual(parse([bytes.subarray(0, cut), bytes.subarray(cut)]), { frames: whole, reason: null });
    const { frames, reason } = parse([bytes.subarray(0, cut)]);
    t.is(reason, null);
    t.deepEqual(frames, whole.slice(0, frames.length));
  }
});

test('every flipped bit of a batch is noticed', (t) => {
  const good = batch(Buffer.from('one\ntwo\n'), { from: 5, to: 13, events: 2, sequence: 9 });
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bytes = Buffer.from(good);
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const { frames, reason } = parse([bytes]);
    t.is(frames.length, 0, `bit ${bit}`);
    t.true(reason !== null && REASONS.has(reason), `bit ${bit}: ${reason}`);
  }
});

test('random and mutated bytes end in a frame or in a counted reason', (t) => {
  const seen = new Set<string>();
  const mutated = fc
    .tuple(
      fc.array(anyFrame, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    )
    .map(([frames, edits]) => {
      const bytes = Buffer.concat(frames.map((frame) => frame.bytes));
      for (const [at, value] of edits) bytes.writeUInt8(value, at % bytes.length);
      return bytes;
    });
  const random = fc.uint8Array({ maxLength: 200, size: 'max' }).map((bytes) => Buffer.from(bytes));
  const checks = fc.oneof(mutated, random, random.map(withMagic), random.map(withChecksum));
  fc.assert(
    fc.property(checks, (bytes) => {
      const { reason } = parse([bytes]);
      if (reason !== null) seen.add(reason);
      return reason === null || REASONS.has(reason);
    }),
    { numRuns: 30_000 },
  );
  t.deepEqual([...seen].sort(), [...REASONS].sort(), 'every reason was met');
});

function withMagic(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x53, 0x57]), bytes]);
}

/** A header of any content that checks out. */
function withChecksum(bytes: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  withMagic(bytes).copy(head, 0, 0, 60);
  head.writeUInt8(head.readUInt8(2) % 10, 2);
  head.writeUInt32LE(crc32(head.subarray(0, 60)), 60);
  return Buffer.concat([head, bytes]);
}

test('a length that is not allowed is refused before anything is allocated for it', (t) => {
  const asked: number[] = [];
  const limits = {
    ...LIMITS,
    bodyBuffer: (bytes: number) => {
      asked.push(bytes);
      return Buffer.alloc(bytes);
    },
  };
  const before = process.memoryUsage().arrayBuffers;
  for (const type of Object.values(FrameType)) {
    for (const bodyBytes of [LIMITS.batchBytesMax + 1, 0x7fff_ffff, 0xffff_ffff]) {
      t.is(parse([encodeHeader({ type, bodyBytes })], limits).reason, 'oversized');
    }
  }
  t.deepEqual(asked, []);
  t.true(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
});

test('frames that carry nothing may not announce a body, and messages have a limit of their own', (t) => {
  for (const type of [FrameType.skip, FrameType.ack, FrameType.beat, FrameType.bye]) {
    t.is(parse([encodeHeader({ type, bodyBytes: 1 })]).reason, 'oversized');
  }
  const bodyBytes = LIMITS.messageBytesMax + 1;
  t.is(parse([encodeHeader({ type: FrameType.hello, bodyBytes })]).reason, 'oversized');
  t.is(parse([encodeHeader({ type: FrameType.batch, bodyBytes })]).reason, null);
});

test('numbers beyond 2^53 are refused', (t) => {
  for (const at of [8, 16, 24, 40]) {
    const head = encodeHeader({ type: FrameType.ack });
    head.writeBigUInt64LE(2n ** 53n, at);
    head.writeUInt32LE(crc32(head.subarray(0, 60)), 60);
    t.is(parse([head]).reason, 'number-range');
  }
});

const STRANGERS = [
  ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', /HTTP/],
  ['POST /write HTTP/1.1\r\n\r\n', /HTTP/],
  ['PUT /x HTTP/1.0\r\n\r\n', /HTTP/],
  ['OPTIONS * HTTP/1.1\r\n\r\n', /HTTP/],
  [Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]), /TLS/],
  ['cpu,host=a value=1\n', /does not speak the hop protocol$/],
] as const;

test('a stranger is told apart at its first bytes', (t) => {
  for (const [opening, expected] of STRANGERS) {
    const parser = new FrameParser(LIMITS);
    const error = t.throws(() => [...parser.push(Buffer.from(opening))], { code: 'protocol' });
    t.regex(error?.message ?? '', expected);
    t.is(parse([Buffer.from(opening).subarray(0, 2)]).reason, 'not-spillway', 'two bytes are enough');
  }
});
