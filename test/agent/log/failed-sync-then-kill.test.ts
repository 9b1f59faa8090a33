// A journal's sync fails and the process is killed before it can cut the record off. The next one reads the record from
// the page cache, and a sync after a failed one succeeds without writing anything: the record must be written again
// before a source may rely on it, or a power loss later takes what was acknowledged.

import test from 'ava';
import { crowdedOptions, openOn } from './crash-case.ts';
import { everyBatch } from './examine.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk, systemError } from './model-disk.ts';
import { randomOf } from './random.ts';

const options = crowdedOptions('/model/log', 'fsync');

/** What a source was told after the kill, and what it and the log come to after the power loss. */
async function twoCrashes(seed: number) {
  const random = randomOf(seed);
  const disk = new ModelDisk(random);
  const log = await openOn(disk, options);
  await appendLines(log, sourceOf(log), ['one']);
  let failed = false;
  disk.plan = (_, name, path) => {
    if (failed) return 'stop';
    if (name !== 'sync' || !path.includes('/journal/')) return 'go';
    failed = true;
    return systemError('EIO', path);
  };
  appendLines(log, sourceOf(log), ['two']).catch(() => undefined);
  await disk.stopped;
  const closing = log.close();
  disk.abandon();
  await closing;

  const second = disk.after('kill', random);
  const again = await openOn(second, options);
  const promised = sourceOf(again).position;
  await again.close();

  await using last = await openOn(second.after('power', random), options);
  const bytes = (await everyBatch(last)).reduce((sum, batch) => sum + batch.bytes.length, 0);
  return { seed, promised, position: sourceOf(last).position, bytes };
}

test('failed-sync-then-kill: what a restart believes outlives a power loss', async (t) => {
  // side by side: a log that is closed while it heals waits for its next try
  const all = await Promise.all(Array.from({ length: 100 }, (_, seed) => twoCrashes(seed)));
  t.true(
    all.some(({ promised }) => promised > 'one\n'.length),
    'the record was there to be believed',
  );
  t.deepEqual(
    all.filter(({ promised, position, bytes }) => position < promised || bytes !== position),
    [],
  );
});
