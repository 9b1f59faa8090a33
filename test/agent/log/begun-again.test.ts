// A segment without data may hold commits: sources that were moved past quarantined events. When a failed commit makes the
// log begin such a segment again, its journal was emptied in place, and a power loss then took those commits.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { crowdedOptions, openOn } from './crash-case.ts';
import { sourceOf } from './lines.ts';
import { ModelDisk, systemError } from './model-disk.ts';
import { randomOf } from './random.ts';

const options = crowdedOptions('/model/log', 'fsync');
const NOTES = 3;

const noteOf = (end: number) =>
  ({ outcome: 'quarantined', reason: 'test', from: end - 1, end, events: 1, bytes: 1 }) as const;

/** A power loss so many steps after the failed commit; where the source is afterwards. */
async function positionAfter(seed: number, steps: number): Promise<number> {
  const random = randomOf(seed);
  const disk = new ModelDisk(random);
  const log = await openOn(disk, options);
  const source = sourceOf(log);
  for (let end = 1; end <= NOTES; end++) await log.progress(source, noteOf(end));
  let behind = -1;
  disk.plan = (_, name, path) => {
    if (behind >= 0) return ++behind === steps ? 'stop' : 'go';
    if (name !== 'sync') return 'go';
    behind = 0;
    return systemError('EIO', path);
  };
  let stopped = false;
  const stop = disk.stopped.then(() => {
    stopped = true;
  });
  const rejected = log.progress(source, noteOf(NOTES + 1)).catch(() => undefined);
  await Promise.race([stop, rejected]);
  while (!stopped && log.facts().state === 'failing') await turn();
  const closing = log.close();
  disk.abandon();
  await closing;
  await using again = await openOn(disk.after('power', random), options);
  return again.findSource('lines')?.position ?? 0;
}

test('begun-again: what was committed without data survives a power loss while the log heals', async (t) => {
  // side by side: a log that is closed while it heals waits for its next try
  const cases = Array.from({ length: 200 }, (_, number) => ({ steps: 1 + (number % 10), seed: number }));
  const positions = await Promise.all(cases.map(({ seed, steps }) => positionAfter(seed, steps)));
  const fallen = cases.filter((_, number) => (positions[number] ?? 0) < NOTES);
  t.deepEqual(fallen, [], `acknowledged was ${NOTES}`);
});
