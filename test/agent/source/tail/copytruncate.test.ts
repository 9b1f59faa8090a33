// copytruncate: the file is copied, then emptied and written on. What stood in it is neither lost nor read twice.

import { appendFileSync, writeFileSync } from 'node:fs';
import { appendFile, copyFile, rename, truncate, writeFile } from 'node:fs/promises';
import test from 'ava';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

const numbered = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${prefix} ${from + index}\n`).join('');

test('truncated-and-regrown: a file that is as long as it was again at the next look', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  const path = tailing.path('a.log');
  let written = '';
  for (let round = 0; round < 5; round++) {
    const text = numbered(`round ${round}`, 0, 100 + 50 * round);
    // in one go: nothing is looked at in between
    writeFileSync(path, text);
    written += text;
    await tailing.delivers(written);
  }
  t.is(tailing.source.snapshot().truncations, 4);
  t.is(tailing.said('the file was truncated: it is read from its beginning'), 4);
  tailing.conserves();
});

test('truncated-and-regrown-by-much: what was held and what is longer than one read', async (t) => {
  const tailing = await Tailing.prepare(t, { readBytesMax: 4096 });
  await tailing.start();
  const path = tailing.path('a.log');
  writeFileSync(path, `${numbered('before', 0, 50)}and half a li`);
  await tailing.delivers(numbered('before', 0, 50));
  writeFileSync(path, numbered('after', 0, 5_000));
  await tailing.delivers(numbered('before', 0, 50) + numbered('after', 0, 5_000));
  tailing.conserves();
});

const COPIED = { include: ['a.log', 'a.log.*'], rescanMs: 500 };
const TRUNCATED = 'the file was truncated: it is read from its beginning';
const COPY = 'the file is a copy of one that was truncated: it is read on from where that one was';

test('copy-read-again: the copy beside the file is its continuation, rotation after rotation', async (t) => {
  const tailing = await Tailing.prepare(t, COPIED);
  await tailing.start();
  const path = tailing.path('a.log');
  let written = '';
  for (let round = 0; round < 4; round++) {
    const text = numbered(`round ${round}`, 0, 50 + 100 * (round % 2));
    await appendFile(path, text);
    written += text;
    await tailing.delivers(written);
    for (let number = round; number > 0; number--) {
      await rename(tailing.path(`a.log.${number}`), tailing.path(`a.log.${number + 1}`));
    }
    await copyFile(path, tailing.path('a.log.1'));
    await truncate(path, 0);
    await until('it is found', () => tailing.said(COPY) === round + 1);
  }
  await appendFile(path, 'last\n');
  await tailing.delivers(`${written}last\n`);
  await until('the truncated are forgotten', () => tailing.log.sourcesOf('events').length === 5);
  tailing.conserves();
});

test('unread-at-truncation: what was not read before the truncation comes from the copy', async (t) => {
  // so that the lines are still unread when the file is emptied
  const tailing = await Tailing.prepare(t, COPIED);
  await tailing.start();
  const path = tailing.path('a.log');
  await writeFile(path, numbered('read', 0, 100));
  await tailing.delivers(numbered('read', 0, 100));
  await tailing.stop();
  await appendFile(path, numbered('unread', 0, 100));
  await copyFile(path, tailing.path('a.log.1'));
  await truncate(path, 0);
  await appendFile(path, numbered('new', 0, 10));
  await tailing.start();
  await until('all are there', async () => (await tailing.events()).toString().split('\n').length === 211);
  const lines = (await tailing.events()).toString().split('\n');
  t.deepEqual(
    lines.sort(),
    (numbered('read', 0, 100) + numbered('unread', 0, 100) + numbered('new', 0, 10)).split('\n').sort(),
  );
  t.is(tailing.said(COPY), 1);
  tailing.conserves();
});

test('copied-while-written: the copy ends before what was read', async (t) => {
  const tailing = await Tailing.prepare(t, COPIED);
  await tailing.start();
  const path = tailing.path('a.log');
  await writeFile(path, numbered('one', 0, 100));
  await tailing.delivers(numbered('one', 0, 100));
  await copyFile(path, tailing.path('a.log.1'));
  await appendFile(path, numbered('two', 0, 100));
  await tailing.delivers(numbered('one', 0, 100) + numbered('two', 0, 100));
  await truncate(path, 0);
  await until('it is found', () => tailing.said(COPY) === 1);
  await appendFile(path, 'three\n');
  await tailing.delivers(`${numbered('one', 0, 100)}${numbered('two', 0, 100)}three\n`);
  tailing.conserves();
});

test('like-but-no-copy: a file with the lines of another one, which is not truncated, is delivered', async (t) => {
  const tailing = await Tailing.prepare(t, { include: ['*'] });
  await tailing.start();
  await writeFile(tailing.path('a.log'), 'started\n');
  await tailing.delivers('started\n');
  await writeFile(tailing.path('b.log'), 'started\n');
  await tailing.delivers('started\nstarted\n');
  await writeFile(tailing.path('c.log'), 'started\nelsewhere\n');
  await tailing.delivers('started\nstarted\nstarted\nelsewhere\n');
  t.is(tailing.said(COPY), 0);
  tailing.conserves();
});

test('killed-between: the copy is known after a stop between the truncation and the look at the copy', async (t) => {
  const tailing = await Tailing.prepare(t, COPIED);
  await tailing.start();
  const path = tailing.path('a.log');
  await writeFile(path, numbered('one', 0, 100));
  await tailing.delivers(numbered('one', 0, 100));
  await truncate(path, 0);
  await until('it is noticed', () => tailing.said(TRUNCATED) === 1);
  await appendFile(path, 'two\n');
  await tailing.delivers(`${numbered('one', 0, 100)}two\n`);
  await tailing.stop();
  await writeFile(tailing.path('a.log.1'), `${numbered('one', 0, 100)}rest\n`);
  await tailing.start();
  await tailing.delivers(`${numbered('one', 0, 100)}two\nrest\n`);
  tailing.conserves();
});

test('held-back-unseen: of two files that grow with the same bytes, the one that waits is shown and told', async (t) => {
  const tailing = await Tailing.prepare(t, { rescanMs: 400 });
  await tailing.start();
  await writeFile(tailing.path('a.log'), 'line 0\n');
  await tailing.delivers('line 0\n');
  await writeFile(tailing.path('b.log'), 'line 0\n');
  let lines = 1;
  const write = () => {
    for (const name of ['a.log', 'b.log']) appendFileSync(tailing.path(name), `line ${lines}\n`);
    lines++;
  };
  const writing = setInterval(write, 20);
  t.teardown(() => clearInterval(writing));
  const heldBack = () => tailing.source.snapshot().heldBack;
  await until('one is held back', () => heldBack()?.mayBeCopy === 1);
  t.is(tailing.source.heldBack, null, 'a copy would look like this for a while');
  await until('it is told', () => tailing.source.heldBack !== null);
  t.regex(tailing.source.heldBack ?? '', /b\.log of .*a\.log/);
  const told = tailing.lines.filter(({ msg }) => msg.startsWith('the file is held back'));
  t.deepEqual(
    told.map(({ path }) => path),
    [tailing.path('b.log')],
  );
  clearInterval(writing);
  await until('both are read', () => tailing.source.snapshot().appended.events === 2 * lines);
  t.like(heldBack(), { mayBeCopy: 0 });
  t.is(tailing.source.heldBack, null);
  t.true(tailing.lines.some(({ msg }) => msg.startsWith('the file is no copy of')));
  tailing.conserves();
});
