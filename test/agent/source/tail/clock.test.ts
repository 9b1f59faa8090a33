// A wall clock that is set while a tail runs. These tests set this process's own: one at a time, nothing beside them.

import { appendFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { Tailing } from './tailing.ts';

const HOUR_MS = 3_600_000;
const wall = Date.now;

for (const [name, stepMs] of [
  ['back', -HOUR_MS],
  ['forward', HOUR_MS],
] as const) {
  test.serial(`clock-set-${name}: files that grow and files that come are found all the same`, async (t) => {
    t.teardown(() => {
      Date.now = wall;
    });
    const tailing = await Tailing.prepare(t);
    await tailing.start();
    await writeFile(tailing.path('a.log'), 'one\n');
    await tailing.delivers('one\n');
    Date.now = () => wall() + stepMs;
    await writeFile(tailing.path('b.log'), 'two\n');
    await tailing.delivers('one\ntwo\n', 5_000);
    await appendFile(tailing.path('a.log'), 'three\n');
    await tailing.delivers('one\ntwo\nthree\n', 5_000);
    Date.now = wall;
    await writeFile(tailing.path('c.log'), 'four\n');
    await tailing.delivers('one\ntwo\nthree\nfour\n', 5_000);
    tailing.conserves();
  });
}
