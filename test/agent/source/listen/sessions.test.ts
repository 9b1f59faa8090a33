// Senders that are good, and come back, overlap, or are two at once: each of their bytes is appended once.

import test from 'ava';
import { encodeHeader, encodeMessage, FrameType } from '../../../../agent/wire/frame.ts';
import { parseWelcome } from '../../../../agent/wire/handshake.ts';
import { until } from '../until.ts';
import { batchOf, helloFrom, Listening } from './listening.ts';

test('two senders at once: each exactly once, each in order', async (t) => {
  const listening = await Listening.open(t);
  const senders = ['a', 'b', 'c'];
  await Promise.all(
    senders.map(async (name) => {
      const peer = await listening.connect();
      await peer.greet(helloFrom({ instance: name }));
      let at = 0;
      for (let index = 0; index < 200; index++) {
        const event = `${name} ${index}\n`;
        peer.batch(at, event);
        // and again: a batch that is known is suppressed
        peer.batch(at, event);
        at += event.length;
      }
      await peer.acknowledged(at);
    }),
  );
  await until('all is settled', () => listening.source.snapshot().held.bytes === 0);
  const lines = (await listening.events()).toString().split('\n').slice(0, -1);
  for (const name of senders) {
    const own = lines.filter((line) => line.startsWith(name));
    t.deepEqual(
      own,
      Array.from({ length: 200 }, (_, index) => `${name} ${index}`),
    );
  }
  t.is(listening.source.snapshot().suppressed.events, 600);
  listening.conserves();
});

test('a newer session supersedes the older one, whose bytes are not appended any more', async (t) => {
  const listening = await Listening.open(t);
  const hello = helloFrom();
  const older = await listening.connect();
  t.is((await older.greet(hello)).has, null);
  older.batch(0, 'one\n');
  await older.acknowledged(4);
  const newer = await listening.connect();
  const welcome = await newer.greet({ ...hello, session: 2 });
  t.is(welcome.has, 4);
  t.is(welcome.hasEvents, 1);
  older.batch(4, 'from the older session\n');
  await listening.counts('superseded');
  await older.closed;
  newer.batch(4, 'two\n');
  await newer.acknowledged(8);
  await listening.delivers('one\ntwo\n');
  listening.conserves();
});

test('an older session than the present one is refused', async (t) => {
  const listening = await Listening.open(t);
  const hello = helloFrom({ session: 5 });
  const present = await listening.connect();
  await present.greet(hello);
  for (const session of [4, 5]) {
    const stale = await listening.connect();
    stale.write(encodeMessage(FrameType.hello, { ...hello, session }));
    t.is((await stale.refusal()).code, 'stale-session');
  }
  present.batch(0, 'one\n');
  await present.acknowledged(4);
  await listening.delivers('one\n');
});

test('a sender that comes back is told what there is, and only that', async (t) => {
  const listening = await Listening.open(t);
  const hello = helloFrom();
  let written = '';
  for (let session = 1; session <= 10; session++) {
    const peer = await listening.connect();
    const { has, last } = await peer.greet({ ...hello, session });
    t.is(has, session === 1 ? null : written.length);
    t.is(last === null, session === 1);
    const bytes = batchOf(written.length, `event of session ${session}\n`);
    peer.write(bytes);
    // half of the next batch is on its way when the connection breaks
    peer.write(batchOf(written.length + 20, 'never whole\n').subarray(0, 70));
    written += `event of session ${session}\n`;
    await peer.acknowledged(written.length);
    peer.socket.destroy();
    await peer.closed;
  }
  await listening.delivers(written);
  listening.conserves();
});

