// Events lost to damage were counted and set aside, and nobody was told: each range is one line of the agent's log, and
// /healthz speaks of it without taking the agent out of service.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../agent/source/until.ts';
import { destinationAt, listenOn, tailOf, temporaryDirectory } from './chain.ts';
import { nodeOf } from './node.ts';

test('events lost to damage are counted but not logged, and health stays ok', async (t) => {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const sink = await nodeOf(t, dir, 202, { id: 'sink', sources: [listenOn(202)] });
  const agent = await nodeOf(t, dir, 201, {
    id: 'agent',
    sources: [tailOf(spool)],
    destinations: [destinationAt('sink', 202)],
  });
  await agent.start();
  for (const [index, name] of ['a.log', 'b.log', 'c.log'].entries()) {
    await writeFile(join(spool, name), `${index} some event\n`.repeat(10));
    await until('it is in the log', async () => (await agent.events()).includes(`${index} some event\n`));
  }
  await agent.close();
  const [segment = ''] = (await readdir(agent.logDir)).filter((name) => name.endsWith('.log'));
  const bytes = await readFile(join(agent.logDir, segment));
  const at = bytes.indexOf('1 some event');
  bytes.writeUInt8(0x21, at + 3);
  await writeFile(join(agent.logDir, segment), bytes);

  await sink.start();
  await agent.start();
  const line = await until('it is said', () => agent.lines.find(({ msg }) => /skipped a range/.test(msg)));
  t.like(line, { level: 40, destination: 'sink', from: at, to: at + 130, events: 10, bytes: 130 });
  t.is(line['reason'], 'damaged');
  const health = await agent.health();
  t.is(health.code, 200);
  t.is(health.status, 'degraded');
  t.regex(health.degraded.join(), /^sink lost 10 events \(130 bytes\) in 1 ranges/);
  await until('the rest is there', async () => (await sink.events()).length === 260);
  t.is(agent.lines.filter(({ msg }) => /skipped a range/.test(msg)).length, 1, 'once');
});
