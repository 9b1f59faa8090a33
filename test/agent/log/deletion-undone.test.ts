// A process is killed between the deletion of a segment's data and the sync that makes it last; the next one removes the
// journal; the power goes. The data is back without its journal: an expired segment that passes for damage.

import test from 'ava';
import { crowdedOptions, openOn } from './crash-case.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk, type Plan } from './model-disk.ts';
import { randomOf } from './random.ts';

const options = { ...crowdedOptions('/model/log', 'fsync'), keepBytes: 0 };

/** Stops at the first step behind a deletion. */
function afterRemove(): Plan {
  let removed = false;
  return (_, name) => {
    if (removed) return 'stop';
    removed = name === 'remove';
    return 'go';
  };
}

async function strays(seed: number): Promise<readonly string[]> {
  const random = randomOf(seed);
  const disk = new ModelDisk(random);
  const log = await openOn(disk, options);
  for (let line = 0; line < 12; line++) await appendLines(log, sourceOf(log), [`${line} `.padEnd(1000, 'x')]);
  disk.plan = afterRemove();
  log.holders.startRetention();
  await disk.stopped;
  const closing = log.close();
  disk.abandon();
  await closing;

  const second = disk.after('kill', random);
  second.plan = afterRemove();
  const opening = openOn(second, options).catch(() => null);
  await second.stopped;
  second.abandon();
  await opening;
  const last = second.after('power', random);
  await (await openOn(last, options)).close();
  return last.paths().filter((path) => path.includes('quarantine'));
}

test('deletion-undone: what was deleted is not set aside as damage after a power loss', async (t) => {
  // retention does not keep a process alive
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  const all = await Promise.all(Array.from({ length: 20 }, (_, seed) => strays(seed)));
  t.deepEqual(all.flat(), []);
});
