// A commit may mix batches and notes of one source. What memory makes of it must be what a replay makes of it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test from 'ava';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';

test('skip-between-batches: a source has the same position and events before and after a restart', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-group-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const options: LogOptions = {
    dir,
    durability: 'fsync',
    segmentBytes: 1_048_576,
    journalBytesMax: 65_536,
    capBytes: 16_777_216,
    reserveBytes: 0,
    keepBytes: 0,
    keepAgeMs: 86_400_000,
    pendingBytesMax: 1_048_576,
  };
  const log = await EventLog.open(options);
  const source = log.defineSource({ owner: 'o', key: 'k', identity: {}, position: 0 });
  const bytes = Buffer.from('an event\n');
  const batch = (from: number) =>
    log.append({
      source,
      from,
      end: from + 9,
      chunks: [bytes],
      bytes: 9,
      events: 1,
      crc: crc32(bytes),
      sequence: 0,
    });
  await Promise.all([
    batch(0),
    log.progress(source, { outcome: 'skipped', reason: 'damaged', from: 9, end: 59, events: 5, bytes: 50 }),
    batch(59),
  ]);
  const { position, events, lastFrom, lastCrc } = source;
  await log.close();
  const again = await EventLog.open(options);
  t.like(again.findSource('k'), { position, events, lastFrom, lastCrc });
  t.deepEqual([position, events, lastFrom], [68, 7, 59]);
  await again.close();
});
