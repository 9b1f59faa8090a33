// A restart goes on exactly where the last commit was, whatever happened to the files meanwhile.

import { appendFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

test('restarts in the middle of a stream double and lose nothing', async (t) => {
  const tailing = await Tailing.prepare(t, { readBytesMax: 4096, eventBytesMax: 100 });
  let written = '';
  for (let round = 0; round < 12; round++) {
    const text = Array.from({ length: 3_000 }, (_, index) => `round ${round} line ${index}\n`).join('');
    written += text;
    await appendFile(tailing.path('a.log'), text);
    await tailing.start();
    const appended = tailing.source.snapshot().appended.bytes;
    await until('it has begun', () => tailing.source.snapshot().appended.bytes > appended);
    await tailing.stop();
  }
  await tailing.start();
  await tailing.delivers(written);
  tailing.conserves();
  t.is(tailing.source.snapshot().read.bytes, written.length, 'the counters have survived');
});

test('a restart reads a held line once', async (t) => {
  const tailing = await Tailing.prepare(t);
  await writeFile(tailing.path('a.log'), 'one\ntw');
  await tailing.start();
  await tailing.delivers('one\n');
  await tailing.stop();
  await tailing.start();
  await until('it is held again', () => tailing.source.snapshot().held.bytes === 2);
  await appendFile(tailing.path('a.log'), 'o\n');
  await tailing.delivers('one\ntwo\n');
});

test('startAt newest: only what comes after the first start', async (t) => {
  const tailing = await Tailing.prepare(t, { startAt: 'newest' });
  await writeFile(tailing.path('a.log'), 'old\nhalf');
  await tailing.start();
  await until('it is followed', () => tailing.source.snapshot().files === 1);
  await appendFile(tailing.path('a.log'), ' a line\nnew\n');
  await writeFile(tailing.path('b.log'), 'b is new\n');
  await tailing.delivers('half a line\nnew\nb is new\n');
  await tailing.stop();
  await appendFile(tailing.path('a.log'), 'written meanwhile\n');
  await tailing.start();
  await tailing.delivers('half a line\nnew\nb is new\nwritten meanwhile\n');
});

test('newest-forgotten: where startAt newest began is remembered before anything was read', async (t) => {
  const tailing = await Tailing.prepare(t, { startAt: 'newest' });
  await writeFile(tailing.path('a.log'), 'old\n');
  await tailing.start();
  await until('it is followed', () => tailing.source.snapshot().files === 1);
  await tailing.stop();
  await appendFile(tailing.path('a.log'), 'written meanwhile\n');
  await writeFile(tailing.path('b.log'), 'made meanwhile\n');
  await tailing.start();
  await tailing.delivers('written meanwhile\nmade meanwhile\n', 3_000);
});

test('newest-in-an-empty-directory: what comes after the first start is read, also after a restart', async (t) => {
  const tailing = await Tailing.prepare(t, { startAt: 'newest' });
  await tailing.start();
  const since = performance.now();
  await until('it has looked', () => performance.now() - since > 100);
  await tailing.stop();
  await writeFile(tailing.path('a.log'), 'made meanwhile\n');
  await tailing.start();
  await tailing.delivers('made meanwhile\n', 3_000);
});

test('sources-pile-up: of the files that are long gone, only the last are remembered', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  await writeFile(tailing.path('a.log'), 'one\n');
  await tailing.delivers('one\n');
  for (let inode = 0; inode < 3_000; inode++) {
    const key = `file:events:${inode}:gone`;
    tailing.log.defineSource({ owner: 'events', key, identity: { inode }, position: 1 });
  }
  await tailing.stop();
  await tailing.start();
  const remembered = () => tailing.log.sourcesOf('events').length;
  await until('the rest is forgotten', () => remembered() <= 1_025, { withinMs: 3_000, show: remembered });
  await appendFile(tailing.path('a.log'), 'two\n');
  await tailing.delivers('one\ntwo\n');
});
