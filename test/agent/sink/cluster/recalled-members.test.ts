// A sender that starts while its registry is away goes on with the members that it knew, and takes nobody else for one.

import test from 'ava';
import { FrameType } from '../../../../agent/wire/frame.ts';
import { appendLines, sourceOf } from '../../log/lines.ts';
import { until } from '../../source/until.ts';
import { ScriptedReceiver } from '../scripted-receiver.ts';
import { begin, instanceAt, openLog, ToldRegistry } from './registered.ts';

const B1 = { instance: 'b1', has: 0, sequence: 0 };

test('members-unknown-until-etcd-answers: after a restart without a registry the last members get what comes', async (t) => {
  const log = await openLog(t);
  const [one, two] = [await ScriptedReceiver.open(t), await ScriptedReceiver.open(t)];
  const told = new ToldRegistry();
  const before = await begin(t, log, told.registry);
  t.is(before.problem, 'the cluster has no members');
  told.tell(instanceAt('b1', one), { ...instanceAt('b2', two), draining: true });
  (await one.peer(0)).welcome(B1);
  await two.peer(0);
  await until('it is connected', () => before.snapshot().connected);
  await before.close(0);

  const silent = new ToldRegistry();
  const after = await begin(t, log, silent.registry);
  const peer = await one.peer(1);
  peer.welcome(B1);
  await appendLines(log, sourceOf(log), ['one']);
  await peer.until(() => peer.text === 'one\n');
  peer.say({ type: FrameType.ack, to: 4, sequence: peer.data[0]?.header.sequence ?? 0, credit: 100 });
  await until('it is acknowledged', () => after.snapshot().acknowledged.events === 1);
  const states = () => after.snapshot().cluster?.members.map(({ name, state }) => `${name} ${state}`);
  t.deepEqual(states(), ['b1 up', 'b2 draining']);

  // who the registry names in the end are the members
  silent.tell(instanceAt('b2', two));
  const next = await two.peer(1);
  next.welcome({ ...B1, instance: 'b2' });
  await appendLines(log, sourceOf(log), ['two']);
  await next.until(() => next.text === 'two\n');
  t.deepEqual(states(), ['b2 up']);
});

test('stranger-at-a-remembered-address: who has the address of a member by now is sent nothing, and settles nothing', async (t) => {
  const log = await openLog(t);
  const one = await ScriptedReceiver.open(t);
  const told = new ToldRegistry();
  const before = await begin(t, log, told.registry);
  told.tell(instanceAt('b1', one));
  const peer = await one.peer(0);
  peer.welcome(B1);
  await appendLines(log, sourceOf(log), ['one']);
  await peer.until(() => peer.text === 'one\n');
  peer.say({ type: FrameType.ack, to: 4, sequence: peer.data[0]?.header.sequence ?? 0, credit: 100 });
  await until('it is acknowledged', () => before.snapshot().acknowledged.events === 1);
  await before.close(0);

  const silent = new ToldRegistry();
  const after = await begin(t, log, silent.registry);
  await appendLines(log, sourceOf(log), ['two']);
  const stranger = await one.peer(1);
  stranger.welcome({ ...B1, instance: 'c7' });
  const again = await one.peer(2);
  t.deepEqual(stranger.data, []);
  t.regex(after.problem ?? '', /is instance c7/);
  t.is(after.snapshot().cluster?.members[0]?.lostEvents, 0);
  again.welcome({ ...B1, has: 4, hasEvents: 1, sequence: peer.data[0]?.header.sequence ?? 0 });
  await again.until(() => again.text === 'two\n');
});

test('another prefix is another cluster: nobody is recalled', async (t) => {
  const log = await openLog(t);
  const one = await ScriptedReceiver.open(t);
  const told = new ToldRegistry();
  const before = await begin(t, log, told.registry);
  told.tell(instanceAt('b1', one));
  (await one.peer(0)).welcome(B1);
  await until('it is connected', () => before.snapshot().connected);
  await before.close(0);
  const elsewhere = await begin(t, log, new ToldRegistry().registry, { prefix: '/sinks/c' });
  t.is(elsewhere.problem, 'the cluster has no members');
});
