// Agents that find each other through a real etcd: which may come late, die while data flows, or be wiped.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EtcdServer, findEtcd } from '../agent/registry/etcd-server.ts';
import { randomFrom } from '../agent/source/random.ts';
import { until } from '../agent/source/until.ts';
import { AgentProcess } from './agent-process.ts';
import { configOf, delivers, listenOn, QUICK_DESTINATION, tailOf, temporaryDirectory } from './chain.ts';
import { Writer } from './writer.ts';

const program = findEtcd();
const withEtcd = program === undefined ? test.serial.skip : test.serial;

async function prepareEtcd(t: ExecutionContext): Promise<EtcdServer> {
  const etcd = await EtcdServer.prepare(program ?? '');
  t.teardown(() => etcd.remove());
  return etcd;
}

interface Pair {
  readonly sender: AgentProcess;
  readonly receiver: AgentProcess;
  readonly writer: Writer;
}

async function pair(t: ExecutionContext, etcd: EtcdServer, host: number): Promise<Pair> {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const registry = { type: 'etcd', endpoints: [etcd.endpoint], prefix: `/test/${host}`, ttlSeconds: 2 };
  const destinations = [{ name: 'next', instance: 'receiver', ...QUICK_DESTINATION }];
  const sending = configOf('sender', host, { registry, sources: [tailOf(spool)], destinations });
  const receiving = configOf('receiver', host + 1, { registry, sources: [listenOn(host + 1)] });
  return {
    sender: await AgentProcess.prepare(t, dir, sending),
    receiver: await AgentProcess.prepare(t, dir, receiving),
    writer: new Writer(spool, randomFrom(host)),
  };
}

withEtcd('etcd is not there at the start: agents wait, take events, and go on when it comes', async (t) => {
  const etcd = await prepareEtcd(t);
  const { sender, receiver, writer } = await pair(t, etcd, 1);
  await sender.start();
  await receiver.start();
  await writer.some(1_000);
  await writer.finish();
  await delivers(t, sender, writer.written);
  t.is((await sender.health()).away['next'], 'waiting for receiver to appear in the registry');
  await until('it says that etcd is away', () => sender.said('etcd does not answer'));
  await etcd.start();
  await delivers(t, receiver, writer.written);
  t.deepEqual((await sender.health()).away, {});
});

withEtcd('a next hop that appears late', async (t) => {
  const etcd = await prepareEtcd(t);
  await etcd.start();
  const { sender, receiver, writer } = await pair(t, etcd, 11);
  await sender.start();
  await writer.some(1_000);
  await writer.finish();
  await delivers(t, sender, writer.written);
  const health = await sender.health();
  t.is(health.status, 'ok');
  t.is(health.away['next'], 'waiting for receiver to appear in the registry');
  await receiver.start();
  await delivers(t, receiver, writer.written);
});

withEtcd(
  'etcd is killed, wiped and started again while data flows and while an agent restarts',
  async (t) => {
    const etcd = await prepareEtcd(t);
    await etcd.start();
    const { sender, receiver, writer } = await pair(t, etcd, 21);
    await Promise.all([sender.start(), receiver.start()]);
    const stop = new AbortController();
    t.teardown(() => stop.abort());
    const writing = writer.atRate(5_000, stop.signal);
    await until('data flows', async () => (await receiver.events()).length > 10_000);
    await etcd.wipe();
    const before = (await receiver.events()).length;
    await until('the sender has noticed', async () => {
      const { registry } = await sender.health();
      return JSON.stringify(registry).includes('away');
    });
    await until('data flows on', async () => (await receiver.events()).length > before + 100_000);
    await receiver.signal('SIGKILL');
    await receiver.start();
    const restarted = (await receiver.events()).length;
    await until(
      'also after the restart of the receiver',
      async () => (await receiver.events()).length > restarted,
    );
    await etcd.start();
    await until('everyone is registered again', async () => {
      const states = [(await sender.health())['registry'], (await receiver.health())['registry']];
      return states.every((state) => JSON.stringify(state).includes('"registered":true'));
    });
    stop.abort();
    await writing;
    await delivers(t, receiver, writer.written);
    t.deepEqual((await sender.metrics()).openEquations(), []);
    t.deepEqual((await receiver.metrics()).openEquations(), []);
  },
);

withEtcd(
  'two agents with one id: the second is refused; a restart takes its own key over at once',
  async (t) => {
    const etcd = await prepareEtcd(t);
    await etcd.start();
    const { receiver } = await pair(t, etcd, 31);
    await receiver.start();
    await until('it is registered', () => receiver.said('"msg":"registered"'));
    const dir = await temporaryDirectory(t);
    const registry = { type: 'etcd', endpoints: [etcd.endpoint], prefix: '/test/31', ttlSeconds: 2 };
    const impostor = await AgentProcess.prepare(
      t,
      dir,
      configOf('receiver', 33, { registry, sources: [listenOn(33)] }),
    );
    impostor.launch();
    const { code } = await impostor.ended();
    t.is(code, 1);
    t.regex(impostor.errors, /^agent: id receiver is taken by another agent, at 127\./);
    t.is((await receiver.health()).status, 'ok');
    const lives = receiver.lines.filter(({ msg }) => msg === 'registered').length;
    await receiver.signal('SIGKILL');
    await receiver.start();
    await until(
      'it is registered again',
      () => receiver.lines.filter(({ msg }) => msg === 'registered').length > lives,
    );
    t.pass();
  },
);
