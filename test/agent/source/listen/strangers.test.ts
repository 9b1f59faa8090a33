// Whoever is not a sender, or not a good one: that one connection is closed with a counted reason, the log is as it
// was, and nobody else notices.

import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { SpillwayError } from '../../../../agent/errors.ts';
import type { ListenOptions } from '../../../../agent/source/listen.ts';
import { encodeHeader, encodeMessage, FrameType } from '../../../../agent/wire/frame.ts';
import { until } from '../until.ts';
import { batchOf, helloFrom, Listening, type Peer } from './listening.ts';

/** Runs the stranger beside a good sender, whose events are all that may arrive. */
async function beside(
  t: ExecutionContext,
  reason: string,
  act: (peer: Peer, listening: Listening) => unknown,
  options: Partial<ListenOptions> = {},
): Promise<Peer> {
  const listening = await Listening.open(t, options);
  const good = await listening.connect();
  await good.greet(helloFrom());
  good.beat();
  good.batch(0, 'one\n');
  await good.acknowledged(4);
  const stranger = await listening.connect();
  await act(stranger, listening);
  await listening.counts(reason);
  await stranger.closed;
  good.batch(4, 'two\n');
  await good.acknowledged(8);
  await listening.delivers('one\ntwo\n');
  t.is(listening.source.snapshot().held.bytes, 0, 'nothing is held for it');
  listening.conserves();
  t.false(good.isClosed);
  return stranger;
}

test('an HTTP client', async (t) => {
  await beside(t, 'not-spillway', (peer) => peer.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'));
});

test('a TLS client', async (t) => {
  await beside(t, 'not-spillway', (peer) =>
    peer.write(Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0]), randomBytes(512)])),
  );
});

test('random bytes', async (t) => {
  const bytes = randomBytes(100_000);
  bytes[0] = 0;
  await beside(t, 'not-spillway', (peer) => peer.write(bytes));
});

test('one byte that could be ours, then silence', async (t) => {
  await beside(t, 'handshake-timeout', (peer) => peer.write(Buffer.from([0x53])));
});

test('half a header, then silence', async (t) => {
  const header = encodeMessage(FrameType.hello, helloFrom()).subarray(0, 32);
  await beside(t, 'handshake-timeout', (peer) => peer.write(header));
});

test('silence', async (t) => {
  await beside(t, 'handshake-timeout', () => undefined);
});

test('heartbeats instead of a handshake', async (t) => {
  await beside(t, 'handshake-timeout', (peer) => {
    const timer = setInterval(() => peer.write(encodeHeader({ type: FrameType.beat })), 20);
    t.teardown(() => clearInterval(timer));
  });
});

test('a header that announces 4 GB, of a hello and of a batch', async (t) => {
  const bodyBytes = 0xffffffff;
  await beside(t, 'oversized', (peer) => peer.write(encodeHeader({ type: FrameType.hello, bodyBytes })));
  await beside(t, 'oversized', async (peer) => {
    await peer.greet(helloFrom());
    peer.write(encodeHeader({ type: FrameType.batch, bodyBytes, to: bodyBytes }));
  });
});

test('a body that does not match its checksum', async (t) => {
  await beside(t, 'body-checksum', async (peer) => {
    await peer.greet(helloFrom());
    peer.batch(0, 'lie\n', { crc: 1 });
  });
});

test('a hello that is not JSON, that lacks something, and one from the future', async (t) => {
  await beside(t, 'handshake', (peer) => peer.write(encodeMessage(FrameType.hello, [])));
  const { stream: _, ...nameless } = helloFrom();
  await beside(t, 'handshake', (peer) => peer.write(encodeMessage(FrameType.hello, nameless)));
  const stranger = await beside(t, 'protocol-version', (peer) =>
    peer.write(encodeMessage(FrameType.hello, helloFrom({ protocol: 9, protocolMin: 8 }))),
  );
  const { message } = await stranger.refusal();
  t.is(message, 'protocol 9 is not spoken here (1 to 1 is): upgrade the older side');
});

test('data before the handshake, and right behind the hello', async (t) => {
  await beside(t, 'handshake', (peer) => peer.batch(0, 'early\n'));
  await beside(t, 'handshake', (peer) =>
    peer.write(Buffer.concat([encodeMessage(FrameType.hello, helloFrom()), batchOf(0, 'early\n')])),
  );
});

