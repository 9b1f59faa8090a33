// Crashes at every step: the log is worked on until its disk stops at step N, for every N, then opened again. And at
// random steps of several lives in a row, on a disk that loses any part of what was not synced, and fails now and then.

import test, { type ExecutionContext } from 'ava';
import { type CrashCase, crashEach, type Life } from './crash-case.ts';
import { below, type Random, randomOf, seedOfRun } from './random.ts';

/** The cases for N = 1, 2, ... until one is not stopped any more. */
function everyStep(t: ExecutionContext, rest: Omit<CrashCase, 'lives'>, endedBy: Life['endedBy']) {
  let step = 0;
  let done = false;
  const next = (): CrashCase | null => {
    step++;
    return done ? null : { ...rest, lives: [{ stopAt: step, endedBy }] };
  };
  return crashEach(next, ({ stopped }) => {
    done ||= !stopped;
  }).then(() => t.true(step > 100, `there were only ${step} steps`));
}

test('killed at every step, fsync', (t) => everyStep(t, { seed: 1, durability: 'fsync' }, 'kill'));
test('killed at every step, os', (t) => everyStep(t, { seed: 2, durability: 'os' }, 'kill'));
test('power lost at every step', (t) => everyStep(t, { seed: 3, durability: 'fsync' }, 'power'));

const ERRORS = ['ENOSPC', 'EIO', 'EDQUOT', 'EROFS'];

function lifeOf(random: Random, fails: boolean): Life {
  const stopAt = 10 + below(random, 150);
  const endedBy = random() < 0.3 ? 'kill' : 'power';
  if (!fails) return { stopAt, endedBy };
  const code = ERRORS[below(random, ERRORS.length)] ?? 'EIO';
  return {
    stopAt,
    endedBy,
    failing: { first: 8 + below(random, stopAt), count: 1 + below(random, 3), code },
  };
}

function randomCases(t: ExecutionContext, count: number, failing: boolean): Promise<void> {
  const seedOfAll = seedOfRun();
  t.log(`SPILLWAY_SEED=${seedOfAll}`);
  const random = randomOf(seedOfAll);
  let made = 0;
  const next = (): CrashCase | null => {
    if (made++ >= count) return null;
    const lives = Array.from({ length: 1 + below(random, 3) }, () => lifeOf(random, failing));
    return { seed: below(random, 0x7fff_ffff), durability: 'fsync', lives };
  };
  // a log that heals waits a second between two tries
  return crashEach(next, () => undefined, failing ? 32 : 4);
}

test('several lives, each ended by a kill or a power loss', async (t) => {
  await randomCases(t, 150, false);
  t.pass();
});

test('several lives on a disk that also fails', async (t) => {
  await randomCases(t, 150, true);
  t.pass();
});
