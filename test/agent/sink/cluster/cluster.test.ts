// A cluster against members that misbehave, frame by frame: what is sent stands in the cursor first, who says nothing is
// given up, who is merely full is not, and what is said at the next greeting settles what was in doubt.

import { setTimeout as passed } from 'node:timers/promises';
import test from 'ava';
import { decodeSlot } from '../../../../agent/log/cursor.ts';
import { BEAT_BLOCKED, FrameType } from '../../../../agent/wire/frame.ts';
import type { Peer } from '../scripted-receiver.ts';
import { type Clustering, clustering } from './clustering.ts';

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await passed(5);
}

function beating(peer: Peer, flags: number): () => void {
  const timer = setInterval(() => peer.say({ type: FrameType.beat, flags }), 20);
  return () => clearInterval(timer);
}

async function peerOf({ members }: Clustering, member: number, connection: number): Promise<Peer> {
  const receiver = members[member];
  if (receiver === undefined) throw new Error(`no member ${member}`);
  return await receiver.peer(connection);
}

function inDoubt({ destination }: Clustering, member: number): number {
  return destination.snapshot().cluster?.members[member]?.inDoubt.events ?? -1;
}

const WELCOME = { has: 0, sequence: 0 };

test('lanes are sparse, one for each member, and each range stands in the cursor before it is sent', async (t) => {
  const cluster = await clustering(t, 2);
  const [one, two] = [await peerOf(cluster, 0, 0), await peerOf(cluster, 1, 0)];
  t.like(one.hello, { lane: 'b@b1', mode: 'sparse', start: 0 });
  t.is(two.hello?.lane, 'b@b2');
  one.welcome(WELCOME);
  await until(() => cluster.destination.snapshot().connected);
  await cluster.send('one');
  await one.until(() => one.data.length === 1);
  const bytes = cluster.disk.bytesOf('/model/log/cursors/b.cursor');
  const states = [0, 1].map((slot) => decodeSlot(bytes, slot)?.state.cluster);
  const { sequence } = one.data[0]?.header ?? { sequence: 0 };
  const isWritten = states.some(
    (state) =>
      state?.live?.sequence === sequence || state?.members['b1']?.held.some(([held]) => held === sequence),
  );
  t.true(sequence > 0 && isWritten);
});

test('a trickle costs no write of the cursor for a batch: a live range takes what comes', async (t) => {
  // nothing is acknowledged here, however long a busy machine takes for it
  const cluster = await clustering(t, 1, { ackTimeoutMs: 60_000 });
  const peer = await peerOf(cluster, 0, 0);
  peer.welcome(WELCOME);
  for (let line = 0; line < 20; line++) {
    await cluster.send(`line ${line}`);
    await peer.until(() => peer.data.length === line + 1);
  }
  t.is(new Set(peer.data.map(({ header }) => header.sequence)).size, 1);
});

test('who beats and acknowledges nothing is given up within two seconds, and others get what it was sent', async (t) => {
  const cluster = await clustering(t, 2, { strategy: 'failover' });
  const [one, two] = [await peerOf(cluster, 0, 0), await peerOf(cluster, 1, 0)];
  one.welcome(WELCOME);
  two.welcome(WELCOME);
  t.teardown(beating(one, 0));
  await until(
    () => cluster.destination.snapshot().cluster?.members.every(({ connected }) => connected) === true,
  );
  await cluster.send('one');
  await one.until(() => one.text === 'one\n');
  const from = Date.now();
  await two.until(() => two.text === 'one\n');
  t.true(Date.now() - from < 2000);
  t.is(inDoubt(cluster, 0), 1);
  const batch = two.data[0]?.header;
  two.say({ type: FrameType.ack, to: 4, sequence: batch?.sequence ?? 0, credit: 2 ** 20 });
  await until(() => cluster.destination.snapshot().acknowledged.events === 1);
  t.is(inDoubt(cluster, 0), 1, 'until it says what it had');
  const again = await peerOf(cluster, 0, 1);
  t.true((again.hello?.session ?? 0) > (one.hello?.session ?? 0), 'a newer session');
  const sequence = one.data[0]?.header.sequence ?? 0;
  again.welcome({ has: 4, hasEvents: 1, sequence, last: { from: 0, crc: one.data[0]?.header.crc ?? 0 } });
  await until(() => inDoubt(cluster, 0) === 0);
  const { acknowledged, buffered, cluster: counted } = cluster.destination.snapshot();
  t.deepEqual([acknowledged.events, buffered.events, counted?.had.events], [1, 0, 1]);
});

test('absent settles as well, and nothing is doubled', async (t) => {
  const cluster = await clustering(t, 2, { strategy: 'failover' });
  const [one, two] = [await peerOf(cluster, 0, 0), await peerOf(cluster, 1, 0)];
  one.welcome(WELCOME);
  two.welcome(WELCOME);
  await until(
    () => cluster.destination.snapshot().cluster?.members.every(({ connected }) => connected) === true,
  );
  await cluster.send('one');
  await two.until(() => two.text === 'one\n');
  const again = await peerOf(cluster, 0, 1);
  again.welcome(WELCOME);
  await until(() => inDoubt(cluster, 0) === 0);
  t.is(cluster.destination.snapshot().cluster?.had.events, 0);
});

