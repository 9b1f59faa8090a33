// Cursors that nobody owns are looked for every few seconds, also while a reload has opened some and is not through.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../agent/config/load.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { FanOut } from '../../../agent/sink/fan-out.ts';
import { captureLogger } from '../source/captured-logger.ts';
import { openLog, temporaryDirectory } from '../source/event-log.ts';

test('a cursor that was opened for a change that is not made yet is no orphan', async (t) => {
  const dir = await temporaryDirectory(t);
  const file = join(dir, 'agent.yaml');
  await writeFile(
    file,
    `id: sender\nlog: { dir: ${dir}/log }\nsources: []\ndestinations:\n  - { name: new, address: '127.0.0.1:1' }\n`,
  );
  const config = await loadConfig(file);
  await using log = await openLog(join(dir, 'log'));
  const { logger, lines } = captureLogger();
  const registry = new StaticRegistry({});
  const fanOut = new FanOut({ log, registry, logger }, { instance: 'sender', version: '0' }, config.log);
  const change = await fanOut.prepare({ added: config.destinations, changed: [], removed: [] });
  await fanOut.look();
  t.is((await log.cursors.read('new'))?.orphaned, undefined);
  t.deepEqual(
    lines.filter(({ level }) => level >= 40),
    [],
  );
  await change.discard();
  await fanOut.look();
  t.deepEqual(await log.cursors.names(), []);
});
