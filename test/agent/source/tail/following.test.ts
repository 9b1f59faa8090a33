// Which files are followed, and in which order they are read.

import { appendFile, link, mkdir, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

const numbered = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${prefix} ${from + index}\n`).join('');

test('files that were there before, and files that appear later', async (t) => {
  const tailing = await Tailing.prepare(t);
  await writeFile(tailing.path('a.log'), 'a1\n');
  await tailing.start();
  await tailing.delivers('a1\n');
  await writeFile(tailing.path('b.log'), 'b1\n');
  await tailing.delivers('a1\nb1\n');
  await appendFile(tailing.path('a.log'), 'a2\n');
  await tailing.delivers('a1\nb1\na2\n');
  tailing.conserves();
});

test('an empty file holds nothing up and is read once it has something', async (t) => {
  const tailing = await Tailing.prepare(t);
  await writeFile(tailing.path('a.log'), '');
  await writeFile(tailing.path('b.log'), 'b\n');
  await tailing.start();
  await tailing.delivers('b\n');
  await appendFile(tailing.path('a.log'), 'a\n');
  await tailing.delivers('b\na\n');
});

test('include and exclude decide by name; subdirectories are no files', async (t) => {
  const tailing = await Tailing.prepare(t, { include: ['*.log', 'x-*'], exclude: ['*debug*'] });
  for (const name of ['a.log', 'a.txt', 'x-1', 'debug.log', 'x-debug', '.hidden.log']) {
    await writeFile(tailing.path(name), `${name}\n`);
  }
  await mkdir(tailing.path('sub.log'));
  await writeFile(join(tailing.path('sub.log'), 'b.log'), 'in a subdirectory\n');
  await tailing.start();
  await tailing.delivers('a.log\nx-1\n.hidden.log\n');
  await writeFile(tailing.path('z.log'), 'z\n');
  await tailing.delivers('a.log\nx-1\n.hidden.log\nz\n');
  t.is(tailing.source.snapshot().files, 4);
});

test('a file under two names is read once', async (t) => {
  const tailing = await Tailing.prepare(t);
  await writeFile(tailing.path('a.log'), 'once\n');
  await symlink('a.log', tailing.path('current.log'));
  await link(tailing.path('a.log'), tailing.path('b.log'));
  await symlink('nowhere', tailing.path('dangling.log'));
  await tailing.start();
  await tailing.delivers('once\n');
  await appendFile(tailing.path('current.log'), 'twice\n');
  await tailing.delivers('once\ntwice\n');
  t.is(tailing.source.snapshot().files, 1);
});

test('a symlink that is switched: the old target is read to its end, then the new one', async (t) => {
  const tailing = await Tailing.prepare(t);
  const targets = join(tailing.spool, '..', 'targets');
  await mkdir(targets);
  await writeFile(join(targets, '1'), 'one\n');
  await writeFile(join(targets, '2'), 'three\n');
  await symlink(join(targets, '1'), tailing.path('current.log'));
  await tailing.start();
  await tailing.delivers('one\n');
  await appendFile(join(targets, '1'), 'two\n');
  await symlink(join(targets, '2'), tailing.path('next'));
  await rename(tailing.path('next'), tailing.path('current.log'));
  await tailing.delivers('one\ntwo\nthree\n');
  await appendFile(join(targets, '2'), 'four\n');
  await tailing.delivers('one\ntwo\nthree\nfour\n');
});

test('1,000 files: all of each, each in order', async (t) => {
  const tailing = await Tailing.prepare(t, { openFilesMax: 100 });
  const names = Array.from({ length: 1_000 }, (_, index) => `f${String(index).padStart(4, '0')}`);
  for (const name of names) await writeFile(tailing.path(`${name}.log`), numbered(name, 0, 3));
  await tailing.start();
  for (const name of names) await appendFile(tailing.path(`${name}.log`), numbered(name, 3, 5));
  const expected = names.length * 5;
  await until('all are appended', () => tailing.source.snapshot().appended.events === expected, {
    withinMs: 20_000,
    show: () => tailing.source.snapshot().appended.events,
  });
  const lines = (await tailing.events()).toString().split('\n').slice(0, -1);
  const seen = new Map<string, string>();
  for (const line of lines) {
    const [name = '', number = ''] = line.split(' ');
    seen.set(name, (seen.get(name) ?? '') + number);
  }
  t.is(seen.size, names.length);
  t.true([...seen.values()].every((numbers) => numbers === '01234'));
  tailing.conserves();
});

test('a writer that rolls its files keeps its order, while they are read and over a restart', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  let written = '';
  for (let roll = 0; roll < 40; roll++) {
    if (roll === 15) await tailing.stop();
    if (roll === 30) await tailing.start();
    const file = await open(tailing.path(`events-${String(roll).padStart(4, '0')}.log`), 'a');
    for (let turn = 0; turn < 5; turn++) {
      const text = numbered(`roll${roll}-${turn}`, 0, 200);
      written += text;
      await file.write(text);
    }
    await file.close();
  }
  await tailing.delivers(written);
  tailing.conserves();
});

test('order-at-the-limit: a writer that rolls its files keeps its order with few files open', async (t) => {
  const tailing = await Tailing.prepare(t, { openFilesMax: 2 });
  let written = '';
  for (let roll = 0; roll < 12; roll++) {
    const text = numbered(`roll${roll}`, 0, 50);
    written += text;
    await writeFile(tailing.path(`events-${String(roll).padStart(4, '0')}.log`), text);
  }
  await tailing.start();
  await tailing.delivers(written);
});

test('files of one directory that are deleted and made again at once are new files', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  let written = '';
  for (let round = 0; round < 10; round++) {
    const text = numbered(`round${round}`, 0, 20);
    await writeFile(tailing.path('a.log'), text);
    written += text;
    await tailing.delivers(written);
    await rm(tailing.path('a.log'));
  }
  await until('none is left', () => tailing.source.snapshot().files === 0);
  t.is(tailing.log.sourcesOf('events').length, 0, 'deleted files are forgotten');
  tailing.conserves();
});
