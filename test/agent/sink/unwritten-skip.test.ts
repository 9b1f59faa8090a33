// A receiver is told of a skip only once the cursor says so: else a crash makes what was dropped look delivered.

import test from 'ava';
import { Position } from '../../../agent/sink/position.ts';
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
