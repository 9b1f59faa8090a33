// Whom a listener remembers, and whom it forgets to make room: never one that would send again what is here.

import test from 'ava';
import { encodeHeader, encodeMessage, FrameType } from '../../../../agent/wire/frame.ts';
import type { Hello } from '../../../../agent/wire/handshake.ts';
import { until } from '../until.ts';
import { helloFrom, Listening } from './listening.ts';

/** A sender that brings one event and leaves. */
async function visits(listening: Listening, hello: Hello, event: string): Promise<void> {
  const peer = await listening.connect();
  await peer.greet(hello);
  peer.batch(0, event);
  await peer.acknowledged(event.length);
  const before = listening.outcome('bye');
  peer.write(encodeHeader({ type: FrameType.bye }));
  await until('it has left', () => listening.outcome('bye') > before);
}

test('oldest-peer-pushed-out: one sender more than peersMax is refused, and nobody sends again', async (t) => {
  const listening = await Listening.open(t, { peersMax: 2 });
  const [a, b, c] = [helloFrom(), helloFrom(), helloFrom()];
  await visits(listening, a, 'a\n');
  await visits(listening, b, 'b\n');
  t.is(listening.source.problem, null);
  const refused = await listening.connect();
  refused.write(encodeMessage(FrameType.hello, c));
  t.is((await refused.refusal()).code, 'too-many-peers');
  await listening.counts('too-many-peers');
  t.is(listening.source.problem, 'hop refuses new senders: it remembers 2 already, raise its peersMax');
  const back = await listening.connect();
  t.is((await back.greet({ ...a, session: 2 })).has, 2);
  await listening.delivers('a\nb\n');
});

test('a sender that never sent anything makes room', async (t) => {
  const listening = await Listening.open(t, { peersMax: 2 });
  await visits(listening, helloFrom(), 'a\n');
  const idle = await listening.connect();
  await idle.greet(helloFrom());
  const refused = await listening.connect();
  refused.write(encodeMessage(FrameType.hello, helloFrom()));
  t.is((await refused.refusal()).code, 'too-many-peers', 'not while it is connected');
  idle.write(encodeHeader({ type: FrameType.bye }));
  await listening.counts('bye', 2);
  await visits(listening, helloFrom(), 'c\n');
  await listening.delivers('a\nc\n');
});

test('a sender that was away for peerForgetMs makes room', async (t) => {
  let now = Date.now();
  const listening = await Listening.open(t, { peersMax: 2, peerForgetMs: 1_000_000, now: () => now });
  await visits(listening, helloFrom(), 'a\n');
  const stays = helloFrom();
  await visits(listening, stays, 'b\n');
  now += 900_000;
  const back = await listening.connect();
  await back.greet({ ...stays, session: 2 });
  now += 200_000;
  await visits(listening, helloFrom(), 'c\n');
  await listening.delivers('a\nb\nc\n');
  t.is(listening.log.sourcesOf('hop').length, 2);
  const present = listening.log.sourcesOf('hop').map(({ identity }) => identity['stream']);
  t.true(present.includes(stays.stream), 'who is connected stays, however long it is silent');
});

test('two-make-room: many that come at once to a full table all find room, where there is some', async (t) => {
  const listening = await Listening.open(t, { peersMax: 8 });
  for (let index = 1; index <= 8; index++) {
    const idle = await listening.connect();
    await idle.greet(helloFrom());
    idle.write(encodeHeader({ type: FrameType.bye }));
    await listening.counts('bye', index);
  }
  const peers = await Promise.all(Array.from({ length: 8 }, () => listening.connect()));
  const welcomes = await Promise.all(peers.map((peer) => peer.greet(helloFrom())));
  t.is(welcomes.length, 8);
  t.is(listening.log.sourcesOf('hop').length, 8);
  for (const [index, peer] of peers.entries()) peer.batch(0, `${index}\n`);
  await Promise.all(peers.map((peer) => peer.acknowledged(2)));
});