test('a batch before the handshake is refused by its header: there is no memory for strangers', async (t) => {
  const header = encodeHeader({ type: FrameType.batch, bodyBytes: 65_536, to: 65_536, events: 1 });
  await beside(t, 'handshake', (peer) => peer.write(header));
});

const WRONG_BATCHES: readonly (readonly [string, string, (peer: Peer) => void])[] = [
  ['event-count', 'a batch whose event count is wrong', (peer) => peer.batch(0, 'a\nb\n', { events: 3 })],
  ['gap', 'a batch behind a gap', (peer) => peer.batch(10, 'a\n')],
  ['batch-torn', 'a batch without a final newline', (peer) => peer.batch(0, 'a\nb')],
  ['batch-range', 'a batch whose range is not its size', (peer) => peer.batch(0, 'a\n', { to: 3 })],
  ['batch-range', 'an empty batch', (peer) => peer.batch(0, '', { events: 0 })],
  [
    'skip-range',
    'a skip that runs backwards',
    (peer) => peer.write(encodeHeader({ type: FrameType.skip, from: 9, to: 3 })),
  ],
  [
    'gap',
    'a skip behind a gap',
    (peer) => peer.write(encodeHeader({ type: FrameType.skip, from: 9, to: 20 })),
  ],
  [
    'unexpected-frame',
    'an acknowledgement',
    (peer) => peer.write(encodeHeader({ type: FrameType.ack, to: 3 })),
  ],
  ['unexpected-frame', 'a second hello', (peer) => peer.write(encodeMessage(FrameType.hello, helloFrom()))],
];

for (const [reason, what, act] of WRONG_BATCHES) {
  test(`${what} is refused: ${reason}`, async (t) => {
    const stranger = await beside(t, reason, async (peer) => {
      await peer.greet(helloFrom());
      act(peer);
    });
    t.is((await stranger.refusal()).code, reason);
  });
}

test('a sender that falls silent is given up after peerTimeoutMs', async (t) => {
  await beside(t, 'peer-timeout', (peer) => peer.greet(helloFrom()), { peerTimeoutMs: 300 });
});

test('credit-ignored: a sender that sends more than it was granted is refused', async (t) => {
  const windowBytes = 65_536;
  const listening = await Listening.open(t, { windowBytes });
  const peer = await listening.connect();
  await peer.greet(helloFrom());
  const event = `${'x'.repeat(9_999)}\n`;
  // in one piece, so that nothing of it is settled before the rest is there
  const batches = Array.from({ length: 8 }, (_, index) => batchOf(index * event.length, event));
  peer.write(Buffer.concat(batches));
  t.is((await peer.refusal()).code, 'credit');
  await listening.counts('credit');
  await until('what was within the credit is settled', () => listening.source.snapshot().held.bytes === 0);
  t.is((await listening.events()).length, Math.floor(windowBytes / event.length) * event.length);
  listening.conserves();
});

for (const [what, note] of [
  ['skips', (at: number) => encodeHeader({ type: FrameType.skip, from: at, to: at + 1, events: 1 })],
  ['batches that were there already', () => batchOf(0, 'a\n')],
] as const) {
  test(`notes-without-end: a sender of ${what} is refused while too many of them are not recorded`, async (t) => {
    // a log that is full: nothing settles
    const listening = await Listening.open(t, {}, { capBytes: 512 * 1024 });
    const peer = await listening.connect();
    await peer.greet(helloFrom());
    peer.beat();
    peer.batch(0, 'a\n');
    await peer.acknowledged(2);
    listening.log.holders.add({ wants: () => true });
    const source = listening.log.defineSource({ owner: 'x', key: 'x', identity: {}, position: 0 });
    const bytes = Buffer.alloc(512 * 1024, '\n');
    const filler = {
      source,
      from: 0,
      end: bytes.length,
      chunks: [bytes],
      bytes: bytes.length,
      events: bytes.length,
    };
    listening.log.append({ ...filler, crc: crc32(bytes), sequence: 0 }).catch(() => undefined);
    await until('the log is full', () => listening.log.facts().state === 'full');
    peer.write(Buffer.concat(Array.from({ length: 1024 }, (_, index) => note(2 + index))));
    await until('they are taken', () => peer.beatsBlocked > 1);
    t.false(peer.isClosed);
    peer.write(note(1026));
    t.is((await peer.refusal()).code, 'credit');
    await listening.counts('credit');
  });
}