test('a new epoch begins a history of its own', async (t) => {
  const listening = await Listening.open(t);
  const hello = helloFrom();
  const first = await listening.connect();
  await first.greet(hello);
  first.batch(0, 'one\n');
  await first.acknowledged(4);
  first.write(encodeHeader({ type: FrameType.bye }));
  await listening.counts('bye');
  const second = await listening.connect();
  const welcome = await second.greet({ ...hello, epoch: 2, session: 2, start: 100 });
  t.is(welcome.has, null);
  second.batch(100, 'two\n');
  await second.acknowledged(104);
  await listening.delivers('one\ntwo\n');
  t.is(listening.log.sourcesOf('hop').length, 1, 'the older epoch is forgotten');
});

test('a skip moves the sender on and is counted', async (t) => {
  const listening = await Listening.open(t);
  const peer = await listening.connect();
  await peer.greet(helloFrom());
  peer.batch(0, 'one\n');
  peer.write(encodeHeader({ type: FrameType.skip, from: 4, to: 1_000, events: 50, flags: 1, sequence: 2 }));
  peer.batch(1_000, 'two\n');
  await peer.acknowledged(1_004);
  await listening.delivers('one\ntwo\n');
  t.deepEqual(listening.log.facts().skipped, { peerLost: { events: 50, bytes: 996 } });
  listening.conserves();
});

test('a full log: no credit, heartbeats that say so, and everything in once there is room', async (t) => {
  const listening = await Listening.open(
    t,
    { windowBytes: 262_144, peerTimeoutMs: 60_000 },
    { capBytes: 1_000_000, segmentBytes: 131_072, journalBytesMax: 65_536, pendingBytesMax: 262_144 },
  );
  let room = false;
  listening.log.holders.add({ wants: () => !room });
  const peer = await listening.connect();
  await peer.greet(helloFrom());
  const event = `${'x'.repeat(9_999)}\n`;
  let sent = 0;
  // never more than was granted
  while (listening.log.facts().state === 'ok' || sent + event.length <= peer.credit) {
    if (sent + event.length <= peer.credit) {
      peer.batch(sent, event);
      sent += event.length;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  t.true(listening.log.facts().bytes <= 1_000_000);
  await until('a heartbeat says that it is full', () => peer.beatsBlocked > 0);
  t.false(peer.isClosed);
  room = true;
  listening.log.cursorMoved();
  await peer.acknowledged(sent);
  t.is(listening.source.snapshot().appended.bytes, sent);
  listening.conserves();
});

test('full-and-reconnected: a sender that comes back to a full log is told to wait, and greeted when there is room', async (t) => {
  const listening = await Listening.open(
    t,
    { windowBytes: 262_144, handshakeTimeoutMs: 300 },
    { capBytes: 1_000_000, segmentBytes: 131_072, journalBytesMax: 65_536, pendingBytesMax: 262_144 },
  );
  let room = false;
  listening.log.holders.add({ wants: () => !room });
  const hello = helloFrom();
  const before = await listening.connect();
  await before.greet(hello);
  const event = `${'x'.repeat(9_999)}\n`;
  let sent = 0;
  while (listening.log.facts().state === 'ok' || sent + event.length <= before.credit) {
    if (sent + event.length <= before.credit) {
      before.batch(sent, event);
      sent += event.length;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  before.socket.destroy();
  const peer = await listening.connect();
  peer.beat();
  peer.write(encodeMessage(FrameType.hello, { ...hello, session: 2 }));
  await until('it is told to wait, for longer than a handshake may take', () => peer.beatsBlocked > 12);
  t.false(peer.isClosed);
  room = true;
  listening.log.cursorMoved();
  t.is(parseWelcome(await peer.frame(FrameType.welcome)).has, sent, 'all that was handed over is there');
  listening.conserves();
});

test('stale-session: a sender whose clock went back is told the session to be above', async (t) => {
  const listening = await Listening.open(t);
  const hello = helloFrom();
  const first = await listening.connect();
  await first.greet({ ...hello, session: 5_000 });
  const second = await listening.connect();
  second.write(encodeMessage(FrameType.hello, { ...hello, session: 4_000 }));
  t.like(await second.refusal(), { code: 'stale-session', session: 5_000 });
});
