// The tools beside a log that is being written: segments are begun and deleted, records and cursors half written, and
// nothing of that is damage. What really is wrong is still found.

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test from 'ava';
import { batchesIn } from '../../../agent/inspect/batches.ts';
import { checkLog } from '../../../agent/inspect/check-log.ts';
import { takeInventory } from '../../../agent/inspect/inventory.ts';
import { lockState } from '../../../agent/inspect/lock-state.ts';
import { realDisk } from '../../../agent/log/disk.ts';
import { EventLog } from '../../../agent/log/log.ts';
import { Position } from '../../../agent/sink/position.ts';
import { until } from '../source/until.ts';
import { optionsFor, SINK, temporaryDirectory } from './written-log.ts';

const LOOKING_MS = 2500;

/** Appends as fast as it can, keeps little, and lets a destination follow; until it is told to stop. */
async function busy(dir: string, signal: AbortSignal): Promise<{ expired: number }> {
  const log = await EventLog.open(
    optionsFor(dir, { durability: 'os', keepBytes: 128 * 1024, capBytes: 2 * 1024 * 1024 }),
  );
  const position = await Position.open(log, SINK, 'oldest');
  log.holders.startRetention();
  const source = log.defineSource({ owner: 'spool', key: 'k', identity: {}, position: 0 });
  for (let index = 0; !signal.aborted; index++) {
    const bytes = Buffer.from(`event ${index} ${'x'.repeat(60)}\n`.repeat(50));
    const from = source.position;
    const append = {
      source,
      from,
      end: from + bytes.length,
      chunks: [bytes],
      bytes: bytes.length,
      events: 50,
    };
    await log.append({ ...append, crc: crc32(bytes), sequence: 0 });
    position.acknowledge({ from, end: log.end, crc: crc32(bytes), isSkip: false });
    await new Promise((resolve) => setTimeout(resolve, index % 20 === 0 ? 1 : 0));
  }
  const expired = log.facts().expired.bytes;
  await position.close();
  await log.close();
  return { expired };
}

test('fsck, ls and dump find nothing wrong with a log at work', async (t) => {
  const dir = await temporaryDirectory(t);
  const stop = new AbortController();
  const working = busy(dir, stop.signal);
  t.teardown(() => stop.abort());
  await until('the log is there', () => lockState(dir).then(({ running }) => running));
  let looks = 0;
  const deadline = performance.now() + LOOKING_MS;
  while (performance.now() < deadline) {
    const { findings } = await checkLog(realDisk, dir, { running: true });
    t.deepEqual(findings, []);
    const inventory = await takeInventory(realDisk, dir, null);
    t.true(inventory.present.bytes <= inventory.appended.bytes);
    t.deepEqual(
      inventory.segments.filter(({ holes }) => holes > 0),
      [],
    );
    const whole = {
      fromOffset: 0,
      toOffset: Number.POSITIVE_INFINITY,
      fromMs: 0,
      toMs: Number.POSITIVE_INFINITY,
    };
    for await (const found of batchesIn(realDisk, dir, { ...whole, owner: null })) {
      // a segment may be deleted while it is read; what is read is whole
      if (found.kind === 'gap') t.not(found.why, 'damaged');
    }
    looks++;
  }
  stop.abort();
  const { expired } = await working;
  t.true(looks > 3, `${looks} looks`);
  t.true(expired > 256 * 1024, `only ${expired} bytes expired meanwhile`);
});

test('damage is found beside a running agent, too, and its torn end is not', async (t) => {
  const dir = await temporaryDirectory(t);
  const stop = new AbortController();
  const working = busy(dir, stop.signal);
  await until('three segments', async () => {
    return (await readdir(dir)).filter((name) => name.endsWith('.log')).length >= 3;
  });
  stop.abort();
  await working;
  await using _log = await EventLog.open(optionsFor(dir));
  const [first = ''] = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
  await writeFile(join(dir, first), 'x', { flag: 'r+' });
  const names = await readdir(dir);
  const last =
    names
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1) ?? '';
  await writeFile(join(dir, last), 'not committed yet', { flag: 'a' });
  const state = await lockState(dir);
  t.deepEqual(state, { running: true, pid: process.pid });
  const { findings } = await checkLog(realDisk, dir, { running: true });
  t.deepEqual(
    findings.map(({ kind, place }) => [kind, place]),
    [['damaged', first]],
  );
});

test('a lock that nobody holds is no running agent', async (t) => {
  const dir = await temporaryDirectory(t);
  t.deepEqual(await lockState(dir), { running: false });
  // a pid that lives, and does not have the file open
  await writeFile(join(dir, 'LOCK'), `${process.ppid}\n`);
  t.deepEqual(await lockState(dir), { running: false });
  const log = await EventLog.open(optionsFor(dir));
  t.deepEqual(await lockState(dir), { running: true, pid: process.pid });
  await log.close();
  t.deepEqual(await lockState(dir), { running: false });
});
