import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { schedule } from '../../../bench/compare/schedule.ts';
import { ComparisonStore, digestOf } from '../../../bench/compare/store.ts';
import { passingResult } from '../report/fixture.ts';
import { column, comparison } from './fixture.ts';

const KEY = { comparison: 'compare', mode: 'quick', seed: 1, columns: ['one'], digest: 'abc' } as const;

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
  await before.keep(second, { kind: 'not run', why: 'no mounts here' });
  const after = await ComparisonStore.open(dir, KEY);
  t.like(await after.outcomeOf(first), { kind: 'result', result: { verdict: 'pass' } });
  t.deepEqual(await after.outcomeOf(second), { kind: 'not run', why: 'no mounts here' });
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

test('the folder of another comparison is refused', async (t) => {
  const dir = await folder(t);
  await ComparisonStore.open(dir, KEY);
  const error = await t.throwsAsync(ComparisonStore.open(dir, { ...KEY, digest: digestOf(['changed']) }));
  t.regex(error?.message ?? '', /another comparison .* give another --out/);
});
