// Receivers that are away, stopped, full or wiped, and clean restarts: the bytes arrive once, in order, and are counted.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { randomFrom } from '../agent/source/random.ts';
import { until } from '../agent/source/until.ts';
import { AgentProcess } from './agent-process.ts';
import {
  Chain,
  configOf,
  delivers,
  destinationAt,
  listenOn,
  QUICK_LOG,
  tailOf,
  temporaryDirectory,
} from './chain.ts';
import { Writer } from './writer.ts';

interface Pair {
  readonly sender: AgentProcess;
  readonly receiver: AgentProcess;
  readonly writer: Writer;
}

async function pair(t: ExecutionContext, host: number, log: object = {}, more: object = {}): Promise<Pair> {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const sender = await AgentProcess.prepare(
    t,
    dir,
    configOf('sender', host, {
      log: { ...QUICK_LOG, ...log },
      sources: [tailOf(spool)],
      destinations: [destinationAt('receiver', host + 1, more)],
    }),
  );
  const receiver = await AgentProcess.prepare(
    t,
    dir,
    configOf('receiver', host + 1, { sources: [listenOn(host + 1)] }),
  );
  return { sender, receiver, writer: new Writer(spool, randomFrom(host)) };
}

async function closes(t: ExecutionContext, ...agents: AgentProcess[]): Promise<void> {
  for (const agent of agents) t.deepEqual((await agent.metrics()).openEquations(), [], agent.id);
}

test.serial('a clean restart of each agent in turn, under load', async (t) => {
  const chain = await Chain.prepare(t, 1);
  // the last ones first: the order of start does not matter
  await Promise.all(chain.agents.slice(2).map((agent) => agent.start()));
  await Promise.all(chain.agents.slice(0, 2).map((agent) => agent.start()));
  const writer = new Writer(chain.spool, randomFrom(7));
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const writing = writer.atRate(5_000, stop.signal);
  for (const agent of chain.agents) {
    await sleep(100);
    t.deepEqual(await agent.signal('SIGTERM'), { code: 0, signal: null }, `${agent.id} ${agent.errors}`);
    t.is(agent.errors, '');
    await agent.start();
  }
  stop.abort();
  await writing;
  await chain.delivers(t, writer.written);
});

test.serial('a receiver that is down for seconds, and comes back', async (t) => {
  const { sender, receiver, writer } = await pair(t, 11);
  await sender.start();
  await writer.some(5_000);
  await writer.finish();
  await delivers(t, sender, writer.written);
  const health = await sender.health();
  t.is(health.status, 'ok');
  t.regex(health.away['receiver'] ?? '', /ECONNREFUSED|connection refused/);
  await closes(t, sender);
  await receiver.start();
  await delivers(t, receiver, writer.written);
  await receiver.signal('SIGKILL');
  await writer.some(5_000);
  await writer.finish();
  await delivers(t, sender, writer.written);
  await until('the sender has noticed', async () => (await sender.health()).away['receiver'] !== undefined);
  await receiver.start();
  await delivers(t, receiver, writer.written);
  await until('nothing is buffered', async () => {
    const metrics = await sender.metrics();
    return metrics.sum('spillway_destination_buffered_bytes') === 0;
  });
  t.deepEqual((await sender.health()).away, {});
  await closes(t, sender, receiver);
});

test.serial(
  'the cap is reached while the receiver is down: intake stops, the cap holds, everything drains',
  async (t) => {
    const cap = 4 * 1_048_576;
    const log = { segmentBytes: 262_144, capBytes: cap, keepBytes: 1_048_576, pendingBytesMax: 1_048_576 };
    const { sender, receiver, writer } = await pair(t, 21, log);
    await sender.start();
    for (let turn = 0; turn < 20; turn++) await writer.some(5_000);
    await writer.finish();
    t.true(writer.written.length > 2 * cap);
    const full = await until('the log is full', async () => {
      const health = await sender.health();
      return health.status === 'failing' ? health : null;
    });
    t.regex(full.reasons.join(), /the log takes nothing: its cap of 4194304 bytes is reached/);
    const metrics = await sender.metrics();
    t.deepEqual(metrics.openEquations(), []);
    t.is(metrics.sum('spillway_log_state', { state: 'full' }), 1);
    await receiver.start();
    await delivers(t, receiver, writer.written);
    const after = await sender.metrics();
    t.true(after.sum('spillway_log_bytes_max') <= cap, String(after.sum('spillway_log_bytes_max')));
    await until('it takes events again', async () => (await sender.health()).status === 'ok');
    await closes(t, sender, receiver);
  },
);

