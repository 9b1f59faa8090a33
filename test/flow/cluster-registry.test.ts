// Real agents and a real etcd: a cluster whose members register, and a sender that starts while etcd is away.

import test from 'ava';
import { EtcdServer, findEtcd } from '../agent/registry/etcd-server.ts';
import { randomFrom } from '../agent/source/random.ts';
import { until } from '../agent/source/until.ts';
import { Cluster } from './cluster.ts';
import { Writer } from './writer.ts';

const program = findEtcd();
const withEtcd = program === undefined ? test.serial.skip : test.serial;

withEtcd('members-unknown-until-etcd-answers: a sender that is killed goes on without etcd', async (t) => {
  const etcd = await EtcdServer.prepare(program ?? '');
  t.teardown(() => etcd.remove());
  await etcd.start();
  const registry = { type: 'etcd', endpoints: [etcd.endpoint], ttlSeconds: 2 };
  const cluster = await Cluster.prepare(t, 120, {}, registry);
  await cluster.start();
  const writer = new Writer(cluster.spool, randomFrom(3));
  await writer.some(2_000);
  await until('some arrived', async () => (await cluster.acknowledged(0)) > 0);
  await etcd.wipe();
  await cluster.sender.signal('SIGKILL');
  await cluster.sender.start();
  await writer.some(2_000);
  await writer.finish();
  await cluster.drained(writer.events, { settled: true });
  await cluster.accounts(t, writer.written);
  t.regex(JSON.stringify((await cluster.sender.health())['registry']), /waiting|away/);
  // it comes back empty: whoever has not registered again yet stays a member
  await etcd.start();
  await until('etcd answers', async () => {
    return JSON.stringify((await cluster.sender.health())['registry']).includes('"registered":true');
  });
  const metrics = await cluster.sender.metrics();
  t.is(metrics.sum('spillway_member_connected'), 3);
});
