// kill -9 of every agent of a chain, at random moments under load: nothing lost, nothing doubled, order kept, shown
// by comparing bytes.

import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { randomFrom } from '../agent/source/random.ts';
import { Chain } from './chain.ts';
import { Writer } from './writer.ts';

test('kill -9 of each agent in turn, dozens of times', async (t) => {
  t.timeout(120_000);
  const seed = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
  t.log(`seed ${seed}`);
  const random = randomFrom(seed);
  const chain = await Chain.prepare(t, 1);
  await chain.start();
  const writer = new Writer(chain.spool, randomFrom(seed + 1));
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const writing = writer.atRate(5_000, stop.signal);
  const kills = 36;
  for (let kill = 0; kill < kills; kill++) {
    const agent = chain.agents[kill % chain.agents.length];
    if (agent === undefined) throw new Error('a chain without agents');
    await sleep(random() * 150);
    t.like(await agent.signal('SIGKILL'), { signal: 'SIGKILL' });
    await sleep(random() * 100);
    // not waited for: the next one is killed while this one starts
    agent.launch();
  }
  stop.abort();
  await writing;
  await chain.delivers(t, writer.written, 30_000);
  t.log(`${kills} kills, ${writer.events} events, ${writer.written.length} bytes`);
});
