// A destination whose configuration changes while its cursor cannot be written: it does not stay dead until somebody
// restarts the agent, it says what it waits for, and another change finds it as it would any other.

import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { healthOf } from '../../../agent/health.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { Listening } from '../source/listen/listening.ts';
import { until } from '../source/until.ts';
import { Changing, RETRY_MAX_MS } from './changing.ts';
import { ScriptedReceiver } from './scripted-receiver.ts';

interface Fixture {
  readonly changing: Changing;
  readonly receiver: Listening;
  readonly single: string;
  readonly cluster: string;
}

/** One event is delivered; then no cursor can be written, and the endpoint was to become a cluster. */
async function interrupted(t: ExecutionContext, keys = 'policy: block'): Promise<Fixture> {
  const receiver = await Listening.open(t, { handshakeTimeoutMs: 10_000, peerTimeoutMs: 10_000 });
  const changing = await Changing.prepare(t);
  const { host, port } = receiver.source.address;
  const single = `address: '${host}:${port}', ${keys}`;
  const cluster = `cluster: { members: [{ name: m, address: '${host}:${port}' }] }, ${keys}`;
  await changing.add('a', single);
  await changing.append('one');
  await until('it is delivered', () => changing.snapshot('a').buffered.events === 0);
  changing.failCursors();
  await changing.change('a', cluster);
  return { changing, receiver, single, cluster };
}

async function receives(t: ExecutionContext, receiver: Listening, expected: string): Promise<void> {
  let seen = '';
  await until(
    'it is delivered',
    async () => {
      seen = (await receiver.events()).toString();
      return seen === expected;
    },
    { show: () => JSON.stringify(seen) },
  );
  t.is(seen, expected);
}

test('interrupted-handover: it is shown, tried again, and goes on when the disk is back', async (t) => {
  const { changing, receiver } = await interrupted(t);
  const { fanOut, log } = changing;
  t.true(changing.snapshot('a').interrupted);
  t.false(changing.snapshot('a').connected);
  const { degraded } = healthOf({
    log,
    registry: new StaticRegistry({}),
    sources: [],
    destinations: fanOut.destinations,
    interruptions: fanOut.interruptions,
    configuration: {
      generation: 1,
      sinceMs: 0,
      lastReload: null,
      reloads: { applied: 0, unchanged: 0, refused: 0 },
    },
  });
  t.regex(
    degraded?.[0] ?? '',
    /^a does not go on with its changed configuration yet.*cannot write the cursor/,
  );
  t.regex(fanOut.destinations[0]?.problem ?? '', /tried again/);
  await changing.append('two');
  await until('it is tried again', () => (changing.snapshot('a').handoverFailures ?? 0) > 2);
  const errors = changing.lines.filter(({ level }) => level === 50).map(({ msg }) => msg);
  t.deepEqual(
    errors.sort(),
    ['a changed destination does not go on yet, trying again', 'cannot write the cursor, trying again'],
    'each said once',
  );
  changing.mend();
  await receives(t, receiver, 'one\ntwo\n');
  t.falsy(changing.snapshot('a').interrupted);
  t.deepEqual(fanOut.interruptions, []);
  t.true(changing.snapshot('a').cluster !== undefined);
  await until('all is acknowledged', () => changing.snapshot('a').buffered.events === 0);
  t.is(changing.snapshot('a').acknowledged.events, 2);
});

test('interrupted-handover: a change back is made at once', async (t) => {
  const { changing, receiver, single } = await interrupted(t);
  await changing.change('a', single);
  t.deepEqual(changing.fanOut.interruptions, []);
  changing.mend();
  await changing.append('two');
  await receives(t, receiver, 'one\ntwo\n');
});

test('interrupted-handover: a destination that is removed meanwhile holds nothing any more', async (t) => {
  const { changing } = await interrupted(t);
  await changing.append('two');
  t.false(changing.log.isDelivered(changing.log.endOffset));
  await changing.remove('a');
  t.true(changing.log.isDelivered(changing.log.endOffset));
  t.deepEqual(changing.fanOut.interruptions, []);
  changing.mend();
  await changing.fanOut.look();
  t.true(changing.snapshot('a').orphaned);
});

test('interrupted-handover: what may be lost gives way meanwhile', async (t) => {
  const { changing } = await interrupted(t, 'policy: dropOldest, lagBytesMax: 64KiB');
  for (let batch = 0; batch < 40; batch++) await changing.append('x'.repeat(4_000));
  await until('it gives way', () => (changing.snapshot('a').dropped['dropOldest']?.events ?? 0) > 10, {
    show: () => JSON.stringify(changing.snapshot('a')),
  });
  t.true(changing.snapshot('a').interrupted);
});

test('doubled-by-a-change-back: the receiver is asked in the same epoch what it has of a batch without its acknowledgement', async (t) => {
  const receiver = await ScriptedReceiver.open(t);
  const changing = await Changing.prepare(t);
  const { host, port } = receiver.address;
  const single = `address: '${host}:${port}'`;
  await changing.add('a', single);
  await changing.append('one');
  const peer = await receiver.peer(0);
  peer.welcome();
  await peer.until(() => peer.text === 'one\n');
  changing.failCursors();
  await changing.change('a', `cluster: { members: [{ name: m, address: '${host}:${port}' }] }`);
  await until('it is tried again', () => (changing.snapshot('a').handoverFailures ?? 0) > 2);
  await changing.change('a', single);
  changing.mend();
  const next = await receiver.peer(1);
  t.is(next.hello?.epoch, peer.hello?.epoch);
  next.welcome({ has: 4, hasEvents: 1, last: { from: 0, crc: crc32('one\n') } });
  await changing.append('two');
  await next.until(() => next.data.length > 0);
  t.is(next.text, 'two\n');
});

test('interrupted-handover: an agent that stops does not wait for it, and tries no more', async (t) => {
  const { changing, receiver } = await interrupted(t);
  await until('it is tried again', () => (changing.snapshot('a').handoverFailures ?? 0) > 2);
  await changing.fanOut.close(0);
  const { handoverFailures } = changing.snapshot('a');
  const { connections } = receiver.source.snapshot();
  // nothing is to happen: as long as several attempts would take
  await sleep(10 * RETRY_MAX_MS);
  t.is(changing.snapshot('a').handoverFailures, handoverFailures);
  t.false(changing.snapshot('a').connected);
  t.deepEqual(receiver.source.snapshot().connections, connections);
});