test('a connection that ends and comes back in time leaves nothing in doubt: the member goes on with what it holds', async (t) => {
  const cluster = await clustering(t, 2, { strategy: 'failover', handoverMs: 5_000 });
  const [one, two] = [await peerOf(cluster, 0, 0), await peerOf(cluster, 1, 0)];
  one.welcome(WELCOME);
  two.welcome(WELCOME);
  await until(
    () => cluster.destination.snapshot().cluster?.members.every(({ connected }) => connected) === true,
  );
  await cluster.send('one');
  await cluster.send('two');
  await one.until(() => one.text === 'one\ntwo\n');
  const [first, second] = one.data.map(({ header }) => header);
  one.socket.destroy();
  const again = await peerOf(cluster, 0, 1);
  again.welcome({
    has: 4,
    hasEvents: 1,
    sequence: first?.sequence ?? 0,
    last: { from: 0, crc: first?.crc ?? 0 },
  });
  await again.until(() => again.text === 'two\n');
  t.is(again.data[0]?.header.sequence, second?.sequence);
  t.is(two.text, '');
  t.is(inDoubt(cluster, 0), 0);
  t.is(cluster.destination.snapshot().acknowledged.events, 1);
});

test('who is full is not given up, and what it was not sent goes to others with nothing in doubt', async (t) => {
  const cluster = await clustering(t, 2);
  const one = await peerOf(cluster, 0, 0);
  // credit for one batch of four bytes
  one.welcome(WELCOME, 4);
  t.teardown(beating(one, BEAT_BLOCKED));
  await until(() => cluster.destination.snapshot().connected);
  await cluster.send('one');
  await one.until(() => one.text === 'one\n');
  await cluster.send('two');
  const two = await peerOf(cluster, 1, 0);
  two.welcome(WELCOME);
  await two.until(() => two.text === 'two\n');
  await passed(600);
  t.false(one.closed, 'for twice ackTimeoutMs');
  t.is(inDoubt(cluster, 0), 0);
});

test('a member that has less than it acknowledged is greeted in a new epoch', async (t) => {
  const cluster = await clustering(t, 1);
  const peer = await peerOf(cluster, 0, 0);
  peer.welcome(WELCOME);
  await cluster.send('one');
  await peer.until(() => peer.text === 'one\n');
  peer.say({ type: FrameType.ack, to: 4, sequence: peer.data[0]?.header.sequence ?? 0, credit: 100 });
  await until(() => cluster.destination.snapshot().acknowledged.events === 1);
  peer.socket.destroy();
  const emptied = await peerOf(cluster, 0, 1);
  emptied.welcome(WELCOME);
  const anew = await peerOf(cluster, 0, 2);
  t.true((anew.hello?.epoch ?? 0) > (peer.hello?.epoch ?? 0));
  anew.welcome(WELCOME);
  await cluster.send('two');
  await anew.until(() => anew.text === 'two\n');
  t.is(cluster.destination.snapshot().acknowledged.events, 1, 'what it had acknowledged stays so');
});

test('member-lost-disk-uncounted: what a member acknowledged and came back without is counted and shown', async (t) => {
  const cluster = await clustering(t, 1);
  const lost = () => cluster.destination.snapshot().cluster?.members[0]?.lostEvents;
  const peer = await peerOf(cluster, 0, 0);
  peer.welcome(WELCOME);
  await cluster.send('one');
  await cluster.send('two');
  await peer.until(() => peer.text === 'one\ntwo\n');
  const sequence = peer.data.at(-1)?.header.sequence ?? 0;
  peer.say({ type: FrameType.ack, to: 8, sequence, credit: 100 });
  await until(() => cluster.destination.snapshot().acknowledged.events === 2);
  t.is(lost(), 0);
  t.is(cluster.destination.loss, null);
  peer.socket.destroy();
  // restored: it has the first of the two
  const restored = await peerOf(cluster, 0, 1);
  restored.welcome({ ...WELCOME, has: 4, hasEvents: 1, sequence: peer.data[0]?.header.sequence ?? 0 });
  await peerOf(cluster, 0, 2);
  t.is(lost(), 1);
  t.regex(cluster.destination.loss ?? '', /member b1 came back without up to 1 events/);
});

test('new-epoch-without-back-off: a member that is never where it was is greeted ever more seldom', async (t) => {
  const cluster = await clustering(t, 1, { probeMinMs: 200, probeMaxMs: 400 });
  const [receiver] = cluster.members;
  if (receiver === undefined) throw new Error('no member');
  const stop = new AbortController();
  const answering = (async () => {
    for (let connection = 0; !stop.signal.aborted; ) {
      const peer = await Promise.race([receiver.peer(connection), passed(100, null)]);
      if (peer === null) continue;
      // a sequence that it was never given
      peer.welcome({ ...WELCOME, has: 4, sequence: 99 });
      connection++;
    }
  })();
  await until(() => receiver.connections >= 3);
  await passed(600);
  // two at once, then after 100 to 200 ms, after 200 to 400 ms, ...
  t.true(receiver.connections <= 8, `${receiver.connections} connections`);
  t.regex(cluster.destination.problem ?? '', /began the lane of b1 anew/);
  stop.abort();
  await answering;
});
