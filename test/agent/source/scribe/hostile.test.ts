// What no client of Scribe should send: each ends its own connection with a counted reason, leaves no byte in the log
// and holds no room. SPILLWAY_SEED begins again where a failure was seen.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { type Frame, FrameReader, framed } from '../../../../agent/wire/scribe/frames.ts';
import { LogCallWriter } from '../../../../agent/wire/scribe/log-call.ts';
import { MessageType, messageHeader, struct } from '../../../../agent/wire/scribe/thrift.ts';
import { randomFrom } from '../random.ts';
import { until } from '../until.ts';
import { Serving } from './serving.ts';

const SEED = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
const OK = 0;

function callOf(messages: readonly string[], sequence = 0): Buffer {
  const writer = new LogCallWriter(64);
  writer.begin('cpu', sequence);
  for (const message of messages) writer.add(Buffer.from(message), 0, message.length);
  return Buffer.from(writer.finish());
}

const i32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value, 0);
  return bytes;
};
const whole = callOf(['kept out 1', 'kept out 2']);
const message = whole.subarray(4);
/** strict header, "Log", seqid, field list id 1 of structs */
const LIST_COUNT_AT = 4 + 4 + 3 + 4 + 3 + 1;
const withCount = (count: number) =>
  framed(
    Buffer.concat([message.subarray(0, LIST_COUNT_AT), i32(count), message.subarray(LIST_COUNT_AT + 4)]),
  );
const nested = Buffer.concat([
  message.subarray(0, LIST_COUNT_AT - 4),
  ...Array.from({ length: 40 }, () => Buffer.from([12, 0, 9])),
  Buffer.alloc(41),
]);

for (const [what, bytes, reason] of [
  ['a frame of no bytes', i32(0), 'frame-length'],
  ['a frame of fewer than no bytes', i32(-5), 'frame-length'],
  ['a frame of two gigabytes', i32(2 ** 31 - 1), 'oversized'],
  ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'oversized'],
  ['another version', framed(Buffer.concat([i32(-0x7ffdffff), message.subarray(4)])), 'malformed'],
  ['a reply', framed(Buffer.concat([i32(-0x7ffefffe), message.subarray(4)])), 'unexpected-message'],
  [
    'a message of no known type',
    framed(Buffer.concat([i32(-0x7ffeff00 + 9), message.subarray(4)])),
    'malformed',
  ],
  ['a method with a long name', framed(Buffer.concat([i32(1_000), Buffer.alloc(2_000, 97)])), 'malformed'],
  ['fewer bytes than the last entry says', framed(message.subarray(0, -8)), 'truncated'],
  ['bytes behind the last entry', framed(Buffer.concat([message, Buffer.from('x')])), 'malformed'],
  ['more entries than there are', withCount(3), 'truncated'],
  ['a thousand million entries', withCount(1_000_000_000), 'malformed'],
  ['fewer than no entries', withCount(-1), 'malformed'],
  ['structs in structs without end', framed(nested), 'malformed'],
  ['an end within a frame', whole.subarray(0, -3), 'truncated'],
] as const) {
  test(`${what}: ${reason}`, async (t) => {
    const serving = await Serving.open(t, { frameBytesMax: 65_536, windowBytes: 65_536 });
    const socket = await serving.socket();
    socket.resume().end(bytes);
    await once(socket, 'close');
    await serving.counts(reason);
    t.is(await serving.text(), '');
    t.is(serving.of('scribe/cpu').read.events, 0);
    const other = await serving.connect();
    t.is(await other.log(['y'.repeat(1_000)]), OK, 'others are served');
    serving.conserves();
  });
}

test('too many messages: too-many-messages', async (t) => {
  const serving = await Serving.open(t, { messagesMax: 10 });
  const client = await serving.connect();
  t.is(await client.log(Array.from({ length: 10 }, () => 'a')), OK);
  client.socket.write(client.frame(Array.from({ length: 11 }, () => 'b')));
  await serving.counts('too-many-messages');
  t.false((await serving.text()).includes('b'));
});

test('a frame that does not go on: frame-timeout; a client that is silent between frames stays', async (t) => {
  const serving = await Serving.open(t, { frameTimeoutMs: 100 });
  const silent = await serving.connect();
  t.is(await silent.log(['one']), OK);
  const slow = await serving.connect();
  slow.socket.write(whole.subarray(0, 20));
  await serving.counts('frame-timeout');
  t.is(await silent.log(['two']), OK);
});

test('a client that reads no answers is read no further', async (t) => {
  const serving = await Serving.open(t, { callsMax: 4 });
  const socket = await serving.socket();
  socket.pause();
  const header = { isStrict: true, type: MessageType.call, name: 'getCounters', sequence: 1 };
  const asked = framed(Buffer.concat([messageHeader(header), struct()]));
  socket.write(Buffer.concat(Array.from({ length: 100_000 }, () => asked)));
  const answered = () => serving.of('scribe').calls?.['fb303'] ?? 0;
  let before = -1;
  await until('it answers no more', async () => {
    const now = answered();
    const isStill = now > 0 && now === before;
    before = now;
    await sleep(200);
    return isStill;
  });
  t.true(answered() < 90_000, `${answered()} answers`);
  socket.destroy();
  const ends = () => {
    const { accepted: _, ...reasons } = serving.of('scribe').connections ?? {};
    return Object.values(reasons).reduce((sum, times) => sum + times, 0);
  };
  await until('it is let go', () => ends() === 1);
});

test(`frames cut anywhere are the same frames, and bytes changed anywhere harm nobody else; seed ${SEED}`, async (t) => {
  const random = randomFrom(SEED);
  const below = (limit: number) => Math.floor(random() * limit);
  const calls = Array.from({ length: 50 }, (_, index) =>
    callOf(
      Array.from({ length: below(20) }, () => 'z'.repeat(below(200))),
      index,
    ),
  );
  const stream = Buffer.concat(calls);
  for (let round = 0; round < 50; round++) {
    const reader = new FrameReader({ frameBytesMax: 65_536 });
    const found: Frame[] = [];
    for (let at = 0; at < stream.length; ) {
      const size = round === 0 ? 1 : 1 + below(3_000);
      found.push(...reader.push(stream.subarray(at, at + size)));
      at += size;
    }
    t.deepEqual(
      found.map(({ bytes }) => bytes.length),
      calls.map(({ length }) => length - 4),
    );
    t.true(Buffer.concat(found.map(({ bytes }) => framed(bytes))).equals(stream));
    t.false(reader.isWithin);
  }
  const serving = await Serving.open(t, { windowBytes: 65_536, frameTimeoutMs: 50 });
  const one = async () => {
    const bytes = Buffer.from(calls[below(calls.length)] ?? whole);
    for (let changes = 1 + below(4); changes > 0; changes--) bytes[below(bytes.length)] = below(256);
    const socket = await serving.socket();
    socket.resume().end(bytes.subarray(0, below(3) === 0 ? below(bytes.length) : bytes.length));
    await once(socket, 'close');
  };
  for (let round = 0; round < 40; round++) await Promise.all(Array.from({ length: 10 }, one));
  const { internal = 0, ...reasons } = serving.of('scribe').connections ?? {};
  t.is(internal, 0, JSON.stringify(reasons));
  await until('all is settled', () => serving.source.snapshots().every(({ held }) => held.events === 0));
  const good = await serving.connect();
  const large = Array.from({ length: 60 }, () => 'l'.repeat(1_000));
  t.is(await good.log(large), OK, 'the whole window is free again');
  serving.conserves();
});
