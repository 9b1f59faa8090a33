// One agent per directory: the lock ends with its holder, however that ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { SpillwayError } from '../../agent/errors.ts';
import { lockState } from '../../agent/inspect/lock-state.ts';
import { LOCK_FILE, lockDirectory } from '../../agent/lock.ts';

const LOCK_MODULE = pathToFileURL(join(import.meta.dirname, '../../agent/lock.ts')).href;

async function temporaryDirectory(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-lock-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function lockInChild(t: ExecutionContext, dir: string): Promise<ChildProcess> {
  const code = `
    const { lockDirectory } = await import(${JSON.stringify(LOCK_MODULE)});
    const lock = await lockDirectory(${JSON.stringify(dir)});
    process.stdout.write('held');
    setInterval(() => lock, 1e6);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout ?? child, 'data');
  return child;
}

test('a second holder is refused and told who holds it', async (t) => {
  const dir = await temporaryDirectory(t);
  await using _lock = await lockDirectory(dir);
  const error = await t.throwsAsync(lockDirectory(dir), { instanceOf: SpillwayError });
  t.is(error?.code, 'locked');
  t.is(error?.message, `${dir} is in use by process ${process.pid}: stop it or choose another directory`);
  t.is(await readFile(join(dir, LOCK_FILE), 'utf8'), `${process.pid}\n`);
});

test('a lock that was given back can be taken again, and giving back twice is harmless', async (t) => {
  const dir = await temporaryDirectory(t);
  const first = await lockDirectory(dir);
  await first[Symbol.asyncDispose]();
  const second = await lockDirectory(dir);
  await first[Symbol.asyncDispose]();
  await t.throwsAsync(lockDirectory(dir), { code: 'locked' });
  await second[Symbol.asyncDispose]();
});

test('kill -9 of the holder frees the directory, whatever pid stands in the file', async (t) => {
  const dir = await temporaryDirectory(t);
  const child = await lockInChild(t, dir);
  const error = await t.throwsAsync(lockDirectory(dir), { instanceOf: SpillwayError });
  t.is(error?.data['pid'], child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await lockDirectory(dir);
  await lock[Symbol.asyncDispose]();
});

test('deleted-lock-file: without LOCK a second holder is refused all the same, and tools see the first', async (t) => {
  const dir = await temporaryDirectory(t);
  const child = await lockInChild(t, dir);
  await rm(join(dir, LOCK_FILE));
  t.deepEqual(await lockState(dir), { running: true, pid: null });
  for (const _ of ['without the file', 'with one that nobody locked']) {
    const error = await t.throwsAsync(lockDirectory(dir), { instanceOf: SpillwayError });
    t.is(error?.code, 'locked');
    t.is(error?.message, `${dir} is in use by another process: stop it or choose another directory`);
  }
  t.true((await lockState(dir)).running);
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.deepEqual(await lockState(dir), { running: false });
  await (await lockDirectory(dir))[Symbol.asyncDispose]();
});

test('of many who try at once, one gets it', async (t) => {
  const dir = await temporaryDirectory(t);
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(dir)));
  const held = attempts.filter((attempt) => attempt.status === 'fulfilled');
  t.is(held.length, 1);
  for (const { value } of held) await value[Symbol.asyncDispose]();
});

test('a directory that is not there is named', async (t) => {
  const dir = join(await temporaryDirectory(t), 'missing');
  const error = await t.throwsAsync(lockDirectory(dir), { instanceOf: SpillwayError });
  t.is(error?.code, 'disk');
  t.regex(error?.message ?? '', /cannot lock .*missing\/LOCK: it does not exist/);
});

test.serial('without flock the error says what to install', async (t) => {
  const dir = await temporaryDirectory(t);
  const path = process.env['PATH'];
  process.env['PATH'] = dir;
  t.teardown(() => {
    process.env['PATH'] = path;
  });
  const error = await t.throwsAsync(lockDirectory(dir), { instanceOf: SpillwayError });
  t.is(error?.code, 'missing-program');
  t.regex(error?.message ?? '', /util-linux/);
});
