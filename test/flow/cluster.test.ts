// Real agents: a sender, and a cluster of three members who die, are paused, and come back.

import { randomInt } from 'node:crypto';
import test from 'ava';
import { randomFrom } from '../agent/source/random.ts';
import { until } from '../agent/source/until.ts';
import { Cluster } from './cluster.ts';
import { Writer } from './writer.ts';

for (const [index, strategy] of (['leastInflight', 'roundRobin'] as const).entries()) {
  test(`${strategy}: three members share the load evenly, and each event is at one of them`, async (t) => {
    const cluster = await Cluster.prepare(t, 40 + 8 * index, { strategy });
    await cluster.start();
    const writer = new Writer(cluster.spool, randomFrom(1));
    const stop = new AbortController();
    const writing = writer.atRate(20_000, stop.signal);
    await until('everybody has some', async () => {
      const shares = await Promise.all([0, 1, 2].map((member) => cluster.acknowledged(member)));
      return Math.min(...shares) > 10_000;
    });
    stop.abort();
    await writing;
    await cluster.drained(writer.events, { settled: true });
    const { had } = await cluster.accounts(t, writer.written);
    t.is(had, 0);
    const shares = await Promise.all([0, 1, 2].map((member) => cluster.acknowledged(member)));
    // a busy machine makes batches that are larger than a range, and only a few dozen of them
    t.true(Math.max(...shares) / Math.min(...shares) < 2, `shares ${shares}`);
  });
}

test('one member is killed under load and returns: the rest go on, nothing is lost, what is doubled is counted', async (t) => {
  const cluster = await Cluster.prepare(t, 56);
  await cluster.start();
  const seed = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
  t.log(`seed ${seed}`);
  const writer = new Writer(cluster.spool, randomFrom(seed));
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const writing = writer.atRate(20_000, stop.signal);
  await until('the member has some', async () => (await cluster.acknowledged(1)) > 5_000);
  await cluster.member(1).signal('SIGKILL');
  const before = await cluster.acknowledged(0);
  await until('another goes on', async () => (await cluster.acknowledged(0)) > before + 10_000);
  const atDeath = await cluster.acknowledged(1);
  await cluster.member(1).start();
  await until('it has its share again', async () => (await cluster.acknowledged(1)) > atDeath + 5_000);
  stop.abort();
  await writing;
  await cluster.drained(writer.events, { settled: true });
  const { had } = await cluster.accounts(t, writer.written);
  t.log(`${writer.events} events, ${had} doubled`);
});

test('a member is paused until it is given up, and wakes with old bytes in its socket', async (t) => {
  const cluster = await Cluster.prepare(t, 64);
  await cluster.start();
  const writer = new Writer(cluster.spool, randomFrom(2));
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const writing = writer.atRate(20_000, stop.signal);
  await until('the member has some', async () => (await cluster.acknowledged(2)) > 5_000);
  cluster.member(2).send('SIGSTOP');
  await until('it is given up', async () => {
    const metrics = await cluster.sender.metrics();
    return metrics.sum('spillway_destination_in_doubt_events', { member: 'b3' }) > 0;
  });
  cluster.member(2).send('SIGCONT');
  stop.abort();
  await writing;
  await cluster.drained(writer.events, { settled: true });
  const { had } = await cluster.accounts(t, writer.written);
  t.log(`${had} doubled`);
});
