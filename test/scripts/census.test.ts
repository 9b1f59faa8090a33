import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Census, type Reading } from '../../scripts/events/census.ts';
import { arrivalsBetween, departuresBetween } from '../../scripts/events/rates.ts';

function makeDirectory(t: ExecutionContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'census-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}

function counts({ files }: Reading): [string, number, number][] {
  return files.map(({ name, bytes, events }) => [name, bytes, events]);
}

test('counts whole lines, also in a file larger than one read', async (t) => {
  const dir = makeDirectory(t);
  const line = `${'x'.repeat(99)}\n`;
  writeFileSync(join(dir, 'b.log'), line.repeat(30_000));
  writeFileSync(join(dir, 'a.log'), 'one\ntwo\nhalf');
  writeFileSync(join(dir, 'c.log'), '');
  writeFileSync(join(dir, 'other.txt'), 'not an event\n');
  const census = new Census(dir, (name) => name.endsWith('.log'));
  t.deepEqual(counts(await census.read()), [
    ['a.log', 12, 2],
    ['b.log', 3_000_000, 30_000],
    ['c.log', 0, 0],
  ]);
});

test('stays exact while files grow, are renamed, cut and replaced', async (t) => {
  const dir = makeDirectory(t);
  const census = new Census(dir, () => true);
  const file = join(dir, 'events.log');
  writeFileSync(file, '1\n2\n3');
  t.deepEqual(counts(await census.read()), [['events.log', 5, 2]]);
  appendFileSync(file, '\n4\n');
  t.deepEqual(counts(await census.read()), [['events.log', 8, 4]]);
  renameSync(file, `${file}.1`);
  writeFileSync(file, '5\n6\n7\n8\n9\n');
  t.deepEqual(counts(await census.read()), [
    ['events.log', 10, 5],
    ['events.log.1', 8, 4],
  ]);
  truncateSync(file, 2);
  t.deepEqual(counts(await census.read())[0], ['events.log', 2, 1]);
});

test('what arrived is the growth of every file, new ones whole', async (t) => {
  const dir = makeDirectory(t);
  const census = new Census(dir, () => true);
  writeFileSync(join(dir, 'old'), 'a\nb\n');
  const before = { ...(await census.read()), timeMs: 0 };
  appendFileSync(join(dir, 'old'), 'c\n');
  writeFileSync(join(dir, 'new'), 'd\ne\nf\n');
  const after = { ...(await census.read()), timeMs: 2000 };
  const arrivals = arrivalsBetween(before, after);
  t.is(arrivals.eventsPerSecond, 2);
  t.is(arrivals.bytesPerSecond, 4);
  t.deepEqual([...arrivals.byFile.values()], [1.5, 0.5]);
});

test('a counter that fell began anew', (t) => {
  const before = { timeMs: 0, byDestination: new Map(Object.entries({ a: 100, b: 100 })) };
  const after = { timeMs: 1000, byDestination: new Map(Object.entries({ a: 150, b: 30 })) };
  t.deepEqual(
    [...departuresBetween(before, after)],
    [
      ['a', 50],
      ['b', 30],
    ],
  );
});

test('a missing directory is named', async (t) => {
  const census = new Census('/no/such/directory', () => true);
  await t.throwsAsync(census.read(), { message: 'cannot read the directory /no/such/directory (ENOENT)' });
});
