// Destinations share a log and the few threads that Node has for files. However many of them lag on a disk that does
// not answer, and however many cursors wait to be synced, a commit finds a thread.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Disk, realDisk } from '../../../agent/log/disk.ts';
import { EventLog } from '../../../agent/log/log.ts';
import { Position } from '../../../agent/sink/position.ts';
import { appendLines, sourceOf } from '../log/lines.ts';
import { until } from '../source/until.ts';

const DESTINATIONS = 8;

async function logOn(t: ExecutionContext, disk: Disk): Promise<EventLog> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-threads-'));
  const log = await EventLog.open(
    {
      dir,
      durability: 'os',
      segmentBytes: 65_536,
      journalBytesMax: 65_536,
      capBytes: 64 * 2 ** 20,
      reserveBytes: 0,
      keepBytes: 64 * 2 ** 20,
      keepAgeMs: 3_600_000,
      pendingBytesMax: 8 * 2 ** 20,
    },
    disk,
  );
  t.teardown(async () => {
    await log.close();
    await rm(dir, { recursive: true, force: true });
  });
  return log;
}

test('eight laggards on a disk that does not answer: two reads are under way, and a commit goes through', async (t) => {
  const held = Promise.withResolvers<void>();
  let [under, most] = [0, 0];
  let hangs = false;
  const disk: Disk = {
    ...realDisk,
    async read(fd, into, position) {
      under++;
      most = Math.max(most, under);
      if (hangs) await held.promise;
      under--;
      return await realDisk.read(fd, into, position);
    },
  };
  const log = await logOn(t, disk);
  const source = sourceOf(log);
  const lines = Array.from({ length: 100 }, () => 'm'.repeat(499));
  for (let batch = 0; batch < 6; batch++) await appendLines(log, source, lines);
  const readers = Array.from({ length: DESTINATIONS }, () => log.reader(0));
  // the journal is read, too; only the events are to hang
  for (const reader of readers) await reader.next(Buffer.alloc(65_536));
  hangs = true;
  most = 0;
  const reads = readers.map((reader) => reader.next(Buffer.alloc(65_536)));
  await until('reads are under way', () => under > 0);
  await appendLines(log, source, lines);
  t.is(most, 2);
  held.resolve();
  for (const read of reads) t.is((await read).kind, 'batches');
  t.is(most, 2);
  for (const reader of readers) await reader.close();
});

test('cursors that nobody waits for are synced one after the other, and all of them are', async (t) => {
  const cursors = new Set<number>();
  let [under, most, syncs] = [0, 0, 0];
  const disk: Disk = {
    ...realDisk,
    async open(path, flags) {
      const fd = await realDisk.open(path, flags);
      if (path.endsWith('.cursor')) cursors.add(fd);
      return fd;
    },
    async write(fd, bytes, position) {
      const isCursor = cursors.has(fd);
      if (isCursor) most = Math.max(most, ++under);
      await realDisk.write(fd, bytes, position);
      if (!isCursor) return;
      await new Promise((passed) => setTimeout(passed, 20));
      under--;
      syncs++;
    },
  };
  const log = await logOn(t, disk);
  const positions: Position[] = [];
  for (let index = 0; index < DESTINATIONS; index++) {
    positions.push(await Position.open(log, `d${index}`, 'oldest'));
  }
  [most, syncs] = [0, 0];
  const sessions = positions.map((position) => position.nextSession());
  await until('all are written', () => syncs === DESTINATIONS);
  t.is(most, 1);
  for (const [index, session] of sessions.entries())
    t.is((await log.cursors.read(`d${index}`))?.session, session);
  // one that somebody waits for does not queue behind those
  for (const position of positions) await position.close();
});
