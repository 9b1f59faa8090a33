// What writers and log rotation do to files while they are read, and while nobody looks.

import { appendFile, mkdir, open, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

const numbered = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `${prefix} ${from + index}\n`).join('');

/** app.log.(n-1) becomes app.log.n, ..., app.log becomes app.log.1, as logrotate does it. */
async function rotate(tailing: Tailing, keep: number): Promise<void> {
  for (let number = keep - 1; number >= 0; number--) {
    const from = number === 0 ? 'app.log' : `app.log.${number}`;
    await rename(tailing.path(from), tailing.path(`app.log.${number + 1}`)).catch(() => undefined);
  }
}

/** Writes, waits until it is delivered and truncates, so many times. @returns all that was written. */
async function truncateInPlace(tailing: Tailing, rounds: number): Promise<string> {
  let written = '';
  for (let round = 0; round < rounds; round++) {
    // each time shorter than before, so that the size tells
    const text = numbered(`round${round}`, 0, 100 - 10 * round);
    await appendFile(tailing.path('a.log'), text);
    written += text;
    await tailing.delivers(written);
    await truncate(tailing.path('a.log'), 0);
    await until(
      'the truncation is noticed',
      () => tailing.said('the file was truncated: it is read from its beginning') === round + 1,
    );
  }
  return written;
}

const ROTATED = { include: ['app.log', 'app.log.*'] };

test('rename rotation, again and again, also several times between two looks', async (t) => {
  const tailing = await Tailing.prepare(t, ROTATED);
  await tailing.start();
  let written = '';
  for (let round = 0; round < 40; round++) {
    const text = numbered(`round${round}`, 0, 100);
    await appendFile(tailing.path('app.log'), text);
    written += text;
    await rotate(tailing, 50);
    // files born in one tick of the kernel's clock have no order
    await sleep(11);
    // now and then the tail catches up, mostly it does not
    if (round % 13 === 0) await tailing.delivers(written);
  }
  await tailing.delivers(written);
  tailing.conserves();
});

test('a writer that goes on writing to the renamed file loses nothing', async (t) => {
  const tailing = await Tailing.prepare(t, ROTATED);
  await tailing.start();
  const writer = await open(tailing.path('app.log'), 'a');
  t.teardown(() => writer.close());
  await writer.write('one\n');
  await tailing.delivers('one\n');
  await rotate(tailing, 5);
  await writer.write('two\n');
  await tailing.delivers('one\ntwo\n');
  await writer.write('three\n');
  await appendFile(tailing.path('app.log'), 'four\n');
  await tailing.delivers('one\ntwo\nthree\nfour\n');
});

test('a file renamed to a name that is not followed is read to its end', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  const writer = await open(tailing.path('app.log'), 'a');
  t.teardown(() => writer.close());
  await writer.write('one\n');
  await tailing.delivers('one\n');
  await rename(tailing.path('app.log'), tailing.path('app.log.1'));
  await writer.write('two\n');
  await tailing.delivers('one\ntwo\n');
  await until('it is left', () => tailing.source.snapshot().files === 0);
});

test('idle-then-renamed: what is written to a long idle file just before it is renamed away is read', async (t) => {
  const tailing = await Tailing.prepare(t, { activeMs: 20, rescanMs: 500 });
  await tailing.start();
  await writeFile(tailing.path('app.log'), 'one\n');
  await tailing.delivers('one\n');
  const since = performance.now();
  await until('the file is idle for long', () => performance.now() - since > 1_200);
  await appendFile(tailing.path('app.log'), 'two\n');
  await rename(tailing.path('app.log'), tailing.path('app.log.1'));
  await tailing.delivers('one\ntwo\n', 3_000);
});

test('rotations while the agent is down: it goes on exactly where it was', async (t) => {
  const tailing = await Tailing.prepare(t, ROTATED);
  await tailing.start();
  await writeFile(tailing.path('app.log'), 'one\n');
  await tailing.delivers('one\n');
  await tailing.stop();
  let written = 'one\n';
  await appendFile(tailing.path('app.log'), 'two\n');
  written += 'two\n';
  for (let round = 0; round < 3; round++) {
    await rotate(tailing, 5);
    await writeFile(tailing.path('app.log'), `round ${round}\n`);
    written += `round ${round}\n`;
  }
  await tailing.start();
  await tailing.delivers(written);
  tailing.conserves();
});

test('deleted while open, with unread data: drained through its descriptor', async (t) => {
  const tailing = await Tailing.prepare(t, { readBytesMax: 4096, eventBytesMax: 100 });
  await tailing.start();
  const writer = await open(tailing.path('a.log'), 'a');
  t.teardown(() => writer.close());
  await writer.write('one\n');
  await tailing.delivers('one\n');
  const rest = numbered('rest', 0, 20_000);
  await writer.write(rest);
  await rm(tailing.path('a.log'));
  await writer.write('written after it was deleted\n');
  await tailing.delivers(`one\n${rest}written after it was deleted\n`);
  await until('it is left', () => tailing.source.snapshot().files === 0);
  t.is(tailing.log.sourcesOf('events').length, 0);
  tailing.conserves();
});

