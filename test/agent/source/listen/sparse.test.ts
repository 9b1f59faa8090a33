// Lanes of clusters: ranges of a sender's log in any order, each with its sequence; and the fence that keeps out what an
// older connection still had under way.

import test from 'ava';
import { encodeHeader, encodeMessage, FrameType } from '../../../../agent/wire/frame.ts';
import { eventsIn, openLog } from '../event-log.ts';
import { batchOf, helloFrom, Listening } from './listening.ts';

const sparse = (more: object = {}) => helloFrom({ lane: 'b@b1', mode: 'sparse', ...more });

test('ranges come in any order, and the greeting says the last sequence and where in it the member is', async (t) => {
  const listening = await Listening.open(t);
  const hello = sparse();
  const peer = await listening.connect();
  t.like(await peer.greet(hello), { has: null, sequence: 0 });
  peer.batch(100, 'high\n', { sequence: 3 });
  peer.batch(105, 'higher\n', { sequence: 3 });
  // a range that was taken over from another member
  peer.batch(0, 'low\n', { sequence: 7 });
  await listening.delivers('high\nhigher\nlow\n');
  await peer.acknowledged(4);
  const again = await listening.connect();
  const welcome = await again.greet({ ...hello, session: 2 });
  t.like(welcome, { has: 4, sequence: 7, hasEvents: 3 });
  t.is(welcome.last?.from, 0);
});

test('the last sequence is in the commit of the bytes: a restart knows it', async (t) => {
  const listening = await Listening.open(t);
  const peer = await listening.connect();
  await peer.greet(sparse());
  peer.batch(50, 'one\n', { sequence: 5 });
  await peer.acknowledged(54);
  await listening.source.close();
  await listening.log.close();
  const log = await openLog(listening.logDir);
  const [lane] = log.sourcesOf('hop');
  t.like(lane, { position: 54, sequence: 5, lastFrom: 50, events: 1 });
  await log.close();
  t.is((await eventsIn(listening.logDir)).toString(), 'one\n');
});

const WRONG: Record<string, { at: number; sequence: number }> = {
  'leaves a hole within a sequence': { at: 30, sequence: 2 },
  'goes back within a sequence': { at: 10, sequence: 2 },
  'goes back to an older sequence': { at: 24, sequence: 1 },
};

for (const [what, { at, sequence }] of Object.entries(WRONG)) {
  test(`a sender that ${what} loses its connection, and nothing is appended`, async (t) => {
    const listening = await Listening.open(t);
    const peer = await listening.connect();
    await peer.greet(sparse());
    peer.batch(20, 'one\n', { sequence: 2 });
    peer.batch(at, 'two\n', { sequence });
    await listening.counts('gap');
    await listening.delivers('one\n');
    listening.conserves();
  });
}

test('a skip has no place on a lane of a cluster', async (t) => {
  const listening = await Listening.open(t);
  const peer = await listening.connect();
  await peer.greet(sparse());
  peer.write(encodeHeader({ type: FrameType.skip, from: 0, to: 10, events: 1, sequence: 1, flags: 1 }));
  await listening.counts('skip-range');
});

test('old-session-bytes: what an older connection still sends after a newer one was greeted is never appended', async (t) => {
  const listening = await Listening.open(t);
  const hello = sparse();
  const old = await listening.connect();
  await old.greet(hello);
  old.batch(0, 'one\n', { sequence: 1 });
  await old.acknowledged(4);
  const newer = await listening.connect();
  t.like(await newer.greet({ ...hello, session: 2 }), { has: 4, sequence: 1 });
  old.write(Buffer.concat([batchOf(4, 'ghost\n', { sequence: 1 }), batchOf(40, 'ghost\n', { sequence: 2 })]));
  newer.batch(4, 'two\n', { sequence: 1 });
  await newer.acknowledged(8);
  await listening.delivers('one\ntwo\n');
  const third = await listening.connect();
  t.like(await third.greet({ ...hello, session: 3 }), { has: 8, sequence: 1, hasEvents: 2 });
  const stale = await listening.connect();
  stale.write(encodeMessage(FrameType.hello, { ...hello, session: 2 }));
  t.like(await stale.refusal(), { code: 'stale-session', session: 3 });
  await listening.counts('stale-session');
});
