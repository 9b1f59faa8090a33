// Real agents: a sender, and a cluster of three members who die, are paused, and come back.

import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { randomFrom } from '../agent/source/random.ts';
import { until } from '../agent/source/until.ts';
import { Cluster } from './cluster.ts';
import { Writer } from './writer.ts';

/** So many events of each member are about thirty ranges: one or two of them make no share uneven. */
const INTERVAL_EVENTS = { min: 5_000, max: 20_000 };

/** Between the most and the least that a member took, as a part of their mean. */
function spreadOf(taken: readonly number[]): number {
  const mean = taken.reduce((sum, events) => sum + events) / taken.length;
  return (Math.max(...taken) - Math.min(...taken)) / mean;
}

for (const [index, strategy] of (['leastInflight', 'roundRobin'] as const).entries()) {
  test.serial(
    `${strategy}: three members share the load evenly, and each event is at one of them`,
    async (t) => {
      t.timeout(120_000);
      const cluster = await Cluster.prepare(t, 40 + 8 * index, { strategy });
      await cluster.start();
      const writer = new Writer(cluster.spool, randomFrom(1));
      const stop = new AbortController();
      t.teardown(() => stop.abort());
      const writing = writer.atRate(20_000, stop.signal);
      const sharesNow = () => Promise.all([0, 1, 2].map((member) => cluster.acknowledged(member)));
      // a member that a busy machine does not run for a while gets less, as it should: so not every interval is even
      let from = await sharesNow();
      let seen: readonly number[] = [];
      await until(
        'an interval in which no two members differ by more than 10 % of their mean',
        async () => {
          const now = await sharesNow();
          seen = now.map((events, member) => events - (from[member] ?? 0));
          if (Math.max(...seen) >= INTERVAL_EVENTS.max) from = now;
          return Math.min(...seen) >= INTERVAL_EVENTS.min && spreadOf(seen) <= 0.1;
        },
        { withinMs: 60_000, show: () => seen.join(' ') },
      );
      stop.abort();
      await writing;
      await cluster.drained(writer.events, { settled: true });
      const { had } = await cluster.accounts(t, writer.written);
      t.is(had, 0);
      t.log(`shares ${seen}`);
    },
  );
}

test.serial(
  'one member is killed under load and returns: the rest go on, nothing is lost, what is doubled is counted',
  async (t) => {
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
  },
);

test.serial('a member is paused until it is given up, and wakes with old bytes in its socket', async (t) => {
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

test.serial(
  'sender and members are killed and paused at random: nothing is lost, what is doubled is counted',
  async (t) => {
    t.timeout(90_000);
    const seed = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
    t.log(`seed ${seed}`);
    const random = randomFrom(seed);
    const cluster = await Cluster.prepare(t, 72);
    await cluster.start();
    const writer = new Writer(cluster.spool, randomFrom(seed + 1));
    const stop = new AbortController();
    t.teardown(() => stop.abort());
    const writing = writer.atRate(10_000, stop.signal);
    for (let step = 0; step < 16; step++) {
      const victim = cluster.agents[Math.floor(random() * cluster.agents.length)] ?? cluster.sender;
      await sleep(random() * 400);
      if (random() < 0.3) {
        victim.send('SIGSTOP');
        await sleep(random() * 2_500);
        victim.send('SIGCONT');
        continue;
      }
      await victim.signal('SIGKILL');
      await sleep(random() * 600);
      // not waited for: the next one is hit while this one starts
      victim.launch();
    }
    stop.abort();
    await writing;
    await cluster.drained(writer.events, { settled: true });
    const { had } = await cluster.accounts(t, writer.written);
    t.log(`${writer.events} events, ${had} doubled`);
  },
);

test.serial(
  'a member that never returns stays in doubt, and all that was written is at the others or there',
  async (t) => {
    const cluster = await Cluster.prepare(t, 80);
    await cluster.start();
    const writer = new Writer(cluster.spool, randomFrom(5));
    const stop = new AbortController();
    t.teardown(() => stop.abort());
    const writing = writer.atRate(20_000, stop.signal);
    await until('the member has some', async () => (await cluster.acknowledged(0)) > 5_000);
    // it goes on reading its socket for a moment, and is then lost with what it did not acknowledge
    cluster.member(0).send('SIGSTOP');
    await until('it is given up', async () => {
      const metrics = await cluster.sender.metrics();
      return metrics.sum('spillway_destination_in_doubt_events', { member: 'b1' }) > 0;
    });
    stop.abort();
    await writing;
    await cluster.drained(writer.events, { settled: false });
    const before = await cluster.accounts(t, writer.written);
    t.true(before.inDoubt > 0);
    await cluster.sender.signal('SIGKILL');
    await cluster.sender.start();
    await cluster.drained(writer.events, { settled: false });
    const after = await cluster.accounts(t, writer.written);
    t.deepEqual(after, before, 'also over a restart of the sender');
  },
);

test.serial(
  'all members are gone: only this destination waits, and all is delivered when they return',
  async (t) => {
    const cluster = await Cluster.prepare(t, 88);
    await cluster.start();
    const writer = new Writer(cluster.spool, randomFrom(6));
    await writer.some(2_000);
    await until('some arrived', async () => (await cluster.acknowledged(0)) > 0);
    for (const member of cluster.members) await member.signal('SIGKILL');
    await writer.some(2_000);
    await writer.finish();
    await until('nobody is connected', async () => {
      const metrics = await cluster.sender.metrics();
      return metrics.sum('spillway_destination_connected') === 0;
    });
    const away = (await cluster.sender.health()).away;
    t.regex(away['b'] ?? '', /no member is connected/);
    for (const member of cluster.members) await member.start();
    await cluster.drained(writer.events, { settled: true });
    await cluster.accounts(t, writer.written);
  },
);
