import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { listEventFiles } from '../../../bench/verifier/order.ts';
import { temporaryDirectory } from './bed.ts';

/** Makes the files, the first one the youngest, and lists them. */
async function ordered(
  t: ExecutionContext,
  names: readonly string[],
  include?: readonly string[],
): Promise<string[]> {
  const dir = await temporaryDirectory(t);
  for (const [index, name] of names.entries()) {
    await writeFile(join(dir, name), '');
    await utimes(join(dir, name), 2_000_000 - index, 2_000_000 - index);
  }
  await mkdir(join(dir, 'journal.log'));
  return (await listEventFiles(dir, include)).map((path) => basename(path));
}

test('zero-padded numbers, also of segments', async (t) => {
  const names = ['events-000002.log', 'events-000010.log', 'events-000001.log'];
  t.deepEqual(await ordered(t, names), names.toSorted());
  const segments = ['00000000000067108864.log', '00000000000000000000.log', '00000000018446744073.log'];
  t.deepEqual(await ordered(t, [...segments, 'LOCK', 'identity.json']), segments.toSorted());
});

test('numbers without padding', async (t) => {
  t.deepEqual(await ordered(t, ['out-10.log', 'out-9.log', 'out-100.log']), [
    'out-9.log',
    'out-10.log',
    'out-100.log',
  ]);
});

test('logrotate counts downwards, and the name without number is the youngest', async (t) => {
  const names = ['x.log', 'x.log.2', 'x.log.10', 'x.log.1'];
  t.deepEqual(await ordered(t, names), ['x.log.10', 'x.log.2', 'x.log.1', 'x.log']);
  t.deepEqual(await ordered(t, ['x.log.1', 'x.log']), ['x.log.1', 'x.log']);
  t.deepEqual(await ordered(t, ['x.log', 'x.log-20260201', 'x.log-20260131']), [
    'x.log-20260131',
    'x.log-20260201',
    'x.log',
  ]);
});

test('logrotate with nothing left but numbers still counts downwards', async (t) => {
  t.deepEqual(await ordered(t, ['x.log.1', 'x.log.2']), ['x.log.2', 'x.log.1']);
});

test('names that say nothing go by the time of the last change', async (t) => {
  t.deepEqual(await ordered(t, ['b.log', 'c.log', 'a.log']), ['a.log', 'c.log', 'b.log']);
  t.deepEqual(await ordered(t, ['b.txt', 'c.txt', 'x.log'], ['*.txt']), ['c.txt', 'b.txt']);
});

test('one file, no file, a compressed file', async (t) => {
  t.deepEqual(await ordered(t, ['only.log']), ['only.log']);
  t.deepEqual(await ordered(t, []), []);
  await t.throwsAsync(ordered(t, ['x.log', 'x.log.1.gz']), { message: /x\.log\.1\.gz is compressed/ });
});
