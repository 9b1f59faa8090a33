// A destination whose instance registers again is connected at once, however long it would wait by itself.

import test from 'ava';
import { pino } from 'pino';
import { Members } from '../../../agent/registry/members.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { Destination } from '../../../agent/sink/destination.ts';
import { openOn } from '../log/crash-case.ts';
import { ModelDisk } from '../log/model-disk.ts';
import { randomOf } from '../log/random.ts';
import { until } from '../source/until.ts';
import { ScriptedReceiver } from './scripted-receiver.ts';
import { LOG_OPTIONS, SENDING_OPTIONS } from './sending.ts';

test('a-restart-is-no-news: an instance that was started again is not waited for until the next attempt', async (t) => {
  const log = await openOn(new ModelDisk(randomOf(1)), LOG_OPTIONS);
  const receiver = await ScriptedReceiver.open(t);
  const members = new Members({ absentMs: 0 });
  const registry = Object.assign(new StaticRegistry({}), {
    watch: members.watch.bind(members),
    lookup: members.lookup.bind(members),
  });
  const patient = { connectTimeoutMs: 60_000, peerTimeoutMs: 60_000, retryMinMs: 60_000, retryMaxMs: 60_000 };
  const options = { ...SENDING_OPTIONS, ...patient };
  const to = { by: 'instance', instance: 'b' } as const;
  const parts = { log, registry, logger: pino({ level: 'silent' }) };
  const destination = await Destination.open({ ...options, to }, parts);
  t.teardown(async () => {
    await destination.close(0);
    await log.close();
  });
  destination.start();
  const at = (session: string) => ({ id: 'b', address: receiver.address, session });
  members.observe('b', at('first'), 0);
  const peer = await receiver.peer(0);
  peer.welcome({ instance: 'b' });
  await until('it is connected', () => destination.problem === null);
  peer.socket.destroy();
  await until('it is not connected', () => destination.problem !== null);
  members.observe('b', at('second'), 1);
  (await receiver.peer(1)).welcome({ instance: 'b' });
  await until('it is connected again', () => destination.problem === null);
  t.pass();
});
