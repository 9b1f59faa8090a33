// What is set aside never costs data its room: it has its own bound, the oldest gives way, all of it is counted.

import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import { crowdedOptions, openOn } from './crash-case.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk } from './model-disk.ts';
import { randomOf } from './random.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const LIMITS = {
  segmentBytes: 256 * KiB,
  journalBytesMax: 64 * KiB,
  capBytes: 2 * MiB,
  reserveBytes: 0,
  keepBytes: 0,
} as const;
const line = 'x'.repeat(2000);

async function opened(t: ExecutionContext, limits: Partial<LogOptions> = {}) {
  const disk = new ModelDisk(randomOf(1));
  const log = await openOn(disk, { ...crowdedOptions('/model/log', 'fsync'), ...LIMITS, ...limits });
  t.teardown(() => log.close());
  return { disk, log };
}

/** Appends until all of it is in, or the log is full; how much went in. */
async function appendAll(log: EventLog, bytes: number): Promise<number> {
  const source = sourceOf(log);
  const end = log.end.offset + bytes;
  while (log.end.offset < end) {
    const done = appendLines(
      log,
      source,
      Array.from({ length: 20 }, () => line),
    );
    done.catch(() => undefined);
    const full = Promise.withResolvers<void>();
    const unlisten = log.onFull(full.resolve);
    await Promise.race([done, full.promise]);
    unlisten();
    if (log.facts().state === 'full') break;
    await done;
  }
  return log.end.offset;
}

test('quarantine eats a small cap: over-long events leave four segments to data, and intake goes on', async (t) => {
  // four segments are the whole cap
  const { disk, log } = await opened(t, { segmentBytes: 512 * KiB });
  log.holders.startRetention();
  for (let piece = 0; piece < 100; piece++)
    await log.setAside('events.too-long', Buffer.alloc(100 * KiB, 120));
  const { quarantine } = log.facts();
  t.true(quarantine.bytes <= 2 * MiB - LIMITS.capBytes * 0.875, `${quarantine.bytes} bytes are set aside`);
  t.is(quarantine.setAside - quarantine.thrownAway, quarantine.bytes);
  t.is(quarantine.setAside + quarantine.notKept, 100 * 100 * KiB, 'every byte is counted');
  t.is(disk.bytesIn('/model/log/quarantine'), quarantine.bytes);
  // a destination is away: what is wanted is not deleted
  log.holders.add({ wants: () => true });
  const end = await appendAll(log, 4 * MiB);
  t.true(end > LIMITS.capBytes - 512 * KiB, `only ${end} bytes went in`);
  t.is(log.facts().quarantine.bytes, 0, 'it gives way to data');
  t.true(disk.bytesIn('/model/log') <= LIMITS.capBytes);
});

test('the oldest that is set aside gives way to the newest', async (t) => {
  const { disk, log } = await opened(t, { quarantineBytesMax: 100 * KiB });
  for (let index = 0; index < 12; index++) await log.setAside(`damaged-${index}`, Buffer.alloc(20 * KiB));
  const names = disk.paths().filter((path) => path.includes('quarantine'));
  t.deepEqual(
    names.map((path) => path.split('/').at(-1)),
    ['damaged-10', 'damaged-11', 'damaged-7', 'damaged-8', 'damaged-9'],
  );
  t.is(log.facts().quarantine.thrownAway, 7 * 20 * KiB);
});

test('a file that grows is rolled, so that its beginning can give way', async (t) => {
  const { disk, log } = await opened(t, { quarantineBytesMax: 100 * KiB });
  for (let index = 0; index < 30; index++)
    await log.setAside('events.too-long', Buffer.from(`${index} `.padEnd(10 * KiB, 'x')));
  const names = disk.paths().filter((path) => path.includes('quarantine'));
  t.true(names.length >= 4, names.join());
  const text = names.map((path) => disk.bytesOf(path).toString()).join('');
  t.true(text.includes('29 x'), 'the newest is there');
  t.false(text.startsWith('0 x'), 'the oldest is not');
  t.true(log.facts().quarantine.bytes <= 100 * KiB);
});

test('what finds no room throws nothing away, and is counted', async (t) => {
  const { log } = await opened(t, { quarantineBytesMax: 100 * KiB });
  await log.setAside('small', Buffer.alloc(KiB));
  await log.setAside('large', Buffer.alloc(200 * KiB));
  const { bytes, thrownAway, notKept } = log.facts().quarantine;
  t.deepEqual({ bytes, thrownAway, notKept }, { bytes: KiB, thrownAway: 0, notKept: 200 * KiB });
});

test('a full log names the quarantine where it holds a part of the cap', async (t) => {
  const { log } = await opened(t, { quarantineBytesMax: 256 * KiB });
  for (let piece = 0; piece < 4; piece++) await log.setAside('rot', Buffer.alloc(64 * KiB));
  log.holders.startRetention();
  log.holders.add({ wants: () => true });
  await appendAll(log, 4 * MiB);
  t.is(log.facts().state, 'full');
  t.regex(log.facts().reason ?? '', /cap of 2097152 bytes is reached \(quarantine\/ holds 262144 bytes/);
});

test('quarantine set aside at open has no bound: a full log without its journals takes events again', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-quarantine-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'journal'));
  await writeFile(join(dir, 'identity.json'), `{"version":1,"stream":"${'5'.repeat(32)}"}`);
  // segments whose journals are gone fill the cap
  for (let base = 0; base < 2 * MiB; base += 256 * KiB)
    await writeFile(join(dir, `${String(base).padStart(20, '0')}.log`), 'lost\n'.repeat(52_400));
  const options = { ...crowdedOptions(dir, 'os'), ...LIMITS };
  await using log = await EventLog.open(options);
  log.holders.startRetention();
  log.holders.add({ wants: () => true });
  const before = log.facts().quarantine;
  t.is(before.files, 8);
  t.is(before.setAside, before.bytes, 'what was set aside at the opening is counted');
  const end = await appendAll(log, MiB);
  t.true(end >= MiB, `only ${end} bytes went in: ${log.facts().reason}`);
  const after = log.facts().quarantine;
  t.true(after.thrownAway > 0);
  t.is(after.setAside - after.thrownAway, after.bytes);
  const names = await readdir(join(dir, 'quarantine'));
  const sizes = await Promise.all(names.map((name) => stat(join(dir, 'quarantine', name))));
  t.is(
    sizes.reduce((sum, { size }) => sum + size, 0),
    after.bytes,
  );
  t.true(log.facts().bytes <= options.capBytes);
});
