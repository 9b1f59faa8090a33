// Closing gives the lock back: from then on nothing of the log may change under whoever takes it next.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { type Disk, realDisk } from '../../../agent/log/disk.ts';
import type { EventLog } from '../../../agent/log/log.ts';
import { openLog, temporaryDirectory } from '../source/event-log.ts';
import { appendLines, sourceOf } from './lines.ts';

test('a log is closed only once the segment that is being deleted is gone', async (t) => {
  const dir = await temporaryDirectory(t);
  const removing = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let removed = 0;
  const disk: Disk = {
    ...realDisk,
    async remove(path) {
      removing.resolve();
      await goOn.promise;
      await realDisk.remove(path);
      removed++;
    },
  };
  const log: EventLog = await openLog(`${dir}/log`, { segmentBytes: 4096, keepBytes: 0 }, disk);
  for (let line = 0; line < 3; line++) await appendLines(log, sourceOf(log), ['x'.repeat(4000)]);
  log.holders.startRetention();
  // its timer alone keeps no process
  const awake = setInterval(() => undefined, 100);
  t.teardown(() => clearInterval(awake));
  await removing.promise;
  let closed = false;
  const closing = log.close().then(() => {
    closed = true;
  });
  for (let turns = 0; turns < 100; turns++) await turn();
  t.false(closed);
  goOn.resolve();
  await closing;
  const atClose = removed;
  for (let turns = 0; turns < 100; turns++) await turn();
  t.is(removed, atClose);
});
