// A member that was ejected and registers again is tried at once, however long the wait for the next probe is.

import test from 'ava';
import { until } from '../../source/until.ts';
import { ScriptedReceiver } from '../scripted-receiver.ts';
import { begin, instanceAt, openLog, ToldRegistry } from './registered.ts';

const WAIT = { probeMinMs: 60_000, probeMaxMs: 60_000 };

test('a-restart-is-no-news: a member that was started again is not waited for until its next probe', async (t) => {
  const log = await openLog(t);
  const one = await ScriptedReceiver.open(t);
  const told = new ToldRegistry();
  const destination = await begin(t, log, told.registry, { more: WAIT });
  told.tell({ ...instanceAt('b1', one), session: 'first' });
  (await one.peer(0)).socket.destroy();
  await until('it is ejected', () => destination.snapshot().cluster?.members[0]?.state === 'ejected');
  told.tell({ ...instanceAt('b1', one), session: 'first' });
  t.is(one.connections, 1);
  told.tell({ ...instanceAt('b1', one), session: 'second' });
  (await one.peer(1)).welcome({ instance: 'b1', has: 0, sequence: 0 });
  await until('it is connected', () => destination.snapshot().connected);
  t.pass();
});
