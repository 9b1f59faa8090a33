// One file must not hold up the others: too many of them, one that cannot be read, one that is always busy.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { appendFile, open, rm, symlink, writeFile } from 'node:fs/promises';
import test from 'ava';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

/** Regular, of 4096 bytes by its stat, and not to be opened even by root. */
const DENIED = '/sys/bus/cpu/drivers_probe';

/** Files of the spool that this process has open to read; the test itself only writes. All at one moment. */
function openInSpool(tailing: Tailing): number {
  const isOurs = (fd: string) => {
    try {
      const isReadOnly = /^flags:\s+\d*[04]$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'));
      return isReadOnly && readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${tailing.spool}/`);
    } catch {
      return false; // it was closed meanwhile
    }
  };
  return readdirSync('/proc/self/fd').filter(isOurs).length;
}

test('starved-at-the-limit: more active files than may be open are all read', async (t) => {
  const tailing = await Tailing.prepare(t, { openFilesMax: 4, activeMs: 60_000 });
  const names = Array.from({ length: 20 }, (_, index) => `f${String(index).padStart(2, '0')}.log`);
  await tailing.start();
  const stop = new AbortController();
  const writing = (async () => {
    for (let turn = 0; !stop.signal.aborted; turn++) {
      for (const name of names) await appendFile(tailing.path(name), `${name} ${turn}\n`);
    }
    return null;
  })();
  t.teardown(async () => {
    stop.abort();
    await writing;
  });
  let openMax = 0;
  await until(
    'every file is read while all are written',
    async () => {
      openMax = Math.max(openMax, openInSpool(tailing));
      const text = (await tailing.events()).toString();
      return names.every((name) => text.includes(`${name} 5\n`));
    },
    { withinMs: 5_000 },
  );
  stop.abort();
  await writing;
  const perFile = new Map<string, string[]>();
  await until('all is read', async () => {
    const text = (await tailing.events()).toString();
    perFile.clear();
    for (const line of text.split('\n').slice(0, -1)) {
      const [name = '', turn = ''] = line.split(' ');
      perFile.set(name, [...(perFile.get(name) ?? []), turn]);
    }
    const counts = [...perFile.values()].map((turns) => turns.length);
    return (
      counts.length === names.length &&
      new Set(counts).size === 1 &&
      tailing.source.snapshot().held.bytes === 0
    );
  });
  for (const turns of perFile.values())
    t.deepEqual(
      turns,
      turns.map((_, index) => String(index)),
    );
  t.true(openMax <= 4, `${openMax} were open`);
  tailing.conserves();
});

test('opened-all-at-restart: a restart with many known files keeps to openFilesMax', async (t) => {
  const tailing = await Tailing.prepare(t, { openFilesMax: 5, activeMs: 60_000 });
  for (let index = 0; index < 40; index++) await writeFile(tailing.path(`${index}.log`), `${index}\n`);
  await tailing.start();
  await until('all are read', () => tailing.source.snapshot().appended.events === 40);
  await tailing.stop();
  await tailing.start();
  await writeFile(tailing.path('new.log'), 'new\n');
  await until('it goes on', () => tailing.source.snapshot().appended.events === 41);
  t.true(openInSpool(tailing) <= 5, `${openInSpool(tailing)} are open`);
});

test('denied-in-silence: a file that may not be opened is named once, and the others go on', async (t) => {
  const tailing = await Tailing.prepare(t);
  await symlink(DENIED, tailing.path('a-denied.log'));
  await writeFile(tailing.path('b.log'), 'one\n');
  await tailing.start();
  await tailing.delivers('one\n');
  for (let turn = 0; turn < 20; turn++) {
    await appendFile(tailing.path('b.log'), `turn ${turn}\n`);
    await until('it is read', () => tailing.source.snapshot().appended.events === turn + 2);
  }
  const said = tailing.lines.filter((line) => JSON.stringify(line).includes('a-denied.log'));
  t.is(said.length, 1, JSON.stringify(said));
  t.regex(JSON.stringify(said[0]), /permission/i);
  tailing.conserves();
});

test('a file that is always busy does not hold up the others', async (t) => {
  const tailing = await Tailing.prepare(t);
  await tailing.start();
  const busy = await open(tailing.path('busy.log'), 'a');
  const stop = new AbortController();
  const block = `${'busy '.repeat(20)}\n`.repeat(500);
  const writing = (async () => {
    for (let bytes = 0; !stop.signal.aborted && bytes < 100e6; bytes += block.length) await busy.write(block);
    await busy.close();
    return null;
  })();
  t.teardown(async () => {
    stop.abort();
    await writing;
  });
  await until('it is read', () => tailing.source.snapshot().appended.events > 0);
  await writeFile(tailing.path('other.log'), 'other\n');
  await until('so is the other', async () => (await tailing.events()).includes('\nother\n'));
  t.pass();
});

test('a tail whose log is full waits, and stops when it is told to', async (t) => {
  const tailing = await Tailing.prepare(
    t,
    {},
    { capBytes: 2_000_000, segmentBytes: 256 * 1024, journalBytesMax: 65_536, pendingBytesMax: 262_144 },
  );
  await tailing.start();
  const release = tailing.log.holders.add({ wants: () => true });
  const line = `${'x'.repeat(99)}\n`;
  await writeFile(tailing.path('a.log'), line.repeat(40_000));
  await until('the log is full', () => tailing.log.facts().state === 'full');
  t.true(tailing.log.facts().bytes <= 2_000_000);
  const before = tailing.source.snapshot().appended.bytes;
  await rm(tailing.path('a.log'));
  tailing.conserves();
  release();
  tailing.log.cursorMoved();
  await until('it goes on with the deleted file', () => tailing.source.snapshot().appended.events === 40_000);
  t.true(before < 4_000_000);
  tailing.conserves();
});

test('listing-put-off: what the log owes a listing while it is full does not put off the next ones', async (t) => {
  // what the log does not take of the large file may wait for it, so that the tail goes on listing
  const tailing = await Tailing.prepare(
    t,
    { rescanMs: 200 },
    { capBytes: 2_000_000, segmentBytes: 256 * 1024, journalBytesMax: 65_536, pendingBytesMax: 1_000_000 },
  );
  await tailing.start();
  let room = false;
  tailing.log.holders.add({ wants: () => !room });
  // a log without room cannot be closed
  t.teardown(() => {
    room = true;
    tailing.log.cursorMoved();
  });
  await writeFile(tailing.path('b.log'), 'read and committed\n');
  await tailing.delivers('read and committed\n');
  const line = `${'x'.repeat(99)}\n`;
  await writeFile(tailing.path('a.log'), line.repeat(22_000));
  await until('the log is full', () => tailing.log.facts().state === 'full');
  await until('all is read', () => tailing.source.snapshot().read.events === 22_001);
  // that it is gone is to be noted in the log, which takes no note now
  await rm(tailing.path('b.log'));
  const since = performance.now();
  await until('it has waited', () => performance.now() - since > 2_000);
  t.is(tailing.source.snapshot().files, 2, 'the note is waited for');
  await writeFile(tailing.path('c.log'), 'came while the log was full\n');
  room = true;
  tailing.log.cursorMoved();
  await until('what came is read', () => tailing.source.snapshot().appended.events === 22_002, {
    withinMs: 6_000,
  });
  tailing.conserves();
});
