// copytruncate: the file is copied, then emptied and written on. What stood in it is neither lost nor read twice.

import { writeFileSync } from 'node:fs';
import test from 'ava';
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
