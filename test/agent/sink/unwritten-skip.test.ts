// A receiver is told of a skip only once the cursor says so: else a crash makes what was dropped look delivered.

import test from 'ava';
import { SKIPS_MAX } from '../../../agent/sink/inflight.ts';
import { GAPS_MAX, Position } from '../../../agent/sink/position.ts';
import { openOn } from '../log/crash-case.ts';
import { appendLines, sourceOf } from '../log/lines.ts';
import { ModelDisk, systemError } from '../log/model-disk.ts';
import { randomOf } from '../log/random.ts';
import { LOG_OPTIONS } from './sending.ts';

test('a skip that cannot be written down is not announced', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  await using log = await openOn(disk, LOG_OPTIONS);
  await appendLines(log, sourceOf(log), ['one']);
  const position = await Position.open(log, 'd', 'oldest');
  t.teardown(() => position.close());
  const range = { from: position.mark, to: log.end, reason: 'damaged' } as const;
  disk.plan = (_, name) => systemError('EIO', name);
  await t.throwsAsync(position.announce(range), { code: 'disk', message: 'cannot write the cursor of d' });
  disk.plan = () => 'go';
  await position.announce(range);
  t.true(position.gaps.every(({ announced }) => announced));
  await position.close();
});

test('the cursor has room for every skip that may be under way at once', async (t) => {
  await using log = await openOn(new ModelDisk(randomOf(1)), LOG_OPTIONS);
  const position = await Position.open(log, 'd', 'oldest');
  t.teardown(() => position.close());
  const mark = (at: number) => ({ offset: 9e15 + at, events: 9e15 + at });
  for (let at = 0; at < SKIPS_MAX + GAPS_MAX; at++) {
    const range = { from: mark(2 * at), to: mark(2 * at + 1), reason: 'dropNewest' } as const;
    await t.notThrowsAsync(position.announce(range), `${at}`);
  }
  t.is(position.gaps.length, SKIPS_MAX + GAPS_MAX);
  await position.close();
});
