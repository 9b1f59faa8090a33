// The cap and the reserve hold, appends wait there and go on when there is room, and what nobody wants is never in the way.

import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { CursorState } from '../../../agent/log/cursor.ts';
import type { EventLog, LogOptions } from '../../../agent/log/log.ts';
import { crowdedOptions, openOn } from './crash-case.ts';
import { everyBatch } from './examine.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk, systemError } from './model-disk.ts';
import { randomOf } from './random.ts';

const KiB = 1024;
const base = crowdedOptions('/model/log', 'fsync');

/** Holds everything from an offset on. */
function holdFrom(log: EventLog, start = 0) {
  let offset = start;
  const release = log.holders.add({ wants: (_, to) => to > offset });
  const move = (to: number) => {
    offset = to;
    log.cursorMoved();
  };
  return { release, move };
}

async function opened(t: ExecutionContext, limits: Partial<LogOptions> = {}) {
  const disk = new ModelDisk(randomOf(1));
  const options = { ...base, ...limits };
  const log = await openOn(disk, options);
  t.teardown(() => log.close());
  return { disk, log, options, source: sourceOf(log) };
}

/** How large the directory has been at most, at any step. */
function watched(disk: ModelDisk, dir: string): () => number {
  let bytesMax = 0;
  disk.plan = () => {
    bytesMax = Math.max(bytesMax, disk.bytesIn(dir));
    return 'go';
  };
  return () => bytesMax;
}

const line = (number: number, bytes: number) => `${number} `.padEnd(bytes - 1, 'x');

/** Appends until one waits; that one's promise. */
async function fill(log: EventLog, bytes: number): Promise<{ blocked: Promise<void>; taken: number }> {
  const source = sourceOf(log);
  for (let taken = 0; ; taken++) {
    const blocked = appendLines(log, source, [line(taken, bytes)]);
    let settled = false;
    const settle = () => {
      settled = true;
    };
    blocked.then(settle, settle);
    for (let pass = 0; pass < 400 && !settled && log.facts().state === 'ok'; pass++) await turn();
    if (log.facts().state === 'full') return { blocked, taken };
    await blocked;
  }
}

for (const bytes of [16, 300, 3000]) {
  test(`the directory never outgrows its cap, appends of ${bytes} bytes`, async (t) => {
    const capBytes = 512 * KiB;
    const { disk, log, options } = await opened(t, {
      capBytes,
      segmentBytes: 32 * KiB,
      journalBytesMax: 32 * KiB,
    });
    const most = watched(disk, options.dir);
    holdFrom(log);
    log.holders.startRetention();
    await fill(log, bytes);
    t.true(most() <= capBytes, `${most()} bytes`);
    t.true(log.facts().bytesMax <= capBytes);
    t.true(log.facts().bytesMax >= most() - 64 * KiB, 'the high-water mark is not made up');
    t.is(log.facts().state, 'full');
  });
}

test('many small appends at once do not outgrow the cap by their journal', async (t) => {
  const capBytes = 1024 * KiB;
  const { disk, log, options, source } = await opened(t, {
    capBytes,
    segmentBytes: 64 * KiB,
    journalBytesMax: 64 * KiB,
  });
  const most = watched(disk, options.dir);
  holdFrom(log);
  log.holders.startRetention();
  const all = Array.from({ length: 12_000 }, (_, number) => appendLines(log, source, [`${number}`]));
  for (const one of all) one.catch(() => undefined);
  while (log.facts().state === 'ok' && log.end.events < all.length) await turn();
  t.true(most() <= capBytes, `${most()} bytes, ${log.end.events} events`);
});

test('cursors of destinations that are no more, and what was set aside before, count against the cap at once', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  const put = async (directory: string, name: string, bytes: number) => {
    await disk.makeDirectory(directory);
    const fd = await disk.open(`${directory}/${name}`, 'w+');
    await disk.write(fd, Buffer.alloc(bytes), 0);
    await disk.close(fd);
  };
  await put(`${base.dir}/cursors`, 'gone.cursor', 128 * KiB);
  await put(`${base.dir}/quarantine`, 'old', 100 * KiB);
  await using log = await openOn(disk, { ...base, capBytes: 1024 * KiB });
  const beside = () => disk.bytesIn(base.dir) - log.facts().bytes;
  t.true(beside() < KiB, `${beside()} bytes are not counted`);
  const fresh = () => ({ destination: 'new' }) as CursorState;
  const { file } = await log.cursors.open('new', fresh);
  await log.setAside('more', Buffer.alloc(10 * KiB));
  await log.setAside('more', Buffer.alloc(10 * KiB));
  t.true(Math.abs(beside()) < KiB, `${beside()} bytes are not counted`);
  await file.close();
});

test('at the cap an append waits, and goes on when the cursor moves', async (t) => {
  const { log } = await opened(t, { capBytes: 512 * KiB, keepBytes: 0 });
  const cursor = holdFrom(log);
  log.holders.startRetention();
  const { blocked, taken } = await fill(log, 2000);
  t.regex(log.facts().reason ?? '', /cap of 524288 bytes/);
  t.is((await everyBatch(log)).length, taken, 'draining goes on');
  cursor.move(log.end.offset);
  await blocked;
  t.is(log.facts().state, 'ok');
  t.is(log.end.events, taken + 1);
  t.true(log.start.offset > 0);
  t.deepEqual(log.facts().expired, { events: log.start.events, bytes: log.start.offset });
});

