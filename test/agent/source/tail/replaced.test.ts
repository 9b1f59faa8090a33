// A name that is given to one file after the other: none of them is lost, although only the last is there when the
// directory is listed.

import { readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import test from 'ava';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

/** Without notifications, nothing would be found within the time of a test. */
const NOTIFIED = { rescanMs: 60_000 };

const WAYS = {
  'deleted and made again': (path: string, text: string) => {
    rmSync(path, { force: true });
    writeFileSync(path, text);
  },
  'renamed over it': (path: string, text: string) => {
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  },
};

/** Deleted files of the spool that are still open. */
function heldOpen(tailing: Tailing): number {
  const isHeld = (fd: string) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(`${tailing.spool}/`) && target.endsWith(' (deleted)');
    } catch {
      return false; // it was closed meanwhile
    }
  };
  return readdirSync('/proc/self/fd').filter(isHeld).length;
}

for (const [way, replace] of Object.entries(WAYS)) {
  test(`replaced-unseen: a file that is ${way} is read well before the next rescan`, async (t) => {
    const tailing = await Tailing.prepare(t, NOTIFIED);
    await tailing.start();
    let written = '';
    for (let turn = 0; turn < 20; turn++) {
      replace(tailing.path('a.log'), `file ${turn}\n`);
      written += `file ${turn}\n`;
      await tailing.delivers(written, 5_000);
    }
    tailing.conserves();
  });

  test(`replaced-unlisted: a file that is ${way} while nothing is listed is held open`, async (t) => {
    const tailing = await Tailing.prepare(
      t,
      { rescanMs: 500 },
      {
        capBytes: 2_000_000,
        segmentBytes: 256 * 1024,
        journalBytesMax: 65_536,
        pendingBytesMax: 262_144,
      },
    );
    await tailing.start();
    let room = false;
    tailing.log.holders.add({ wants: () => !room });
    const before = `${'x'.repeat(99)}\n`.repeat(40_000);
    await writeFile(tailing.path('first.log'), before);
    await until('the log is full', () => tailing.log.facts().state === 'full');
    let replaced = '';
    for (let turn = 0; turn < 6; turn++) {
      replace(tailing.path('a.log'), `file ${turn}\n`);
      if (turn > 0) await until('what it replaced is held', () => heldOpen(tailing) === turn);
      await until('it is open', () => isOpen(tailing.path('a.log')));
      replaced += `file ${turn}\n`;
    }
    room = true;
    tailing.log.cursorMoved();
    const whole = before.length + replaced.length;
    await until('all is read', () => tailing.source.snapshot().appended.bytes === whole);
    // what every destination has may be deleted, so the first segments are gone
    t.true((await tailing.events()).toString().endsWith(replaced));
    await until('those that are gone are let go', () => heldOpen(tailing) === 0);
    tailing.conserves();
  });
}

function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}

test('deaf-after-removal: a directory that was removed and made again is listened to', async (t) => {
  const tailing = await Tailing.prepare(t, { ...NOTIFIED, rescanMs: 400 });
  await tailing.start();
  await rm(tailing.spool, { recursive: true });
  await until('the tail says so', () => tailing.source.problem !== null);
  await mkdir(tailing.spool);
  await until('it is well again', () => tailing.source.problem === null);
  let written = '';
  for (let turn = 0; turn < 8; turn++) {
    await writeFile(tailing.path('a.log'), `file ${turn}\n`);
    await until('it is open', () => isOpen(tailing.path('a.log')));
    await rm(tailing.path('a.log'));
    written += `file ${turn}\n`;
  }
  await tailing.delivers(written);
});

test('deafened-by-a-loop: a link that leads to itself does not end the notifications', async (t) => {
  const tailing = await Tailing.prepare(t, NOTIFIED);
  await symlink('loop.log', tailing.path('loop.log'));
  await tailing.start();
  await writeFile(tailing.path('a.log'), 'one\n');
  await tailing.delivers('one\n', 5_000);
  await symlink('later.log', tailing.path('later.log'));
  await symlink('.', tailing.path('here.log'));
  await writeFile(tailing.path('b.log'), 'two\n');
  await tailing.delivers('one\ntwo\n', 5_000);
  t.deepEqual(
    tailing.lines.filter(({ level }) => Number(level) >= 40),
    [],
  );
  tailing.conserves();
});

test('unspeakable: files whose names are no UTF-8 are read, renamed and finished like any other', async (t) => {
  const tailing = await Tailing.prepare(t, { include: ['*.log', '*.log.*'] });
  const at = (name: string) => Buffer.concat([Buffer.from(`${tailing.spool}/`), Buffer.from(name, 'latin1')]);
  await writeFile(at('caf\xe9.log'), 'before\n');
  await tailing.start();
  await tailing.delivers('before\n');
  await writeFile(at('\xff\xfe.log'), 'after\n');
  await tailing.delivers('before\nafter\n');
  await rename(at('caf\xe9.log'), at('caf\xe9.log.1'));
  await writeFile(at('caf\xe9.log'), 'next\nhalf a line');
  await tailing.delivers('before\nafter\nnext\n');
  await rm(at('caf\xe9.log'));
  await tailing.delivers('before\nafter\nnext\nhalf a line\n');
  await until('it is left', () => tailing.source.snapshot().files === 2);
  tailing.conserves();
});
