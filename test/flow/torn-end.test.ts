// The end of a middle agent's log was damaged: the whole last batch went out as a skip, though its sender still had it.
// The log goes back to its last good commit and gets it again, unless a destination is beyond that.

import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agent } from '../agent/inspect/written-log.ts';
import { until } from '../agent/source/until.ts';
import { destinationAt, listenOn, tailOf, temporaryDirectory } from './chain.ts';
import { nodeOf } from './node.ts';

const text = (name: string) => `${name} some event\n`.repeat(1000);

/** one -> two -> three, the first two at work, the last one not started yet. */
async function chain(t: ExecutionContext, host: number) {
  const dir = await temporaryDirectory(t);
  const spool = join(dir, 'spool');
  await mkdir(spool);
  const one = await nodeOf(t, dir, host, {
    id: 'one',
    sources: [tailOf(spool)],
    destinations: [destinationAt('two', host + 1)],
  });
  const two = await nodeOf(t, dir, host + 1, {
    id: 'two',
    sources: [listenOn(host + 1)],
    destinations: [destinationAt('three', host + 2)],
  });
  const three = await nodeOf(t, dir, host + 2, { id: 'three', sources: [listenOn(host + 2)] });
  await two.start();
  await one.start();
  const write = async (name: string, total: string) => {
    await writeFile(join(spool, `${name}.log`), text(name));
    await until(`${name} is in the second log`, async () => (await two.events()).toString() === total);
    const delivered = async () => (await one.metrics()).sum('spillway_destination_buffered_bytes') === 0;
    await until(`${name} is acknowledged`, delivered);
  };
  return { one, two, three, write };
}

async function tear(logDir: string): Promise<number> {
  const [segment = ''] = (await readdir(logDir)).filter((name) => name.endsWith('.log'));
  const path = join(logDir, segment);
  const { size } = await stat(path);
  await truncate(path, size - 100);
  return size;
}

test('a torn end costs no batch that its sender still has', async (t) => {
  const { one, two, three, write } = await chain(t, 221);
  await write('a', text('a'));
  await write('b', text('a') + text('b'));
  await two.close();
  const size = await tear(two.logDir);
  const fsck = await agent('fsck', two.logDir);
  t.is(fsck.status, 1);
  t.regex(fsck.stdout.toString(), /went back from \d+ to \d+/, 'what a start would do');
  await two.start();
  const remark = two.lines.find(({ remark }) => /went back from/.test(String(remark)));
  t.truthy(remark);
  await three.start();
  const all = text('a') + text('b');
  await until('all is there', async () => (await three.events()).length >= all.length);
  t.is((await three.events()).toString(), all);
  const sent = await two.metrics();
  t.is(sent.sum('spillway_destination_events_total', { outcome: 'skipped' }), 0);
  t.is(sent.sum('spillway_log_damaged_events'), 0);
  t.is(sent.sum('spillway_log_appended_bytes_total'), size);
  for (const node of [one, two]) t.deepEqual((await node.metrics()).openEquations(), []);
  const [kept = ''] = await readdir(join(two.logDir, 'quarantine'));
  t.true((await readFile(join(two.logDir, 'quarantine', kept))).length > 0, 'what is left is set aside');
});

test('a torn end that a destination is beyond stays a gap, and nothing is doubled', async (t) => {
  const { one, two, three, write } = await chain(t, 224);
  await three.start();
  await write('a', text('a'));
  await write('b', text('a') + text('b'));
  const all = text('a') + text('b');
  await until('all is passed on', async () => (await three.events()).length === all.length);
  // closing writes the cursor
  await two.close();
  await tear(two.logDir);
  await two.start();
  t.true((await two.metrics()).sum('spillway_log_damaged_events') > 0);
  await write('c', (await two.events()).toString() + text('c'));
  await until(
    'the rest is there',
    async () => (await three.events()).length >= all.length + text('c').length,
  );
  t.is((await three.events()).toString(), all + text('c'));
  for (const node of [one, two]) {
    const metrics = await node.metrics();
    t.is(metrics.sum('spillway_destination_epoch'), 1);
    t.deepEqual(metrics.openEquations(), []);
  }
});

test('a receiver ahead of a log that went back is waited for, and gets nothing twice', async (t) => {
  const { one, two, three, write } = await chain(t, 227);
  await write('a', text('a'));
  await write('b', text('a') + text('b'));
  await two.close();
  const behind = join(two.logDir, 'cursors', 'three.cursor');
  const before = await readFile(behind);
  await three.start();
  await two.start();
  const all = text('a') + text('b');
  await until('all is passed on', async () => (await three.events()).length === all.length);
  await two.close();
  // as a kill within the moment before the cursor is written leaves it
  await writeFile(behind, before);
  await tear(two.logDir);
  await one.close();
  await two.start();
  await until('it waits', () => two.lines.find(({ detail }) => /^waits until senders/.test(String(detail))));
  await one.start();
  await write('c', all + text('c'));
  await until(
    'the rest is there',
    async () => (await three.events()).length >= all.length + text('c').length,
  );
  t.is((await three.events()).toString(), all + text('c'));
  t.is((await two.metrics()).sum('spillway_destination_epoch'), 1);
});