test('nothing that is wanted is deleted, also by an append that has no room', async (t) => {
  const { log } = await opened(t, { capBytes: 512 * KiB, keepBytes: 0, keepAgeMs: 0 });
  const cursor = holdFrom(log);
  log.holders.startRetention();
  await fill(log, 2000);
  t.is(log.start.offset, 0);
  const wanted = Math.floor(log.end.offset / 2);
  cursor.move(wanted);
  while (log.start.offset === 0) await turn();
  await turn();
  t.true(log.start.offset <= wanted, `${log.start.offset} is kept, ${wanted} is wanted`);
});

test('before retention is started nothing is deleted', async (t) => {
  const { log } = await opened(t, { capBytes: 512 * KiB, keepBytes: 0, keepAgeMs: 0 });
  await fill(log, 2000);
  t.is(log.start.offset, 0);
});

test('a log without destinations never jams: the oldest is expired', async (t) => {
  const { log, source } = await opened(t, { capBytes: 512 * KiB });
  log.holders.startRetention();
  for (let number = 0; number < 600; number++) await appendLines(log, source, [line(number, 2000)]);
  t.is(log.facts().state, 'ok');
  t.is(log.end.events, 600);
  t.true(log.start.events > 300);
});

test('a segment that cannot be deleted now is deleted later', async (t) => {
  for (const part of ['.log', '.journal']) {
    const { disk, log } = await opened(t, { capBytes: 512 * KiB, keepBytes: 0 });
    const cursor = holdFrom(log);
    log.holders.startRetention();
    const { blocked } = await fill(log, 2000);
    let failures = 0;
    disk.plan = (_, name, path) => {
      if (name !== 'remove' || !path.endsWith(part) || failures > 0) return 'go';
      failures++;
      return systemError('EIO', path);
    };
    cursor.move(log.end.offset);
    await blocked.catch(() => undefined);
    while (log.facts().state !== 'ok') await turn();
    await appendLines(log, sourceOf(log), ['goes on']);
    t.is(failures, 1, part);
    t.true(log.start.offset > 0, part);
  }
});

test('a reader inside a segment that is deleted finishes what it holds', async (t) => {
  const { log, source } = await opened(t, { capBytes: 512 * KiB, keepBytes: 0 });
  log.holders.startRetention();
  await appendLines(log, source, [line(0, 1500)]);
  await appendLines(log, source, [line(1, 1500)]);
  const reader = log.reader(0);
  const buffer = Buffer.alloc(1500);
  t.is((await reader.next(buffer)).kind, 'batches');
  for (let number = 2; log.start.offset === 0; number++) await appendLines(log, source, [line(number, 2000)]);
  const next = await reader.next(buffer);
  t.true(
    next.kind === 'batches' || (next.kind === 'gap' && next.reason === 'peerLost' && next.to > next.from),
  );
  await reader.close();
});

test('more than the cap that waits at once is committed piece by piece, not waited for as one', async (t) => {
  const capBytes = 1024 * KiB;
  const limits = { capBytes, segmentBytes: 128 * KiB, keepBytes: 0, pendingBytesMax: 8 * 1024 * KiB };
  const { log, source } = await opened(t, limits);
  log.holders.startRetention();
  const waiting = Array.from({ length: 40 }, (_, number) =>
    appendLines(log, source, [line(number, 64 * KiB)]),
  );
  await Promise.all(waiting);
  t.is(log.end.events, 40);
});

test('the reserve is never touched, however fast it is written', async (t) => {
  const reserveBytes = 1024 * KiB;
  const { disk, log } = await opened(t, { capBytes: 64 * 1024 * KiB, segmentBytes: 64 * KiB, reserveBytes });
  const limit = reserveBytes + 512 * KiB;
  const used = () => disk.bytesIn(base.dir);
  const before = used();
  Object.defineProperty(disk, 'free', { get: () => limit - (used() - before) });
  holdFrom(log);
  log.holders.startRetention();
  await fill(log, 8000);
  t.regex(log.facts().reason ?? '', /reserveBytes/);
  t.true(disk.free >= reserveBytes - 128 * KiB, `${disk.free} bytes are free of ${reserveBytes}`);
});

test('what nobody wants makes room where the filesystem is full', async (t) => {
  const { disk, log, source } = await opened(t, {
    capBytes: 64 * 1024 * KiB,
    keepBytes: 32 * 1024 * KiB,
    reserveBytes: 1024 * KiB,
    keepAgeMs: Number.MAX_SAFE_INTEGER,
  });
  log.holders.startRetention();
  for (let number = 0; number < 40; number++) await appendLines(log, source, [line(number, 2000)]);
  const used = disk.bytesIn(base.dir);
  // another program has filled the filesystem; what we delete comes back as free
  Object.defineProperty(disk, 'free', { get: () => 1000 * KiB + (used - disk.bytesIn(base.dir)) });
  disk.nowMs += 5000;
  appendLines(log, source, ['one more']).catch(() => undefined);
  const deadline = Date.now() + 3000;
  while (log.end.events < 41 && Date.now() < deadline) {
    disk.nowMs += 2000;
    await turn();
  }
  t.is(log.end.events, 41, String(log.facts().reason));
});
