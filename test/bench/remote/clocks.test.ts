// Clocks that differ: what is measured is right to within its bound, and what machines saw is put together by one.

import test from 'ava';
import { wallClockMs } from '../../../bench/observer/clock.ts';
import type { Sample } from '../../../bench/observer/spec.ts';
import { between, clockOver, readClock } from '../../../bench/remote/clocks.ts';
import { mergeSamples, mergeWatch } from '../../../bench/remote/merge.ts';

/** A machine whose clock is `aheadMs` ahead, with more delay on the way there than back. */
function machine(aheadMs: number) {
  let turn = 0;
  return {
    ask: async () => {
      turn += 1;
      await new Promise((settle) => setTimeout(settle, 4 + (turn % 3)));
      const nowMs = wallClockMs() + aheadMs;
      await new Promise((settle) => setTimeout(settle, 1));
      return { nowMs } as never;
    },
  };
}

test('an offset lies within the bound of its reading, however lopsided the way is', async (t) => {
  for (const aheadMs of [0, 1234.5, -987]) {
    const { offsetMs, boundMs } = await readClock(machine(aheadMs));
    t.true(Math.abs(offsetMs - aheadMs) <= boundMs, `${offsetMs} ± ${boundMs} of ${aheadMs}`);
    t.true(boundMs > 0);
  }
});

test('what the clocks drifted between two readings widens the bound', (t) => {
  const clock = clockOver({ offsetMs: 10, boundMs: 1 }, { offsetMs: 14, boundMs: 2 });
  t.deepEqual(clock, { offsetMs: 12, boundMs: 4 });
});

test('from one machine to another: the offsets subtract, the bounds add up', (t) => {
  const [a, b] = [
    { offsetMs: 100, boundMs: 1 },
    { offsetMs: -50, boundMs: 2 },
  ];
  t.deepEqual(between(a, b), { shiftMs: -150, boundMs: 3 });
});

function sample(timeMs: number, name: string, bytes: number): Sample {
  return {
    timeMs,
    processes: { [name]: { cpuSeconds: 1, rssBytes: bytes, writtenBytes: 0, readBytes: 0 } },
    directories: { [name]: { totalBytes: bytes, presentBytes: bytes, files: 1 } },
    machine: { busySeconds: 1, stealSeconds: 0.5, ioWaitSeconds: 0 },
  };
}

test('samples: at each time of the first machine what the others had last seen by then, by its clock', (t) => {
  const first = [sample(1000, 'source', 10), sample(1250, 'source', 20)];
  // Its clock is 500 ms ahead: 1400 there is 900 here, 1700 is 1200, 1800 is 1300.
  const second = [sample(1400, 'a', 1), sample(1700, 'a', 2), sample(1800, 'a', 3)];
  const merged = mergeSamples([
    { items: first, shiftMs: 0 },
    { items: second, shiftMs: -500 },
  ]);
  t.deepEqual(
    merged.map(({ timeMs, directories }) => [
      timeMs,
      directories['source']?.totalBytes,
      directories['a']?.totalBytes,
    ]),
    [
      [1000, 10, 1],
      [1250, 20, 2],
    ],
  );
  t.is(merged[0]?.machine.stealSeconds, 1);
});

test('a machine that has not begun yet is left out, not made up', (t) => {
  const [only] = mergeSamples([
    { items: [sample(1000, 'source', 10)], shiftMs: 0 },
    { items: [sample(1001, 'a', 1)], shiftMs: 0 },
  ]);
  t.is(only?.directories['a'], undefined);
});

test('looks at the nodes: all in one, with what the registry said', (t) => {
  const node = { logBytes: 1, descriptors: 2, rssBytes: 3, account: null };
  const [look] = mergeWatch([
    { items: [{ timeMs: 10, nodes: { instance1: node }, unregistered: null }], shiftMs: 0 },
    { items: [{ timeMs: 8, nodes: { a: node }, unregistered: ['a'] }], shiftMs: 0 },
  ]);
  t.deepEqual(Object.keys(look?.nodes ?? {}), ['instance1', 'a']);
  t.deepEqual(look?.unregistered, ['a']);
});
