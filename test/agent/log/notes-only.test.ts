// A segment to which no data comes: its journal grew without end, in memory and on the disk, when what arrived was
// skipped or suppressed only.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { crowdedOptions, openOn } from './crash-case.ts';
import { everyBatch } from './examine.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk } from './model-disk.ts';
import { randomOf } from './random.ts';

const KiB = 1024;
const NOTES = 3000;
const NOTES_AT_ONCE = 50;
const options = crowdedOptions('/model/log', 'fsync');

const noteOf = (end: number) =>
  ({ outcome: 'quarantined', reason: 'test', from: end - 1, end, events: 1, bytes: 1 }) as const;

for (const lines of [[], ['there was data']]) {
  test(`notes-only: the journal is begun again, ${lines.length} batches before`, async (t) => {
    const disk = new ModelDisk(randomOf(1));
    const log = await openOn(disk, options);
    const source = sourceOf(log);
    if (lines.length > 0) await appendLines(log, source, lines);
    const start = source.position;
    const before = log.facts().bytes;
    let bytesMax = 0;
    for (let end = start + 1; end <= start + NOTES; end += NOTES_AT_ONCE) {
      await Promise.all(
        Array.from({ length: NOTES_AT_ONCE }, (_, next) => log.progress(source, noteOf(end + next))),
      );
      bytesMax = Math.max(bytesMax, disk.bytesIn(options.dir));
    }
    t.true(bytesMax <= before + 128 * KiB, `${bytesMax} bytes`);
    t.true(Math.abs(log.facts().bytes - disk.bytesIn(options.dir)) < KiB, 'and it knows how many there are');
    await appendLines(log, source, ['goes on']);
    await log.close();
    await using again = await openOn(disk, options);
    t.is(again.counts('tests').quarantined.events, NOTES);
    t.is(again.findSource('lines')?.position, start + NOTES + 8);
    const text = Buffer.concat((await everyBatch(again)).map(({ bytes }) => bytes)).toString();
    t.is(text, [...lines, 'goes on', ''].join('\n'));
    t.is(again.end.events, lines.length + 1);
  });
}

test('a checkpoint longer than a journal may get is not written again with every group', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  await using log = await openOn(disk, options);
  for (let number = 0; number < 40; number++)
    await appendLines(log, sourceOf(log, `source ${number}`), ['one']);
  let made = 0;
  disk.plan = (_, name, path) => {
    if (name === 'rename' && path.endsWith('.journal')) made++;
    return 'go';
  };
  for (let end = 10; end <= 110; end++) await log.progress(sourceOf(log, 'source 0'), noteOf(end));
  await turn();
  t.true(made > 0 && made < 10, `${made} times`);
});
