// That an instance is elsewhere, or was started again, is acted on at once also where it is heard during an attempt.

import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import type { Address } from '../../../agent/config/address.ts';
import type { OnChange, Registry } from '../../../agent/registry/registry.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { Destination } from '../../../agent/sink/destination.ts';
import { begin, instanceAt, openLog, ToldRegistry } from './cluster/registered.ts';
import { ScriptedReceiver } from './scripted-receiver.ts';
import { SENDING_OPTIONS } from './sending.ts';

/** Longer than any test: who waits for it fails. */
const LONG_MS = 600_000;

class Watched {
  readonly registry: Registry;
  #tell: OnChange = () => undefined;

  constructor(first: Address) {
    const watch = (_id: string, onChange: OnChange) => {
      this.#tell = onChange;
      return () => undefined;
    };
    this.registry = Object.assign(new StaticRegistry({ i2: first }), { watch });
  }

  tell(address: Address): void {
    this.#tell({ id: 'i2', address });
  }
}

async function begun(t: ExecutionContext, registry: Registry): Promise<void> {
  const log = await openLog(t);
  const destination = await Destination.open(
    {
      ...SENDING_OPTIONS,
      to: { by: 'instance', instance: 'i2' },
      connectTimeoutMs: LONG_MS,
      retryMinMs: LONG_MS,
      retryMaxMs: LONG_MS,
    },
    { log, registry, logger: pino({ level: 'silent' }) },
  );
  t.teardown(() => destination.close(0));
  destination.start();
}

test('news-during-an-attempt: an attempt where the instance is no longer is given up', async (t) => {
  t.timeout(20_000);
  const [old, next] = [await ScriptedReceiver.open(t), await ScriptedReceiver.open(t)];
  const watched = new Watched(old.address);
  await begun(t, watched.registry);
  const silent = await old.peer(0);
  watched.tell(next.address);
  const found = await next.peer(0);
  t.truthy(found.hello);
  await silent.until(() => silent.closed);
  t.is(old.connections, 1);
});

test('news-during-an-attempt: an instance that was started again meanwhile is tried again without a pause', async (t) => {
  t.timeout(20_000);
  const receiver = await ScriptedReceiver.open(t);
  const watched = new Watched(receiver.address);
  await begun(t, watched.registry);
  const first = await receiver.peer(0);
  watched.tell(receiver.address);
  first.refuse('stopping');
  const second = await receiver.peer(1);
  t.truthy(second.hello);
});

const SLOW = { probeMinMs: LONG_MS, probeMaxMs: LONG_MS, ackTimeoutMs: LONG_MS, handoverMs: LONG_MS };

test('news-during-an-attempt: a member that is elsewhere is not waited for where it was', async (t) => {
  t.timeout(20_000);
  const [old, next] = [await ScriptedReceiver.open(t), await ScriptedReceiver.open(t)];
  const told = new ToldRegistry();
  await begin(t, await openLog(t), told.registry, { more: SLOW, link: { connectTimeoutMs: LONG_MS } });
  told.tell(instanceAt('b1', old));
  const silent = await old.peer(0);
  told.tell(instanceAt('b1', next));
  t.truthy((await next.peer(0)).hello);
  await silent.until(() => silent.closed);
});

test('news-during-an-attempt: a member that was started again meanwhile is probed at once', async (t) => {
  t.timeout(20_000);
  const receiver = await ScriptedReceiver.open(t);
  const told = new ToldRegistry();
  await begin(t, await openLog(t), told.registry, { more: SLOW });
  told.tell({ ...instanceAt('b1', receiver), session: '1' });
  const first = await receiver.peer(0);
  told.tell({ ...instanceAt('b1', receiver), session: '2' });
  first.refuse('stopping');
  t.truthy((await receiver.peer(1)).hello);
});
