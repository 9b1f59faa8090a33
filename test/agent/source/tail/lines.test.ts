// What a line may be: any bytes up to a newline, whole, once, and not longer than the limit.

import { appendFile, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

const LIMIT = 4096;

/** An event of exactly `bytes`, its newline counted in. */
const eventOf = (bytes: number, letter = 'x') => `${letter.repeat(bytes - 1)}\n`;

test('CRLF, NUL, invalid UTF-8, empty lines and a byte order mark pass as they are', async (t) => {
  const tailing = await Tailing.prepare(t);
  const bytes = Buffer.from([
    ...[0xef, 0xbb, 0xbf, 0x61, 0x0d, 0x0a],
    ...[0x0a, 0x0a, 0x0d, 0x0a],
    ...[0x00, 0x00, 0x0a, 0x62, 0x00, 0x63, 0x0a],
    ...[0xff, 0xfe, 0xc3, 0x28, 0x80, 0x0a],
    ...[0x20, 0x09, 0x0b, 0x0c, 0x85, 0x0a],
  ]);
  await writeFile(tailing.path('a.log'), bytes);
  await tailing.start();
  await tailing.delivers(bytes);
  t.is(tailing.source.snapshot().appended.events, 8);
  tailing.conserves();
});

test('a last line without newline is held, and delivered once when it is completed', async (t) => {
  const tailing = await Tailing.prepare(t);
  await writeFile(tailing.path('a.log'), 'one\ntw');
  await tailing.start();
  await tailing.delivers('one\n');
  await until('the half line counts as held', () => tailing.source.snapshot().held.bytes === 2);
  tailing.conserves();
  await appendFile(tailing.path('a.log'), 'o\nthree\n');
  await tailing.delivers('one\ntwo\nthree\n');
  t.is(tailing.source.snapshot().held.bytes, 0);
  tailing.conserves();
});

test('a writer of half lines, slower than a file counts as active, gets whole lines delivered', async (t) => {
  const tailing = await Tailing.prepare(t, { activeMs: 30, idlePollMs: 5, rescanMs: 10 });
  await tailing.start();
  const writer = await open(tailing.path('a.log'), 'a');
  t.teardown(() => writer.close());
  let written = '';
  for (const piece of ['cpu', ' 1', '\nme', 'm 2', '\n', 'd', 'isk 3\nnet 4', '\n']) {
    await writer.write(piece);
    written += piece;
    const whole = written.lastIndexOf('\n') + 1;
    await tailing.delivers(written.slice(0, whole));
    await until('the rest is held', () => tailing.source.snapshot().held.bytes === written.length - whole);
    // longer than activeMs: the file is given up as idle between two pieces
    const since = performance.now();
    await until('the file is idle', () => performance.now() - since > 50);
  }
  await tailing.delivers('cpu 1\nmem 2\ndisk 3\nnet 4\n');
  tailing.conserves();
});

test('a deleted file whose last line has no newline gets one', async (t) => {
  const tailing = await Tailing.prepare(t);
  await writeFile(tailing.path('a.log'), 'one\ntwo');
  await tailing.start();
  await until('it is held', () => tailing.source.snapshot().held.bytes === 3);
  await rm(tailing.path('a.log'));
  await tailing.delivers('one\ntwo\n');
  await until('the file is forgotten', () => tailing.source.snapshot().files === 0);
  tailing.conserves();
});

test('held-line-lost: a half line of a file that has long been idle is delivered when the file goes', async (t) => {
  const tailing = await Tailing.prepare(t, { activeMs: 20 });
  await writeFile(tailing.path('a.log'), 'one\ntwo');
  await tailing.start();
  await until('it is held', () => tailing.source.snapshot().held.bytes === 3);
  const since = performance.now();
  await until('the file is idle for long', () => performance.now() - since > 300);
  await rename(tailing.path('a.log'), tailing.path('a.log.1'));
  await tailing.delivers('one\ntwo\n');
  await until('the file is left', () => tailing.source.snapshot().files === 0);
  tailing.conserves();
});

test('an event of exactly the limit is delivered, one byte more is set aside, neighbours are delivered', async (t) => {
  const tailing = await Tailing.prepare(t, { eventBytesMax: LIMIT });
  const most = eventOf(LIMIT);
  const tooLong = eventOf(LIMIT + 1, 'y');
  await writeFile(tailing.path('a.log'), `before\n${most}between\n${tooLong}after\n`);
  await tailing.start();
  await tailing.delivers(`before\n${most}between\nafter\n`);
  const { quarantined, appended } = tailing.source.snapshot();
  t.deepEqual(quarantined, { events: 1, bytes: LIMIT + 1 });
  t.is(appended.events, 4);
  t.is(await readFile(join(tailing.logDir, 'quarantine', 'events.too-long'), 'latin1'), tooLong);
  tailing.conserves();
});

for (const where of ['first', 'last', 'only'] as const) {
  test(`an over-long event that spans several reads and is the ${where}`, async (t) => {
    const tailing = await Tailing.prepare(t, { readBytesMax: 4096, eventBytesMax: 1000 });
    const tooLong = eventOf(50_000, 'y');
    const before = where === 'last' ? 'before\n' : '';
    const after = where === 'first' ? 'after\n' : '';
    await writeFile(tailing.path('a.log'), `${before}${tooLong}${after}`);
    await tailing.start();
    await until('it is counted', () => tailing.source.snapshot().quarantined.events === 1);
    await tailing.delivers(before + after);
    t.is(tailing.source.snapshot().quarantined.bytes, 50_000);
    tailing.conserves();
    await appendFile(tailing.path('a.log'), 'later\n');
    await tailing.delivers(`${before}${after}later\n`);
  });
}

test('many over-long events in a row, cut by reads at every place', async (t) => {
  const tailing = await Tailing.prepare(t, { readBytesMax: 4096, eventBytesMax: 100 });
  let written = '';
  let good = '';
  let tooLong = 0;
  for (let size = 60; size < 260; size++) {
    const event = eventOf(size, String.fromCharCode(97 + (size % 26)));
    written += event;
    if (size <= 100) good += event;
    else tooLong++;
  }
  await writeFile(tailing.path('a.log'), written);
  await tailing.start();
  await until('all are counted', () => tailing.source.snapshot().quarantined.events === tooLong);
  await tailing.delivers(good);
  tailing.conserves();
});

test('an over-long event that is written slowly, and completed after a restart', async (t) => {
  const tailing = await Tailing.prepare(t, { eventBytesMax: 100 });
  await tailing.start();
  await writeFile(tailing.path('a.log'), `one\n${'y'.repeat(90)}`);
  await tailing.delivers('one\n');
  await appendFile(tailing.path('a.log'), 'y'.repeat(90));
  const quarantine = join(tailing.logDir, 'quarantine', 'events.too-long');
  await until('it is being passed over', () =>
    readFile(quarantine, 'latin1').then(
      (text) => text.length === 180,
      () => false,
    ),
  );
  await tailing.stop();
  await appendFile(tailing.path('a.log'), 'y\ntwo\n');
  await tailing.start();
  await tailing.delivers('one\ntwo\n');
  t.deepEqual(tailing.source.snapshot().quarantined, { events: 1, bytes: 182 });
  tailing.conserves();
});

test('over-long-never-ended: a file that goes away in the middle of an over-long event is let go, and counted', async (t) => {
  const tailing = await Tailing.prepare(t, { eventBytesMax: 100 });
  await writeFile(tailing.path('a.log'), `one\n${'y'.repeat(500)}`);
  await tailing.start();
  await tailing.delivers('one\n');
  await appendFile(tailing.path('a.log'), 'y');
  await until('it is passed over', () =>
    readFile(join(tailing.logDir, 'quarantine', 'events.too-long'), 'latin1').then(
      (text) => text.length === 501,
      () => false,
    ),
  );
  await rm(tailing.path('a.log'));
  await until('the file is let go', () => tailing.source.snapshot().files === 0);
  await until('it is counted', () => tailing.source.snapshot().quarantined.events === 1);
  t.is(tailing.source.snapshot().quarantined.bytes, 501);
  await tailing.delivers('one\n');
  tailing.conserves();
});

test('over-long-finished: the last line of a deleted file is held against the limit too', async (t) => {
  const tailing = await Tailing.prepare(t, { eventBytesMax: 100 });
  await writeFile(tailing.path('a.log'), `one\n${'y'.repeat(500)}`);
  await tailing.start();
  await tailing.delivers('one\n');
  await rm(tailing.path('a.log'));
  await until('the file is let go', () => tailing.source.snapshot().files === 0);
  await tailing.delivers('one\n');
  t.deepEqual(tailing.source.snapshot().quarantined, { events: 1, bytes: 500 });
  tailing.conserves();
});
