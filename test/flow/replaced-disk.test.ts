// The disk of an agent in the middle is replaced: what its peers get again, and how an operator avoids it.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agent } from '../agent/inspect/written-log.ts';
import { until } from '../agent/source/until.ts';
import { destinationAt, listenOn, tailOf, temporaryDirectory } from './chain.ts';
import { type Node, nodeOf } from './node.ts';

const text = (name: string) => `${name} some event\n`.repeat(100);

/** instance1 -> instance2 -> instance3, all stopped; the second lost its disk when everything was passed on. */
async function replaced(t: ExecutionContext, host: number) {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const one = await nodeOf(t, dir, host, {
    id: 'instance1',
    sources: [tailOf(spool)],
    destinations: [destinationAt('instance2', host + 1)],
  });
  const two = await nodeOf(t, dir, host + 1, {
    id: 'instance2',
    sources: [listenOn(host + 1)],
    destinations: [destinationAt('instance3', host + 2)],
  });
  const three = await nodeOf(t, dir, host + 2, { id: 'instance3', sources: [listenOn(host + 2)] });
  for (const node of [three, two, one]) await node.start();
  await writeFile(join(spool, 'a.log'), text('a'));
  await until('all is passed on', async () => {
    const metrics = await two.metrics();
    return (
      metrics.sum('spillway_log_appended_bytes_total') === text('a').length &&
      metrics.sum('spillway_destination_buffered_bytes') === 0
    );
  });
  await one.close();
  await two.close();
  await rm(two.logDir, { recursive: true });
  return { spool, one, two, three };
}

const lost = async (node: Node) =>
  (await node.metrics()).sum('spillway_destination_events_total', { outcome: 'skipped' });

test('a disk in the middle is replaced by plan: nothing is lost, doubled or charged', async (t) => {
  const { spool, one, two, three } = await replaced(t, 210);
  t.is((await agent('cursor', one.logDir, 'renew', 'instance2', '--yes')).status, 0);
  await two.start();
  await one.start();
  await writeFile(join(spool, 'b.log'), text('b'));
  const all = text('a') + text('b');
  await until('the rest is there', async () => (await three.events()).length >= all.length);
  t.is((await three.events()).toString(), all);
  for (const node of [one, two]) {
    t.is(await lost(node), 0);
    t.deepEqual((await node.metrics()).openEquations(), []);
  }
});

test('a disk in the middle is replaced without a word: nothing is lost, what was kept comes again', async (t) => {
  const { spool, one, two, three } = await replaced(t, 214);
  await two.start();
  await one.start();
  await writeFile(join(spool, 'b.log'), text('b'));
  const all = text('a') + text('a') + text('b');
  await until('the rest is there', async () => (await three.events()).length >= all.length);
  t.is((await three.events()).toString(), all);
  t.is(await lost(one), 0, 'its peer still had it');
  t.true(one.lines.some(({ remark }) => /nothing of what it had acknowledged/.test(String(remark))));
});
