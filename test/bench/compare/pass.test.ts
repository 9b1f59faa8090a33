import test from 'ava';
import { missingText, type Pass, passOver } from '../../../bench/compare/pass.ts';
import { type Cell, schedule } from '../../../bench/compare/schedule.ts';
import type { Outcome } from '../../../bench/compare/store.ts';
import { passingResult } from '../report/fixture.ts';
import { column, comparison } from './fixture.ts';

const PASSED: Outcome = { kind: 'result', result: passingResult(), folder: '/none' };
const INVALID: Outcome = {
  kind: 'result',
  result: { ...passingResult(), verdict: 'invalid' },
  folder: '/none',
};

async function passOf(changes: Partial<Pass>): Promise<{ pass: Pass; done: string[]; kept: Outcome[] }> {
  const planned = schedule(await comparison(), [column('one')], 'quick', 1).slice(0, 3);
  const [done, kept]: [string[], Outcome[]] = [[], []];
  const pass: Pass = {
    ...{ planned, limitMs: null, expectedMs: () => 0, line: { say: () => undefined } },
    known: () => Promise.resolve(null),
    run: () => Promise.resolve(PASSED),
    keep: async (_, outcome) => void kept.push(outcome),
    onEnded: async ({ cell }) => void done.push(cell.row.name),
    describe: ({ kind }) => kind,
    signal: new AbortController().signal,
    ...changes,
  };
  return { pass, done, kept };
}
const names = (cells: readonly Cell[]) => cells.map(({ row }) => row.name);

test('without a limit every cell is run', async (t) => {
  const { pass, done } = await passOf({});
  t.deepEqual(await passOver(pass), []);
  t.deepEqual(done, names(pass.planned));
});

test('quick-begins-too-late: what is not expected to end in time is not begun, what is known counts', async (t) => {
  const { pass, done } = await passOf({ limitMs: 60_000, expectedMs: () => 60_001 });
  t.deepEqual(names(await passOver(pass)), names(pass.planned));
  t.deepEqual(done, []);
  const known = await passOf({ ...pass, known: () => Promise.resolve(PASSED) });
  t.deepEqual(await passOver(known.pass), []);
});

test('quick-ends-too-late: a run that takes longer than was expected is cut short, kept nowhere, and missing', async (t) => {
  const run: Pass['run'] = (_, signal) =>
    new Promise((settle) => {
      signal.addEventListener('abort', () => settle(INVALID), { once: true });
    });
  const { pass, done, kept } = await passOf({ limitMs: 100, run });
  const alive = setInterval(() => undefined, 1000);
  const missing = await passOver(pass);
  clearInterval(alive);
  t.deepEqual([names(missing), done, kept], [names(pass.planned), [], []]);
});

test('quick-tries-too-late: an invalid run is tried again only when that fits', async (t) => {
  let runs = 0;
  const run: Pass['run'] = () => {
    runs++;
    return Promise.resolve(INVALID);
  };
  const free = await passOf({ run });
  await passOver(free.pass);
  t.is(runs, 6);
  runs = 0;
  let asked = 0;
  const { pass, kept } = await passOf({
    run,
    limitMs: 60_000,
    expectedMs: () => (asked++ % 2 === 0 ? 0 : 60_001),
  });
  t.deepEqual(await passOver(pass), []);
  t.is(runs, 3);
  t.is(kept.length, 3);
});

test('interrupted: the rest is missing', async (t) => {
  const controller = new AbortController();
  const run: Pass['run'] = () => {
    controller.abort();
    return Promise.resolve(PASSED);
  };
  const { pass } = await passOf({ run, signal: controller.signal });
  t.deepEqual(names(await passOver(pass)), names(pass.planned));
});

test('quick-unfinished: what is missing is named, row by row', async (t) => {
  const cells = schedule(await comparison(), [column('one'), column('two')], 'full', 1);
  const floods = cells.filter(({ row }) => row.name === 'flood');
  const [cut] = cells.filter(({ row, column: { id } }) => row.name === 'cut' && id === 'two-fsync');
  if (cut === undefined) return t.fail('no cell');
  const text = missingText([...floods, cut], 99);
  t.regex(
    text,
    /^missing are 11 of 99 runs:\n {2}flood: (one|two)-fsync, (one|two)-fsync\n {2}cut: two-fsync$/,
  );
});
