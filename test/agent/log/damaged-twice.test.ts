// The same batch was damaged at two starts: what the first one had saved was overwritten by the second, and what the
// quarantine had taken counted less than nothing, which cost all of /metrics.

import { appendFile, mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import { appendLines, sourceOf } from './lines.ts';

const MiB = 2 ** 20;

async function optionsIn(t: ExecutionContext): Promise<LogOptions> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-damaged-twice-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return {
    dir,
    durability: 'fsync',
    segmentBytes: 64 * 1024,
    journalBytesMax: 64 * 1024,
    pendingBytesMax: MiB,
    capBytes: 256 * MiB,
    reserveBytes: 0,
    keepBytes: 256 * MiB,
    keepAgeMs: 3_600_000,
  };
}

const LINES = Array.from({ length: 80 }, (_, index) => `event ${index} of the batch that is damaged`);

/** A sealed segment whose only batch is torn; and what is left of it. */
async function tornLog(options: LogOptions): Promise<{ path: string; rest: Buffer }> {
  await using log = await EventLog.open(options);
  const source = sourceOf(log);
  await appendLines(log, source, LINES);
  // too much for the same segment
  await appendLines(log, source, ['x'.repeat(options.segmentBytes)]);
  await log.close();
  const path = join(options.dir, `${'0'.repeat(20)}.log`);
  const whole = await readFile(path);
  const rest = whole.subarray(0, whole.length - 100);
  await truncate(path, rest.length);
  return { path, rest };
}

async function reopened(options: LogOptions): Promise<EventLog> {
  const log = await EventLog.open(options);
  await log.close();
  return log;
}

test('a batch that is damaged twice keeps what was saved first, and counts nothing less than nothing', async (t) => {
  const options = await optionsIn(t);
  const { path, rest } = await tornLog(options);
  const first = await reopened(options);
  const quarantine = join(options.dir, 'quarantine');
  const [name = '', ...others] = await readdir(quarantine);
  t.deepEqual(others, []);
  t.deepEqual(await readFile(join(quarantine, name)), rest);
  t.is(first.facts().quarantine.setAside, rest.length);

  const junk = 'j'.repeat(100);
  await appendFile(path, junk);
  const second = await reopened(options);
  t.deepEqual(await readFile(join(quarantine, name)), rest, 'what was saved first');
  t.is(await readFile(join(quarantine, `${name}.1`), 'latin1'), junk);
  t.is(second.facts().quarantine.setAside, junk.length);

  await appendFile(path, junk);
  await reopened(options);
  t.deepEqual((await readdir(quarantine)).sort(), [name, `${name}.1`], 'the same bytes are kept once');
});

test('a segment that loses its journal twice is set aside twice', async (t) => {
  const options = await optionsIn(t);
  const { path } = await tornLog(options);
  const quarantine = join(options.dir, 'quarantine');
  for (const _ of [1, 2]) {
    await rm(join(options.dir, 'journal', `${'0'.repeat(20)}.journal`), { force: true });
    await appendFile(path, 'left over\n');
    await reopened(options);
  }
  const names = (await readdir(quarantine)).sort();
  t.deepEqual(names, [`${'0'.repeat(20)}.log.no-journal`, `${'0'.repeat(20)}.log.no-journal.1`]);
});
