// A commit fails, and while the log cuts off what it had written the power goes. Where the bytes were cut and their record
// survived, a restart took the rejected batch for one that had rotted: its source was moved past events that nobody had
// acknowledged, and they came out as a gap.

import test from 'ava';
import { type CrashCase, crashEach } from './crash-case.ts';

const SEEDS = 1;
const FIRST = 40;
const STEPS = 24;
const BEHIND = 6;

test('rejected-record: what was given up after a failed commit is not there after a power loss', async (t) => {
  let number = 0;
  const next = (): CrashCase | null => {
    const seed = Math.floor(number / (STEPS * BEHIND));
    if (seed === SEEDS) return null;
    const first = FIRST + (Math.floor(number / BEHIND) % STEPS);
    const stopAt = first + 1 + (number % BEHIND);
    number++;
    const failing = { first, count: 1, code: 'EIO' };
    return { seed, durability: 'fsync', lives: [{ stopAt, endedBy: 'power', failing }] };
  };
  await t.notThrowsAsync(crashEach(next, () => undefined, 64));
});