test('truncated in place and written anew, as copytruncate does', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  await truncateInPlace(tailing, 5);
  await until(
    'what was before a truncation is forgotten',
    () => tailing.log.sourcesOf('events').length === 1,
  );
  tailing.conserves();
});

test('truncated-and-overtaken: a writer that is fast after a truncation loses nothing', async (t) => {
  const tailing = await Tailing.prepare(t, { rescanMs: 2_000 });
  await tailing.start();
  const long = numbered('before', 0, 2_000);
  await appendFile(tailing.path('a.log'), long);
  await tailing.delivers(long);
  await truncate(tailing.path('a.log'), 0);
  const { size } = await stat(tailing.path('a.log'));
  t.is(size, 0);
  // several looks later, well before the next rescan
  const since = performance.now();
  await until('some looks later', () => performance.now() - since > 60);
  const after = numbered('after', 0, 4_000);
  await appendFile(tailing.path('a.log'), after);
  await tailing.delivers(long + after, 5_000);
  tailing.conserves();
});

test('truncated while the agent was down, and grown beyond where it was', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  await writeFile(tailing.path('a.log'), numbered('before', 0, 100));
  await tailing.delivers(numbered('before', 0, 100));
  await tailing.stop();
  await truncate(tailing.path('a.log'), 0);
  await appendFile(tailing.path('a.log'), numbered('after', 0, 200));
  await tailing.start();
  await tailing.delivers(numbered('before', 0, 100) + numbered('after', 0, 200));
  t.is(tailing.lines.filter(({ level }) => level === 40).length, 1, 'it is said once');
});

test('truncations are survived by a restart', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  const written = await truncateInPlace(tailing, 3);
  await appendFile(tailing.path('a.log'), 'last\n');
  await tailing.delivers(`${written}last\n`);
  await tailing.stop();
  await appendFile(tailing.path('a.log'), 'more\n');
  await tailing.start();
  await tailing.delivers(`${written}last\nmore\n`);
});

test('delete and create with the same inode: the new file is read from its beginning', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  const first = numbered('first', 0, 10);
  await writeFile(tailing.path('a.log'), first);
  await tailing.delivers(first);
  await tailing.stop();
  const { ino } = await stat(tailing.path('a.log'));
  let same = false;
  let second = '';
  for (let attempt = 0; attempt < 20 && !same; attempt++) {
    await rm(tailing.path('a.log'));
    // longer than the first, so that its size says nothing
    second = numbered(`second${attempt}`, 0, 50);
    await writeFile(tailing.path('a.log'), second);
    same = (await stat(tailing.path('a.log'))).ino === ino;
  }
  if (!same) t.log('this filesystem did not use the inode again');
  await tailing.start();
  await tailing.delivers(first + second);
  tailing.conserves();
});

test('a directory that is removed and made again', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  await writeFile(tailing.path('a.log'), 'one\n');
  await tailing.delivers('one\n');
  await rm(tailing.spool, { recursive: true });
  await until('the tail says so', () => tailing.source.problem !== null);
  t.regex(String(tailing.source.problem), /ENOENT|no such file/);
  await mkdir(tailing.spool);
  await writeFile(tailing.path('a.log'), 'two\n');
  await tailing.delivers('one\ntwo\n');
  await until('it is well again', () => tailing.source.problem === null);
  await writeFile(tailing.path('b.log'), 'three\n');
  await tailing.delivers('one\ntwo\nthree\n');
  tailing.conserves();
});

test('directory-gone-undrained: what was unread when the directory was removed is read', async (t) => {
  const tailing = await Tailing.prepare(t, { idlePollMs: 400 });
  await tailing.start();
  const writer = await open(tailing.path('a.log'), 'a');
  t.teardown(() => writer.close());
  await writer.write('one\n');
  await tailing.delivers('one\n');
  await rm(tailing.spool, { recursive: true });
  await writer.write('two\nthr');
  await tailing.delivers('one\ntwo\n', 3_000);
  await tailing.delivers('one\ntwo\nthr\n', 3_000);
});

test('same-first-line: generations that all begin alike are told apart, also while the agent is down', async (t) => {
  const header = 'time,name,value of a file whose first line is always this one\n';
  const tailing = await Tailing.prepare(t, { ...ROTATED, exclude: ['*.gz'] });
  await tailing.start();
  let written = '';
  for (let round = 0; round < 6; round++) {
    if (round === 2) await tailing.stop();
    if (round === 4) await tailing.start();
    const text = `${header}${numbered(`round${round}`, 0, 5)}`;
    await writeFile(tailing.path('app.log'), text);
    written += text;
    if (round < 2 || round > 3) await tailing.delivers(written);
    await rotate(tailing, 10);
    // what compresses them leaves nothing to read again
    await writeFile(tailing.path(`app.log.${round}.gz`), 'compressed\n');
    await sleep(11);
  }
  await tailing.delivers(written);
  tailing.conserves();
});
