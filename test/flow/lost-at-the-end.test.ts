// Events lost to damage at an agent without destinations were counted as expired, and nobody was told: they are counted
// apart, named at each start, and /healthz speaks of them as long as the hole is in the log.

import { mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { takeInventory } from '../../agent/inspect/inventory.ts';
import { realDisk } from '../../agent/log/disk.ts';
import { until } from '../agent/source/until.ts';
import { tailOf, temporaryDirectory } from './chain.ts';
import { nodeOf } from './node.ts';

const EVENTS = 600;
const event = (file: number) => `${file} ${'x'.repeat(997)}\n`;

test('events lost at the last agent count as expired, and health is ok', async (t) => {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const agent = await nodeOf(t, dir, 211, { id: 'last', sources: [tailOf(spool)] });
  await agent.start();
  for (const file of [0, 1, 2]) {
    await writeFile(join(spool, `${file}.log`), event(file).repeat(EVENTS));
    const taken = 1000 * EVENTS * (file + 1);
    await until('it is in the log', async () => (await agent.events()).length === taken);
  }
  await agent.close();
  const [sealed = '', next] = (await readdir(agent.logDir)).filter((name) => name.endsWith('.log')).sort();
  t.not(next, undefined, 'a second segment');
  const path = join(agent.logDir, sealed);
  const { size } = await stat(path);
  await truncate(path, size / 2);

  for (const start of [1, 2]) {
    await agent.start();
    const metrics = await agent.metrics();
    const lost = metrics.sum('spillway_log_damaged_bytes');
    const kept = (await agent.events()).length;
    t.true(lost >= size / 2 && lost <= size, `${lost} of ${size} bytes`);
    t.is(kept + lost, 3 * 1000 * EVENTS);
    t.is(metrics.sum('spillway_log_damaged_events'), lost / 1000);
    t.is(metrics.sum('spillway_log_expired_events_total'), 0);
    const lines = agent.lines.filter(({ msg }) => msg === 'events of the log are lost to damage');
    t.is(lines.length, start, 'once a start');
    t.like(lines.at(-1), { level: 40, from: size - lost, to: size, events: lost / 1000, bytes: lost });
    const health = await agent.health();
    t.is(health.code, 200);
    t.is(health.status, 'degraded');
    t.true(health.degraded.join().startsWith(`${lost / 1000} events (${lost} bytes) of the log are lost`));
    await agent.close();
    const inventory = await takeInventory(realDisk, agent.logDir, null);
    t.deepEqual(inventory.damaged, { events: lost / 1000, bytes: lost });
    t.deepEqual(inventory.expired, { events: 0, bytes: 0 });
    t.is(inventory.present.bytes, kept);
  }
});
