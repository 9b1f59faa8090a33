// ls: what lies in a log, for people and for programs, with the destinations that a configuration no longer names.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Inventory } from '../../../agent/inspect/inventory.ts';
import { lockDirectory } from '../../../agent/lock.ts';
import {
  agent,
  baseOf,
  contentOf,
  DELIVERED,
  example,
  flip,
  journalOf,
  jsonOf,
  SINK,
  temporaryDirectory,
  total,
} from './written-log.ts';

test('everything in a log is listed and counted, and nothing is changed', async (t) => {
  const { dir, written, names } = await example(t);
  await mkdir(join(dir, 'quarantine'));
  await writeFile(join(dir, 'quarantine', 'spool.too-long'), 'x'.repeat(77));
  const before = await contentOf(dir);
  const ran = await agent('ls', dir, '--json');
  t.is(ran.status, 0);
  const found = jsonOf(ran) as unknown as Inventory;
  t.deepEqual(await contentOf(dir), before);
  t.deepEqual(found.appended, total(written));
  t.deepEqual(found.present, total(written));
  t.deepEqual(found.expired, { events: 0, bytes: 0 });
  t.deepEqual(
    found.segments.map(({ base }) => base),
    names.map(baseOf),
  );
  t.deepEqual(
    found.segments.map(({ state, holes }) => [state, holes]),
    names.map((name) => [name === names.at(-1) ? 'active' : 'sealed', 0]),
  );
  t.is(
    found.segments.reduce((sum, { batches }) => sum + batches, 0),
    written.length,
  );
  t.deepEqual(
    found.sources.map(({ owner, position }) => [owner, position]),
    ['spool', 'hop'].map((name) => [name, total(written.filter(({ owner }) => owner === name)).bytes]),
  );
  t.deepEqual(found.cursors[0]?.progress?.lag, total(written.slice(DELIVERED)));
  t.like(found.quarantine[0], { name: 'spool.too-long', bytes: 77 });
});

test('for people: the same as text; who runs on it; what is damaged', async (t) => {
  const { dir, names } = await example(t);
  const path = journalOf(dir, names[1] ?? '');
  await flip(path, 400);
  const { stdout } = await agent('ls', dir);
  const text = stdout.toString();
  for (const line of [
    /^ {2}stream {4}[0-9a-f]{32}$/m,
    /^ {2}agent {5}none runs$/m,
    /^ {2}destination +position +lag events +lag bytes +epoch/m,
    /^ +\d+ +[\d,]+ +[\d,]+ +\d+ +1 .* sealed$/m,
    new RegExp(`^  ${SINK} +[\\d,]+ +[\\d,]+ +[\\d,]+ +1$`, 'm'),
  ])
    t.regex(text, line);
  await using _lock = await lockDirectory(dir);
  t.regex((await agent('ls', dir)).stdout.toString(), new RegExp(`process ${process.pid} runs on it`));
});

test('20779-days-ago: a journal that cannot be read says nothing of its last batch', async (t) => {
  const { dir, names } = await example(t);
  await writeFile(journalOf(dir, names[1] ?? ''), Buffer.alloc(200));
  const { stdout } = await agent('ls', dir);
  t.regex(stdout.toString(), /^ +\d+ .* - +journal unreadable$/m);
  t.notRegex(stdout.toString(), /\d{4,} d ago/);
});

test('a cursor that no destination of the configuration owns is orphaned', async (t) => {
  const { dir } = await example(t);
  const file = join(await temporaryDirectory(t), 'agent.yaml');
  const configOf = (name: string) =>
    JSON.stringify({
      id: 'x',
      log: { dir },
      sources: [{ type: 'listen', name: 'hop', address: '127.0.0.1:4100' }],
      destinations: [{ name, address: '127.0.0.1:4101' }],
    });
  await writeFile(file, configOf('other'));
  const orphaned = await agent('ls', dir, '--config', file);
  t.regex(orphaned.stdout.toString(), new RegExp(`^  ${SINK} .* orphaned$`, 'm'));
  await writeFile(file, configOf(SINK));
  // the directory is in the configuration
  const owned = await agent('ls', '--config', file);
  t.is(owned.status, 0, owned.stderr);
  t.notRegex(owned.stdout.toString(), /orphaned/);
});

test('a directory that holds no log is refused', async (t) => {
  const dir = await temporaryDirectory(t);
  const { status, stderr } = await agent('ls', dir);
  t.is(status, 2);
  t.regex(stderr, /holds no log of an agent/);
});
