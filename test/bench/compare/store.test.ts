import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type ComparisonKey, digestOf } from '../../../bench/compare/key.ts';
import { schedule } from '../../../bench/compare/schedule.ts';
import { ComparisonStore } from '../../../bench/compare/store.ts';
import { passingResult } from '../report/fixture.ts';
import { column, comparison } from './fixture.ts';

const KEY: ComparisonKey = {
  ...{ comparison: 'compare', mode: 'quick', seed: 1, seeds: [1, 2, 3] },
  ...{ columns: ['one 1.2'], digest: 'abc', program: 'def', machine: 'a small one' },
};

async function folder(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-compare-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('a comparison that was cut short goes on where it stopped', async (t) => {
  const dir = await folder(t);
  const [first, second] = schedule(await comparison(), [column('one')], 'quick', 1);
  if (first === undefined || second === undefined) return t.fail('nothing is scheduled');
  const before = await ComparisonStore.open(dir, KEY);
  t.is(await before.outcomeOf(first), null);
  await before.keep(first, { kind: 'result', result: passingResult(), folder: before.folderOf(first) });
  await before.keep(second, { kind: 'failed', why: 'one ended at start' });
  const after = await ComparisonStore.open(dir, KEY);
  t.like(await after.outcomeOf(first), { kind: 'result', result: { verdict: 'pass' } });
  t.deepEqual(await after.outcomeOf(second), { kind: 'failed', why: 'one ended at start' });
  t.true(await after.has(first));
});

test('what was not possible, or went wrong in the rig, is tried again', async (t) => {
  const dir = await folder(t);
  const [first, second] = schedule(await comparison(), [column('one')], 'quick', 1);
  if (first === undefined || second === undefined) return t.fail('nothing is scheduled');
  const store = await ComparisonStore.open(dir, KEY);
  await store.keep(first, { kind: 'not run', why: 'no mounts here' });
  await store.keep(second, { kind: 'error', why: 'the disk is full' });
  t.deepEqual([await store.outcomeOf(first), await store.outcomeOf(second)], [null, null]);
  t.false(await store.has(first));
});

test('an invalid run is run again', async (t) => {
  const dir = await folder(t);
  const [cell] = schedule(await comparison(), [column('one')], 'quick', 1);
  if (cell === undefined) return t.fail('nothing is scheduled');
  const store = await ComparisonStore.open(dir, KEY);
  const result = { ...passingResult(), verdict: 'invalid' as const };
  await store.keep(cell, { kind: 'result', result, folder: store.folderOf(cell) });
  t.is(await store.outcomeOf(cell), null);
});

test('what changed between the parts of a comparison is named: files, code, tools, machine', async (t) => {
  const dir = await folder(t);
  await ComparisonStore.open(dir, KEY);
  const refused = async (change: Partial<ComparisonKey>) =>
    (await t.throwsAsync(ComparisonStore.open(dir, { ...KEY, ...change })))?.message ?? '';
  t.regex(await refused({ machine: 'a large one' }), /the machine was a small one and is a large one/);
  t.regex(await refused({ columns: ['one 1.3'] }), /its tools were one 1\.2 and are one 1\.3/);
  t.regex(await refused({ program: 'other' }), /the code or the templates of the tools changed/);
  t.regex(await refused({ seeds: [1] }), /its seeds were 1, 2, 3 and are 1/);
  await t.notThrowsAsync(ComparisonStore.open(dir, KEY));
});

test('the folder of another comparison is refused', async (t) => {
  const dir = await folder(t);
  await ComparisonStore.open(dir, KEY);
  const error = await t.throwsAsync(ComparisonStore.open(dir, { ...KEY, digest: digestOf(['changed']) }));
  t.regex(error?.message ?? '', /another comparison.* give another --out/);
});
