// A listener that cannot be opened leaves nothing behind: a reload that is refused for it is tried again and again.

import { join } from 'node:path';
import test from 'ava';
import pino from 'pino';
import { ListenSource } from '../../../../agent/source/listen.ts';
import { Certificates } from '../../sink/hop.ts';
import { openLog, temporaryDirectory } from '../event-log.ts';
import { Listening, OPTIONS } from './listening.ts';

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

test('an address that is taken, behind TLS: no timer goes on', async (t) => {
  const certificates = await Certificates.create(t);
  const receiver = await certificates.issue('receiver', ['127.0.0.1']);
  const { source } = await Listening.open(t);
  const log = await openLog(join(await temporaryDirectory(t), 'log'));
  t.teardown(() => log.close());
  const tls = { ...receiver, reloadMs: 60_000, handshakesPerSecondMax: 1 };
  const options = { ...OPTIONS, address: source.address, tls };
  const before = timers();
  for (let attempt = 0; attempt < 5; attempt++) {
    const listener = new ListenSource(options, log, pino({ level: 'silent' }));
    await t.throwsAsync(listener.open(), { code: 'address-in-use' });
  }
  t.true(timers() < before + 5, `${timers()} timers, ${before} before`);
});