test('too many connections: the one above the limit is refused, the others stay', async (t) => {
  const listening = await Listening.open(t, { connectionsMax: 3 });
  const peers = [];
  for (let index = 0; index < 3; index++) {
    const peer = await listening.connect();
    await peer.greet(helloFrom());
    peer.beat();
    peers.push(peer);
  }
  const fourth = await listening.connect();
  fourth.write(encodeMessage(FrameType.hello, helloFrom()));
  t.is((await fourth.refusal()).code, 'too-many-connections');
  await listening.counts('too-many-connections');
  t.false(peers.some((peer) => peer.isClosed));
  peers[0]?.socket.destroy();
  await listening.counts('disconnected');
  const next = await listening.connect();
  await next.greet(helloFrom());
  t.pass();
});

test('silent-strangers: however many connect and say nothing, a sender that says who it is comes in', async (t) => {
  const listening = await Listening.open(t, {
    connectionsMax: 2,
    handshakesMax: 4,
    handshakeTimeoutMs: 60_000,
  });
  const early = await listening.connect();
  await early.greet(helloFrom());
  early.beat();
  const strangers = await Promise.all(Array.from({ length: 40 }, () => listening.connect()));
  const late = await listening.connect();
  await late.greet(helloFrom());
  late.batch(0, 'late\n');
  early.batch(0, 'early\n');
  await Promise.all([late.acknowledged(5), early.acknowledged(6)]);
  await listening.counts('too-many-handshakes', 37);
  t.is(strangers.filter(({ isClosed }) => !isClosed).length, 3);
});

test('strangers do not fill the log of the agent: one line for each reason', async (t) => {
  const listening = await Listening.open(t, { connectionsMax: 64 });
  for (let index = 0; index < 40; index++) {
    const peer = await listening.connect();
    peer.write('GET / HTTP/1.1\r\n\r\n');
    await peer.closed;
  }
  await listening.counts('not-spillway', 40);
  const said = listening.lines.filter(({ reason }) => reason === 'not-spillway');
  t.is(said.length, 1);
  t.regex(String(said[0]?.['detail']), /looks like HTTP/);
});

test('tiny-batches: more batches than windowBatches under way are refused, however few their bytes', async (t) => {
  const listening = await Listening.open(t, { windowBatches: 16 });
  const peer = await listening.connect();
  const welcome = await peer.greet(helloFrom());
  t.is(welcome.windowBatches, 16);
  // in one piece, so that nothing of it is settled before the rest is there
  peer.write(Buffer.concat(Array.from({ length: 17 }, (_, at) => batchOf(at, '\n'))));
  t.is((await peer.refusal()).code, 'credit');
  await listening.counts('credit');
  await until('what was taken is settled', () => listening.source.snapshot().held.bytes === 0);
  t.is((await listening.events()).length, 16);
  listening.conserves();
});

test('many-refused-batches: a log that fails under many batches ends the connection once', async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  t.teardown(() => process.off('warning', onWarning));
  const listening = await Listening.open(t);
  const peer = await listening.connect();
  await peer.greet(helloFrom());
  peer.batch(0, 'a\n');
  await peer.acknowledged(2);
  const append = listening.log.append.bind(listening.log);
  const held = Promise.withResolvers<void>();
  listening.log.append = (batch) => (batch.from === 0 ? append(batch) : held.promise);
  peer.write(Buffer.concat(Array.from({ length: 50 }, (_, index) => batchOf(2 + index, '\n'))));
  await until('they are taken', () => listening.source.snapshot().held.events === 50);
  held.reject(new SpillwayError('disk', 'the disk is gone'));
  t.is((await peer.refusal()).code, 'disk');
  await listening.counts('disk');
  await peer.closed;
  t.deepEqual(warnings, []);
  t.is(listening.source.snapshot().refused.events, 50);
  listening.conserves();
});

test('streams-without-end: senders that come once and never again are not remembered for ever', async (t) => {
  const listening = await Listening.open(t, { peersMax: 8 });
  for (let index = 0; index < 40; index++) {
    const peer = await listening.connect();
    await peer.greet(helloFrom());
    peer.write(encodeHeader({ type: FrameType.bye }));
    await peer.closed;
  }
  await listening.counts('bye', 40);
  const remembered = listening.log.sourcesOf('hop').length;
  t.true(remembered <= 8, `${remembered} are remembered`);
});