test.serial('full-at-stop: a full agent stops when it is told to, and loses nothing', async (t) => {
  const cap = 4 * 1_048_576;
  const log = { segmentBytes: 262_144, capBytes: cap, keepBytes: 1_048_576, pendingBytesMax: 1_048_576 };
  const { sender, receiver, writer } = await pair(t, 31, log);
  await sender.start();
  for (let turn = 0; turn < 20; turn++) await writer.some(5_000);
  await writer.finish();
  await until('the log is full', async () => (await sender.health()).status === 'failing');
  const from = performance.now();
  t.deepEqual(await sender.signal('SIGTERM'), { code: 0, signal: null }, sender.errors);
  t.true(performance.now() - from < 8_000);
  t.is(sender.errors, '');
  await sender.start();
  await receiver.start();
  await delivers(t, receiver, writer.written);
  await closes(t, sender, receiver);
});

test.serial('a receiver that is stopped for longer than the peer timeout, then goes on', async (t) => {
  const { sender, receiver, writer } = await pair(t, 41);
  await receiver.start();
  await sender.start();
  await writer.some(2_000);
  await until('something has arrived', async () => (await receiver.events()).length > 0);
  receiver.send('SIGSTOP');
  t.teardown(() => receiver.send('SIGCONT'));
  const stop = new AbortController();
  const writing = writer.atRate(10_000, stop.signal);
  await until('the sender has noticed', () => sender.said('was silent for 1500 ms'));
  await until('it tries again', async () => (await sender.health()).away['receiver'] !== undefined);
  await sleep(2_500);
  receiver.send('SIGCONT');
  stop.abort();
  await writing;
  await delivers(t, receiver, writer.written);
  await until('nothing is buffered', async () => {
    const metrics = await sender.metrics();
    return metrics.sum('spillway_destination_buffered_bytes') === 0;
  });
  await closes(t, sender, receiver);
});

test.serial('a sender that is stopped for longer than the peer timeout, then goes on', async (t) => {
  const { sender, receiver, writer } = await pair(t, 51);
  await receiver.start();
  await sender.start();
  await writer.some(2_000);
  await until('something has arrived', async () => (await receiver.events()).length > 0);
  sender.send('SIGSTOP');
  t.teardown(() => sender.send('SIGCONT'));
  await until('the receiver has noticed', () => receiver.said('peer-timeout'));
  await writer.some(2_000);
  await writer.finish();
  sender.send('SIGCONT');
  await delivers(t, receiver, writer.written);
  await closes(t, sender, receiver);
});

test.serial(
  'the disk of a receiver is wiped while it is down: what is kept is sent again, the rest is counted',
  async (t) => {
    const log = {
      segmentBytes: 262_144,
      capBytes: 8 * 1_048_576,
      keepBytes: 524_288,
      pendingBytesMax: 1_048_576,
    };
    const { sender, receiver, writer } = await pair(t, 61, log);
    await sender.start();
    await receiver.start();
    for (let turn = 0; turn < 8; turn++) await writer.some(5_000);
    await writer.finish();
    await delivers(t, receiver, writer.written);
    await until('the sender has deleted what everyone has', async () => {
      const metrics = await sender.metrics();
      return metrics.sum('spillway_log_expired_bytes_total') > 1_000_000;
    });
    await receiver.signal('SIGKILL');
    await rm(receiver.logDir, { recursive: true });
    await writer.some(1_000);
    await writer.finish();
    await receiver.start();
    const metrics = await until('the sender has gone on', async () => {
      const seen = await sender.metrics();
      const skipped = seen.sum('spillway_destination_bytes_total', {
        outcome: 'skipped',
        reason: 'peerLost',
      });
      return skipped > 0 && seen.sum('spillway_destination_buffered_bytes') === 0 ? seen : null;
    });
    const lost = metrics.sum('spillway_destination_bytes_total', { outcome: 'skipped', reason: 'peerLost' });
    await delivers(t, receiver, writer.written.subarray(lost));
    const lostEvents = metrics.sum('spillway_destination_events_total', {
      outcome: 'skipped',
      reason: 'peerLost',
    });
    t.is(lostEvents, countLines(writer.written.subarray(0, lost)));
    await closes(t, sender, receiver);
  },
);

function countLines(bytes: Buffer): number {
  return bytes.filter((byte) => byte === 10).length;
}
