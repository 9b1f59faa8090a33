import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { root, toolNode } from './node.ts';

test('feed passes on files as they grow and roll, to the last byte after SIGTERM', async (t) => {
  const { eventsDir, outDir } = toolNode(t);
  const sink = join(outDir, 'sink');
  const write = (number: number, text: string) =>
    appendFileSync(join(eventsDir, `events-00000${number}.log`), text);
  const received = () => (existsSync(sink) ? readFileSync(sink, 'utf8') : '');
  const until = async (text: string) => {
    while (received() !== text) await delay(5);
  };
  write(1, 'one\n');
  const feed = spawn(process.execPath, [
    join(root, 'bench/tools/socat/feed.ts'),
    eventsDir,
    'sh',
    '-c',
    `cat > ${sink}`,
  ]);
  t.teardown(() => feed.kill('SIGKILL'));
  await until('one\n');
  write(1, 'two\n');
  await until('one\ntwo\n');
  write(2, 'three\n');
  write(3, 'four\n');
  await until('one\ntwo\nthree\nfour\n');
  writeFileSync(join(eventsDir, 'not-an-event-file'), 'x');
  write(3, 'five\n');
  feed.kill('SIGTERM');
  const [code] = await once(feed, 'exit');
  t.is(code, 0);
  t.is(received(), 'one\ntwo\nthree\nfour\nfive\n');
});
