// The files of a writer that rotates, as the client of a scribed follows them.

import { appendFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Follower } from '../../../bench/tools/scribe/follower.ts';
import { randomFrom } from '../../agent/source/random.ts';
import { toolNode } from './node.ts';

function folder(t: ExecutionContext) {
  const dir = toolNode(t).eventsDir;
  const path = (name: string) => join(dir, name);
  const followers: Follower[] = [];
  t.teardown(() => {
    for (const follower of followers) follower.close();
  });
  return {
    write: (name: string, text: string) => appendFileSync(path(name), text),
    rename: (from: string, to: string) => renameSync(path(from), path(to)),
    remove: (name: string) => unlinkSync(path(name)),
    truncate: (name: string) => truncateSync(path(name)),
    create: (name: string) => writeFileSync(path(name), '', { flag: 'ax' }),
    follow: (from: Follower | null = null) => {
      const follower = new Follower(dir, from?.position ?? null);
      followers.push(follower);
      return follower;
    },
  };
}

/** What is there now. */
function all(follower: Follower): string {
  let text = '';
  for (let idle = 0; idle < 2; ) {
    const lines = follower.read()?.toString() ?? '';
    idle = lines === '' ? idle + 1 : 0;
    text += lines;
  }
  return text;
}

test('a file that is renamed is read to its end, then the new one of its name', (t) => {
  const { write, rename, follow } = folder(t);
  const follower = follow();
  write('events.log', 'one\n');
  t.is(all(follower), 'one\n');
  write('events.log', 'two\nthr');
  rename('events.log', 'events-000001.log');
  write('events-000001.log', 'ee\n');
  t.is(all(follower), 'two\nthree\n', 'no new one yet');
  write('events.log', 'four\n');
  rename('events.log', 'events-000002.log');
  write('events.log', 'five\n');
  t.is(all(follower), 'four\nfive\n');
});

test('a renamed file is found again after a restart', (t) => {
  const { write, rename, follow } = folder(t);
  const before = follow();
  write('events.log', 'one\ntwo\n');
  t.is(all(before), 'one\ntwo\n');
  write('events.log', 'three\n');
  rename('events.log', 'events-000001.log');
  write('events.log', 'four\n');
  t.is(all(follow(before)), 'three\nfour\n');
});

test('a deleted file is read to its end, and what its writer deleted unread is passed over', (t) => {
  const { write, remove, follow } = folder(t);
  const follower = follow();
  write('events-000001.log', 'one\n');
  t.is(all(follower), 'one\n');
  write('events-000001.log', 'two\n');
  write('events-000002.log', 'lost\n');
  write('events-000003.log', 'three\n');
  remove('events-000001.log');
  remove('events-000002.log');
  t.is(all(follower), 'two\nthree\n');
});

test('a truncated file is read from its beginning; its copy is not read', (t) => {
  const { write, truncate, follow } = folder(t);
  const follower = follow();
  write('events.log', 'one\ntwo\n');
  t.is(all(follower), 'one\ntwo\n');
  write('events-000001.log', 'one\ntwo\n');
  truncate('events.log');
  t.is(all(follower), '');
  write('events.log', 'three\n');
  t.is(all(follower), 'three\n');
});

test('files follow each other by the numbers in their names; other files are not looked at', (t) => {
  const { write, follow } = folder(t);
  write('events-9-10.log', 'three\n');
  write('events-9-2.log', 'two\n');
  write('events-8-11.log', 'one\n');
  write('position.json', 'x\n');
  t.is(all(follow()), 'one\ntwo\nthree\n');
  const scribe = folder(t);
  scribe.write('events.log_00001', 'two\n');
  scribe.write('events.log_00000', 'one\n');
  t.is(all(scribe.follow()), 'one\ntwo\n');
});

test('whatever a rotating writer does between two looks, no line is lost, doubled or moved', (t) => {
  const seed = Number(process.env['SPILLWAY_SEED'] ?? Date.now() % 2 ** 31);
  t.log(`seed ${seed}`);
  const random = randomFrom(seed);
  const { write, rename, create, follow } = folder(t);
  let follower = follow();
  let [written, read, number] = ['', '', 0];
  create('events.log');
  for (let step = 0; step < 400; step++) {
    const dice = random();
    if (dice < 0.5) {
      const line = `${step}${'x'.repeat(Math.floor(random() * 20))}\n`;
      written += line;
      write('events.log', line);
    } else if (dice < 0.7) {
      rename('events.log', `events-${String(++number).padStart(6, '0')}.log`);
      create('events.log');
    } else if (dice < 0.75) {
      follower = follow(follower);
    } else {
      read += follower.read()?.toString() ?? '';
    }
  }
  t.is(read + all(follower), written);
});
