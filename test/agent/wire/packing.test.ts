// Compressed batches: what goes in comes out, and what a hostile sender makes of them costs nothing.

import { randomBytes } from 'node:crypto';
import type net from 'node:net';
import { PassThrough } from 'node:stream';
import { crc32, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { BATCH_ZSTD, encodeHeader, FrameParser, FrameType } from '../../../agent/wire/frame.ts';
import { Packer, unpack, writeBatch } from '../../../agent/wire/packing.ts';

const LIMITS = { messageBytesMax: 1_000, batchBytesMax: 65_536, unpack };

function packedFrame(body: Buffer, more: object = {}): Buffer {
  const packed = zstdCompressSync(body);
  const header = {
    type: FrameType.batch,
    flags: BATCH_ZSTD,
    bodyBytes: packed.length,
    plainBytes: body.length,
  };
  return Buffer.concat([encodeHeader({ ...header, crc: crc32(body), ...more }), packed]);
}

async function sent(packer: Packer, body: Buffer): Promise<Buffer> {
  const wire = new PassThrough();
  await packer.prepare([body]);
  const fields = { from: 0, to: body.length, events: 1, crc: crc32(body), sequence: 1 };
  writeBatch(wire as unknown as net.Socket, fields, body, packer);
  return wire.read() as Buffer;
}

test('a batch arrives as it was, cut at every byte, and the saving is counted', async (t) => {
  const packer = new Packer(3);
  const body = Buffer.from('cpu,host=a value=1 123456789\n'.repeat(100));
  const wire = await sent(packer, body);
  t.is(packer.plainBytes, body.length);
  t.true(packer.sentBytes < body.length / 10, `${packer.sentBytes}`);
  for (let cut = 1; cut < wire.length; cut += 7) {
    const parser = new FrameParser(LIMITS);
    const frames = [...parser.push(wire.subarray(0, cut)), ...parser.push(wire.subarray(cut))];
    t.is(frames.length, 1);
    t.deepEqual(frames[0]?.body, body);
    t.is(frames[0]?.header.bodyBytes, body.length);
  }
});

test('what compression does not make smaller goes as it is', async (t) => {
  const packer = new Packer(1);
  for (const body of [randomBytes(5_000), Buffer.from('short\n')]) {
    const wire = await sent(packer, body);
    const [frame] = new FrameParser({ ...LIMITS, unpack: () => t.fail() as never }).push(wire);
    t.deepEqual(frame?.body, body);
  }
  t.is(packer.sentBytes, packer.plainBytes);
});

test('decompression-bomb: nothing is allocated beyond the limit, whatever the header and zstd say', (t) => {
  const bomb = zstdCompressSync(Buffer.alloc(64 * 2 ** 20));
  t.true(bomb.length < 65_536);
  const header = { type: FrameType.batch, flags: BATCH_ZSTD, bodyBytes: bomb.length } as const;
  const announced = encodeHeader({ ...header, plainBytes: 64 * 2 ** 20 });
  t.throws(() => [...new FrameParser(LIMITS).push(announced)], {
    message: /announces 67108864 bytes, at most 65536/,
  });
  const lied = Buffer.concat([encodeHeader({ ...header, plainBytes: 65_536 }), bomb]);
  const before = process.memoryUsage().arrayBuffers;
  t.throws(() => [...new FrameParser(LIMITS).push(lied)], { message: /is not 65536 bytes of zstd/ });
  t.true(process.memoryUsage().arrayBuffers - before < 2 ** 20);
});

test('not zstd, another size, another checksum, and not agreed', (t) => {
  const body = Buffer.from('one\n'.repeat(100));
  const parse = (bytes: Buffer) => [...new FrameParser(LIMITS).push(bytes)];
  t.is(parse(packedFrame(body)).length, 1);
  const reason = (bytes: Buffer, limits: ConstructorParameters<typeof FrameParser>[0] = LIMITS) => {
    const error = t.throws(() => [...new FrameParser(limits).push(bytes)], { code: 'protocol' });
    return (error as unknown as { data: { reason: string } }).data.reason;
  };
  t.is(reason(packedFrame(body, { plainBytes: 399 })), 'compression');
  t.is(reason(packedFrame(body, { plainBytes: 401 })), 'compression');
  t.is(reason(packedFrame(body, { plainBytes: 0 })), 'compression');
  t.is(reason(packedFrame(body, { crc: 1 })), 'body-checksum');
  const garbage = packedFrame(body);
  garbage.fill(7, 64);
  t.is(reason(garbage), 'compression');
  const { unpack: _, ...without } = LIMITS;
  t.is(reason(packedFrame(body), without), 'compression');
});
