// The log in a real directory: one holder at a time, whatever became of the last one; and a real kill -9 under load.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import { everyBatch } from './examine.ts';
import { appendLines, sourceOf } from './lines.ts';

async function optionsIn(t: ExecutionContext): Promise<LogOptions> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-log-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const MiB = 2 ** 20;
  return {
    dir,
    durability: 'fsync',
    segmentBytes: 64 * 1024,
    journalBytesMax: 64 * 1024,
    pendingBytesMax: MiB,
    capBytes: 256 * MiB,
    reserveBytes: 0,
    keepBytes: 256 * MiB,
    keepAgeMs: 3_600_000,
  };
}

/** A process that appends numbered lines and says which are durable. */
function appender(t: ExecutionContext, options: LogOptions): ChildProcess {
  const program = join(import.meta.dirname, 'appender.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

/** Waits for so many acknowledgements, kills without warning; the highest number that was said to be durable. */
async function killAfter(child: ChildProcess, acknowledgements: number): Promise<number> {
  if (child.stdout === null) throw new Error('no output');
  let highest = -1;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    highest = Math.max(highest, Number(line));
    if (++seen === acknowledgements) child.kill('SIGKILL');
  }
  return highest;
}

test('a second log on a directory is refused, here and from another process, and free after kill -9', async (t) => {
  const options = await optionsIn(t);
  const child = appender(t, options);
  if (child.stdout === null) return t.fail();
  await once(child.stdout, 'data');
  await t.throwsAsync(EventLog.open(options), { code: 'locked' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  const log = await EventLog.open(options);
  await t.throwsAsync(EventLog.open(options), { code: 'locked' });
  const second = appender(t, options);
  const [status] = await once(second, 'exit');
  t.is(status, 3, 'refused in another process');
  await log.close();
  await (await EventLog.open(options)).close();
});

test('kill -9 under load, again and again: every acknowledged line once, in order', async (t) => {
  const options = await optionsIn(t);
  for (const acknowledgements of [1, 40, 7, 150]) {
    const highest = await killAfter(appender(t, options), acknowledgements);
    await using log = await EventLog.open(options);
    const text = Buffer.concat((await everyBatch(log)).map(({ bytes }) => bytes)).toString();
    const numbers = text
      .split('\n')
      .slice(0, -1)
      .map((line) => Number(line.split(' ')[0]));
    t.deepEqual(numbers, [...numbers.keys()], 'numbered without a gap or a second one');
    t.true(numbers.length > highest, `${numbers.length} lines, acknowledged up to ${highest}`);
    t.is(sourceOf(log).events, numbers.length);
    t.is(sourceOf(log).position, text.length);
  }
});

test('a clean close and open is the same log', async (t) => {
  const options = await optionsIn(t);
  const log = await EventLog.open(options);
  await Promise.all(['a', 'b', 'c'].map((line) => appendLines(log, sourceOf(log), [line])));
  const { stream, start, end } = log;
  const source = { ...sourceOf(log) };
  await Promise.all([log.close(), log.close()]);
  await t.throwsAsync(log.append({ ...source, source, from: 6, end: 7, chunks: [], bytes: 0, crc: 0 }), {
    code: 'closed',
  });
  await using again = await EventLog.open(options);
  t.deepEqual({ stream: again.stream, start: again.start, end: again.end }, { stream, start, end });
  t.deepEqual({ ...sourceOf(again) }, source);
  t.deepEqual(again.counts('tests').appended, { events: 3, bytes: 6 });
  t.deepEqual(again.remarks, []);
});
