// A destination against receivers that misbehave: it never takes a full receiver for a dead one, nor a dead one for a
// live one, and whatever is said to it, only what was sent can become acknowledged.

import { setTimeout as passed } from 'node:timers/promises';
import test from 'ava';
import { BEAT_BLOCKED, FrameType } from '../../../agent/wire/frame.ts';
import type { Peer } from './scripted-receiver.ts';
import { sending } from './sending.ts';

function beating(peer: Peer, flags: () => number): () => void {
  const timer = setInterval(() => peer.say({ type: FrameType.beat, flags: flags() }), 20);
  return () => clearInterval(timer);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await passed(5);
}

test('events arrive in order and count as acknowledged only once they are', async (t) => {
  const { receiver, destination, send, log } = await sending(t);
  await send('one');
  await send('two');
  const peer = await receiver.peer(0);
  t.is(peer.hello?.stream, log.stream);
  peer.welcome();
  await peer.until(() => peer.text === 'one\ntwo\n');
  t.is(destination.snapshot().acknowledged.events, 0);
  peer.ack(4);
  await until(() => destination.snapshot().acknowledged.events === 1);
  peer.ack(8);
  await until(() => destination.snapshot().acknowledged.events === 2);
  t.is(destination.snapshot().buffered.events, 0);
});

test('nothing is sent beyond the credit', async (t) => {
  const { receiver, send } = await sending(t);
  for (const line of ['one', 'two', 'six']) await send(line);
  const peer = await receiver.peer(0);
  peer.welcome({}, 7);
  const stop = beating(peer, () => 0);
  await peer.until(() => peer.data.length === 1);
  await passed(100);
  t.is(peer.text, 'one\n', 'seven bytes are one batch of four');
  peer.ack(4, 8);
  await peer.until(() => peer.data.length === 2);
  await passed(60);
  t.is(peer.text, 'one\ntwo\n');
  stop();
});

test('a receiver that withholds credit for long is not taken for dead', async (t) => {
  const { receiver, send } = await sending(t);
  await send('one');
  const peer = await receiver.peer(0);
  peer.welcome({}, 0);
  const stop = beating(peer, () => BEAT_BLOCKED);
  await passed(1200);
  t.false(peer.closed);
  t.is(receiver.connections, 1);
  t.is(peer.text, '');
  peer.ack(0, 100);
  await peer.until(() => peer.text === 'one\n');
  stop();
});

test('blocked-then-free: a receiver that had been full long is not given up before it can write', async (t) => {
  const { receiver, destination, send } = await sending(t);
  await send('one');
  const peer = await receiver.peer(0);
  peer.welcome();
  await peer.until(() => peer.text === 'one\n');
  let flags = BEAT_BLOCKED;
  t.teardown(beating(peer, () => flags));
  await passed(1200);
  t.false(peer.closed, 'full for three times ackTimeoutMs');
  flags = 0;
  await passed(150);
  t.false(peer.closed, 'it has room again, and is about to write');
  peer.ack(4);
  await until(() => destination.snapshot().acknowledged.events === 1);
  t.is(receiver.connections, 1);
});

test('a receiver that beats but acknowledges nothing is given up, and gets the same again', async (t) => {
  const { receiver, send } = await sending(t);
  await send('one');
  const peer = await receiver.peer(0);
  peer.welcome();
  const stop = beating(peer, () => 0);
  const next = await receiver.peer(1);
  stop();
  t.true((next.hello?.session ?? 0) > (peer.hello?.session ?? 0), 'a newer session');
  next.welcome({ has: 0 });
  await next.until(() => next.text === 'one\n');
});

test('a silent receiver, half-open, is noticed', async (t) => {
  const { receiver } = await sending(t);
  (await receiver.peer(0)).welcome();
  const from = Date.now();
  await receiver.peer(1);
  t.true(Date.now() - from < 3000);
});

test('one that never answers the handshake, or refuses, is tried again', async (t) => {
  const { receiver, destination } = await sending(t);
  await receiver.peer(0);
  (await receiver.peer(1)).refuse('log-failing');
  const third = await receiver.peer(2);
  await until(() => /log-failing/.test(destination.problem ?? ''));
  third.welcome();
  await until(() => destination.problem === null);
  t.true(destination.snapshot().connected);
});

const NONSENSE: Record<string, (peer: Peer) => void> = {
  'acknowledges what was never sent': (peer) => peer.ack(1000),
  'acknowledges half a batch': (peer) => peer.ack(2),
  'sends a batch': (peer) => peer.say({ type: FrameType.batch }),
  'sends random bytes': (peer) => peer.socket.write(Buffer.alloc(300, 7)),
  'answers as a web server': (peer) => peer.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'announces 4 GB': (peer) => peer.say({ type: FrameType.ack, bodyBytes: 0xffff_ffff }),
  'closes in the middle': (peer) => peer.socket.destroy(),
  resets: (peer) => peer.socket.resetAndDestroy(),
  'says bye': (peer) => peer.say({ type: FrameType.bye }),
};

for (const [what, act] of Object.entries(NONSENSE)) {
  test(`one that ${what} loses its connection, and nothing counts as acknowledged`, async (t) => {
    const { receiver, destination, send } = await sending(t);
    await send('one');
    const peer = await receiver.peer(0);
    peer.welcome();
    await peer.until(() => peer.text === 'one\n');
    act(peer);
    const next = await receiver.peer(1);
    t.is(destination.snapshot().acknowledged.events, 0);
    next.welcome({ has: 0 });
    await next.until(() => next.text === 'one\n');
    next.ack(4);
    await until(() => destination.snapshot().acknowledged.events === 1);
  });
}

test('old acknowledgements and credit that falls change nothing', async (t) => {
  const { receiver, destination, send } = await sending(t);
  await send('one');
  await send('two');
  const peer = await receiver.peer(0);
  peer.welcome();
  await peer.until(() => peer.text === 'one\ntwo\n');
  peer.ack(8, 5);
  peer.ack(4, 1);
  peer.ack(0, 0);
  await until(() => destination.snapshot().acknowledged.events === 2);
  await send('six');
  await peer.until(() => peer.text === 'one\ntwo\nsix\n');
  t.is(receiver.connections, 1);
});

test('close delivers what there is, says bye, and keeps the cursor', async (t) => {
  const { receiver, destination, send, log } = await sending(t);
  await send('one');
  const peer = await receiver.peer(0);
  peer.welcome();
  await peer.until(() => peer.text === 'one\n');
  const closing = destination.close(2000);
  peer.ack(4);
  await closing;
  await peer.until(() => peer.frames.at(-1)?.header.type === FrameType.bye);
  const { file, state } = await log.cursors.open('a', () => t.fail() as never);
  await file.close();
  t.deepEqual(state.position, { offset: 4, events: 1 });
});

test('close does not wait longer than it was told for a receiver that acknowledges nothing', async (t) => {
  const { receiver, destination, send } = await sending(t, { ackTimeoutMs: 60_000, peerTimeoutMs: 60_000 });
  await send('one');
  const peer = await receiver.peer(0);
  peer.welcome();
  await peer.until(() => peer.text === 'one\n');
  const from = Date.now();
  await destination.close(200);
  t.true(Date.now() - from < 2000);
});
