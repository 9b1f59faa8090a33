// afterRead: delete. Nothing is deleted before it is rolled, silent, committed and delivered; and whatever stops the
// agent in between, nothing is read twice.

import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { appendFile, copyFile, link, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import test from 'ava';
import { realSpool, type Spool } from '../../../../agent/source/tail/after-read.ts';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

const DELETE = { include: ['*.log', '*.log.*'], afterRead: 'delete' } as const;
const deleted = (tailing: Tailing) => tailing.source.snapshot().deletedFiles;
const isThere = (tailing: Tailing, name: string) => existsSync(tailing.path(name));

/** Long enough for whatever may be deleted to be deleted. */
async function severalIdleTimes(): Promise<void> {
  const since = performance.now();
  await until('several idle times', () => performance.now() - since > 500);
}

test('keep is the default: what is read stays', async (t) => {
  const tailing = await Tailing.prepare(t, { ...DELETE, afterRead: 'keep' });
  await tailing.start();
  await writeFile(tailing.path('a1.log'), 'one\n');
  await writeFile(tailing.path('a2.log'), 'two\n');
  await until('both are read', () => tailing.source.snapshot().appended.events === 2);
  await severalIdleTimes();
  t.true(isThere(tailing, 'a1.log') && isThere(tailing, 'a2.log'));
  t.is(deleted(tailing), 0);
});

test('what is followed by a younger file, or renamed, is deleted; the active file is not', async (t) => {
  const tailing = await Tailing.prepare(t, DELETE);
  await tailing.start();
  await writeFile(tailing.path('events-1.log'), 'one\n');
  await tailing.delivers('one\n');
  await writeFile(tailing.path('app.log'), 'two\n');
  await tailing.delivers('one\ntwo\n');
  await severalIdleTimes();
  t.is(deleted(tailing), 0, 'both may be written to');
  await writeFile(tailing.path('events-2.log'), 'three\n');
  await rename(tailing.path('app.log'), tailing.path('app.log.1'));
  await until('both are deleted', () => deleted(tailing) === 2);
  t.false(isThere(tailing, 'events-1.log') || isThere(tailing, 'app.log.1'));
  t.true(isThere(tailing, 'events-2.log'));
  await until('they are forgotten', () => tailing.log.sourcesOf('events').length === 1);
  await tailing.delivers('one\ntwo\nthree\n');
  tailing.conserves();
});

test('names that are excepted, links and what began at the newest are not deleted', async (t) => {
  const tailing = await Tailing.prepare(t, { ...DELETE, startAt: 'newest', deleteExcept: ['keep*'] });
  await writeFile(tailing.path('old-1.log'), 'never delivered\n');
  await tailing.start();
  await until('it is followed', () => tailing.source.snapshot().files === 1);
  const outside = `${tailing.spool}-target`;
  await writeFile(outside, 'linked\n');
  t.teardown(() => rm(outside, { force: true }));
  await symlink(outside, tailing.path('link-1.log'));
  for (const name of ['old-2', 'keep-1', 'keep-2', 'link-2', 'gone-1', 'gone-2']) {
    await writeFile(tailing.path(`${name}.log`), `${name}\n`);
    // a file system counts time in ticks: two files of one tick have no younger one among them
    await new Promise((later) => setTimeout(later, 20));
  }
  await until('one is deleted', () => deleted(tailing) === 1);
  await severalIdleTimes();
  t.is(deleted(tailing), 1);
  for (const name of ['old-1', 'old-2', 'keep-1', 'keep-2', 'link-1', 'link-2', 'gone-2']) {
    t.true(isThere(tailing, `${name}.log`), name);
  }
  t.true(existsSync(outside));
});

test('undelivered: nothing is deleted that a destination still wants', async (t) => {
  const tailing = await Tailing.prepare(t, DELETE);
  await tailing.start();
  let isWanted = true;
  tailing.log.holders.add({ wants: () => isWanted });
  await writeFile(tailing.path('a.log'), 'one\n');
  await tailing.delivers('one\n');
  await rename(tailing.path('a.log'), tailing.path('a.log.1'));
  await severalIdleTimes();
  t.true(isThere(tailing, 'a.log.1'));
  isWanted = false;
  await until('it is deleted', () => deleted(tailing) === 1);
  t.false(isThere(tailing, 'a.log.1'));
});

test('delivered-behind: what the log takes after a file does not hold the file back', async (t) => {
  const tailing = await Tailing.prepare(t, DELETE);
  await tailing.start();
  let delivered = 0;
  tailing.log.holders.add({ wants: (_, to) => to > delivered });
  await writeFile(tailing.path('a.log'), 'one\n');
  await tailing.delivers('one\n');
  await rename(tailing.path('a.log'), tailing.path('a.log.1'));
  await severalIdleTimes();
  await writeFile(tailing.path('a.log'), 'two\n');
  await tailing.delivers('one\ntwo\n');
  t.true(isThere(tailing, 'a.log.1'));
  delivered = 4;
  await until('it is deleted', () => deleted(tailing) === 1);
});

test('copytruncate: the copies go, the file that is written stays, also over a restart', async (t) => {
  const tailing = await Tailing.prepare(t, DELETE);
  await tailing.start();
  const path = tailing.path('a.log');
  let written = '';
  for (let round = 1; round <= 3; round++) {
    await appendFile(path, `round ${round}\n`);
    written += `round ${round}\n`;
    await tailing.delivers(written);
    await copyFile(path, tailing.path(`a.log.${round}`));
    await truncate(path, 0);
    await until('it is noticed', () => tailing.source.snapshot().truncations === round);
  }
  await until('the older copies are deleted', () => deleted(tailing) === 2);
  await tailing.stop();
  await tailing.start();
  await severalIdleTimes();
  t.true(isThere(tailing, 'a.log'));
  await appendFile(path, 'last\n');
  await tailing.delivers(`${written}last\n`);
  tailing.conserves();
});

test('a rolled file without a last newline is delivered with one, then deleted', async (t) => {
  const tailing = await Tailing.prepare(t, DELETE);
  await tailing.start();
  await writeFile(tailing.path('a.log'), 'one\ntw');
  await tailing.delivers('one\n');
  await severalIdleTimes();
  await rename(tailing.path('a.log'), tailing.path('a.log.1'));
  await tailing.delivers('one\ntw\n');
  await until('it is deleted', () => deleted(tailing) === 1);
  tailing.conserves();
});

test('late-line: what is written in the moment of the deletion is delivered', async (t) => {
  const tailing = await Tailing.prepare(t, { ...DELETE, idlePollMs: 200 });
  await tailing.start(undefined, {
    ...realSpool,
    // the last moment: the file was looked at and found to be as it was
    async remove(at) {
      await appendFile(at, 'late\n');
      await realSpool.remove(at);
    },
  });
  await writeFile(tailing.path('a.log'), 'one\n');
  await tailing.delivers('one\n');
  await rename(tailing.path('a.log'), tailing.path('a.log.1'));
  await tailing.delivers('one\nlate\n');
  await until('it is left', () => tailing.source.snapshot().files === 0);
  tailing.conserves();
});

class Crash extends Error {}

/** An agent that dies at a step of the deletion; `lost`: the machine dies with it, and the directory was not synced. */
for (const { step, lost } of [
  { step: 'remove', lost: false },
  { step: 'sync', lost: false },
  { step: 'sync', lost: true },
  { step: 'none', lost: false },
] as const) {
  test(`crash-while-deleting: at ${step}${lost ? ', and the file comes back' : ''}: nothing is read twice`, async (t) => {
    const tailing = await Tailing.prepare(t, DELETE);
    let isReached = false;
    const spool: Spool = {
      async remove(at) {
        if (step === 'remove') isReached = true;
        if (isReached) throw new Crash('killed');
        await realSpool.remove(at);
      },
      async sync(dir) {
        if (step === 'sync') isReached = true;
        if (isReached) throw new Crash('killed');
        await realSpool.sync(dir);
        isReached = step === 'none';
      },
    };
    await tailing.start(undefined, spool);
    await writeFile(tailing.path('a.log'), 'one\n');
    await tailing.delivers('one\n');
    const backup = `${tailing.spool}-backup`;
    await link(tailing.path('a.log'), backup);
    t.teardown(() => rm(backup, { force: true }));
    await rename(tailing.path('a.log'), tailing.path('a.log.1'));
    await until('it is reached', () => isReached);
    if (step === 'sync') await severalIdleTimes();
    await tailing.stop();
    t.is(isThere(tailing, 'a.log.1'), step === 'remove');
    if (lost) await rename(backup, tailing.path('a.log.1'));
    await tailing.start();
    const isBack = step === 'remove' || lost;
    if (isBack) await until('it is deleted now', () => deleted(tailing) === 1);
    await writeFile(tailing.path('b.log'), 'two\n');
    await tailing.delivers('one\ntwo\n');
    t.false(isThere(tailing, 'a.log.1'));
    tailing.conserves();
  });
}

test('one-tick: of files made in one tick of the clock all but the last are deleted', async (t) => {
  const tailing = await Tailing.prepare(t, DELETE);
  const names = Array.from({ length: 12 }, (_, index) => `events-${index + 1}.log`);
  // the kernel may give some of them one time of birth, and one time of writing
  for (const name of names) writeFileSync(tailing.path(name), `${name}\n`);
  await tailing.start();
  await until('all but one are deleted', () => deleted(tailing) === names.length - 1);
  await severalIdleTimes();
  t.deepEqual(
    names.filter((name) => isThere(tailing, name)),
    ['events-12.log'],
  );
  tailing.conserves();
});

test('made-ahead: a file is not deleted for an empty one of its tick that its writer has made ahead', async (t) => {
  const tailing = await Tailing.prepare(t, DELETE);
  const bornAt = (name: string) => statSync(tailing.path(name), { bigint: true }).birthtimeNs;
  let pair: readonly [string, string] | null = null;
  for (let attempt = 0; attempt < 50 && pair === null; attempt++) {
    const [current, ahead] = [`${'x'.repeat(attempt)}-1.log`, `${'x'.repeat(attempt)}-2.log`] as const;
    writeFileSync(tailing.path(current), 'one\n');
    writeFileSync(tailing.path(ahead), '');
    if (bornAt(current) === bornAt(ahead)) pair = [current, ahead];
    else for (const name of [current, ahead]) rmSync(tailing.path(name));
  }
  if (pair === null) {
    t.pass('the clock of this file system has no ticks');
    return;
  }
  await tailing.start();
  await tailing.delivers('one\n');
  await severalIdleTimes();
  t.is(deleted(tailing), 0);
  writeFileSync(tailing.path(pair[1]), 'two\n');
  await until('it goes on with the next one', () => deleted(tailing) === 1);
  t.false(isThere(tailing, pair[0]));
  await tailing.delivers('one\ntwo\n');
});
