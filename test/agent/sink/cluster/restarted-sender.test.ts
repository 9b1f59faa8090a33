// A sender that starts anew, with ranges that members hold from before.

import { setTimeout as passed } from 'node:timers/promises';
import test from 'ava';
import { appendLines, sourceOf } from '../../log/lines.ts';
import { until } from '../../source/until.ts';
import { ScriptedReceiver } from '../scripted-receiver.ts';
import { begin, instanceAt, openLog, ToldRegistry } from './registered.ts';

const PATIENT = { more: { handoverMs: 50, ackTimeoutMs: 30_000 } };

test('slow-start-doubts: a member that answers the first greeting late keeps what it holds, and nobody else gets it', async (t) => {
  const log = await openLog(t);
  const [one, two] = [await ScriptedReceiver.open(t), await ScriptedReceiver.open(t)];
  const told = new ToldRegistry();
  const before = await begin(t, log, told.registry, PATIENT);
  told.tell(instanceAt('b1', one), instanceAt('b2', two));
  const [first, other] = [await one.peer(0), await two.peer(0)];
  first.welcome({ instance: 'b1', has: 0, sequence: 0 });
  other.welcome({ instance: 'b2', has: 0, sequence: 0 });
  const isEach = (destination: typeof before, count: number) =>
    destination.snapshot().cluster?.members.filter(({ connected }) => connected).length === count;
  await until('both are connected', () => isEach(before, 2));
  await appendLines(log, sourceOf(log), ['one']);
  await first.until(() => first.text === 'one\n');
  const batch = first.data[0]?.header;
  await before.close(0);

  const after = await begin(t, log, told.registry, PATIENT);
  const [late, prompt] = [await one.peer(1), await two.peer(1)];
  prompt.welcome({ instance: 'b2', has: 0, sequence: 0 });
  await until('the other is connected', () => isEach(after, 1));
  await passed(300);
  const [held] = after.snapshot().cluster?.members ?? [];
  t.like(held, { name: 'b1', inDoubt: { events: 0 } });
  t.is(prompt.text, '');
  const last = { from: 0, crc: batch?.crc ?? 0 };
  late.welcome({ instance: 'b1', has: 4, hasEvents: 1, sequence: batch?.sequence ?? 0, last });
  await until('it is acknowledged', () => after.snapshot().acknowledged.events === 1);
  t.is(after.snapshot().cluster?.had.events, 0);
});
