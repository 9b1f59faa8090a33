import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { killProcess, stopProcess } from '../../../bench/chain/process.ts';
import { groupMembers, isAlive } from '../../../bench/chain/procfs.ts';
import { startSleeper, temporaryRoot, testLayout } from './sleeper.ts';

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await delay(10);
}

test('a process that obeys SIGTERM is stopped, and stopping it again finds it gone', async (t) => {
  const record = await startSleeper(t, testLayout(temporaryRoot(t)), 'exec sleep 60');
  t.true(await isAlive(record));
  t.is(await stopProcess(record, 5000), 'stopped');
  t.false(await isAlive(record));
  t.is(await stopProcess(record, 5000), 'gone');
});

test('a process deaf to SIGTERM is killed after the deadline, its children too', async (t) => {
  const root = temporaryRoot(t);
  const record = await startSleeper(
    t,
    testLayout(root),
    'trap "" TERM; sleep 60 & echo ready; while :; do sleep 60; done',
  );
  await until(() => readFileSync(`${root}/sleeper.out`, 'utf8').includes('ready'));
  t.is(await stopProcess(record, 100), 'killed');
  t.deepEqual(await groupMembers(record.pid), []);
});

test('a paused process can be stopped', async (t) => {
  const record = await startSleeper(t, testLayout(temporaryRoot(t)), 'exec sleep 60');
  process.kill(record.pid, 'SIGSTOP');
  t.is(await stopProcess(record, 5000), 'stopped');
});

test('a stale record whose pid is a stranger now kills nobody', async (t) => {
  const record = await startSleeper(t, testLayout(temporaryRoot(t)), 'exec sleep 60');
  // As after a reboot: the pid is alive, but started at another time; and this test run has no marker.
  t.is(await stopProcess({ ...record, pid: process.pid, startTime: 1 }, 50), 'gone');
  await killProcess({ pid: process.pid, startTime: 1 });
  t.true(await isAlive(record));
});
