// A disk that fails is a state, not a crash: what was under way is rejected, the log heals by itself, what is appended
// afterwards is there, and nothing that was rejected is there as well.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { crowdedOptions, openOn } from './crash-case.ts';
import { everyBatch, examine } from './examine.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk, systemError } from './model-disk.ts';
import { randomOf } from './random.ts';
import { nothingPromised, work } from './workload.ts';

const options = crowdedOptions('/model/log', 'fsync');

test('one step fails, whichever: the log heals and nothing is lost or doubled', async (t) => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  t.teardown(() => process.off('unhandledRejection', onRejection));
  let step = 0;
  let done = false;
  let failed = 0;
  const lane = async () => {
    while (!done) {
      const bad = ++step;
      const random = randomOf(bad);
      const disk = new ModelDisk(random);
      const promised = nothingPromised();
      const log = await openOn(disk, options);
      const first = disk.steps;
      disk.plan = (at, name) => (at === first + bad ? systemError('EIO', name) : 'go');
      await work(log, { random, promised, lanes: 2, feedsMax: 2, over: () => false }).catch(
        (error: unknown) => {
          // the cursor is opened outside the log's own healing
          if (!String(error).includes('EIO')) throw error;
        },
      );
      if (disk.steps < first + bad) done = true;
      else failed++;
      await log.close();
      disk.plan = () => 'go';
      await using again = await openOn(disk, options);
      await t.notThrowsAsync(examine(again, { options, disk, promised }), `step ${bad}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  t.true(failed > 80, `${failed} steps`);
  t.deepEqual(rejections, []);
});

for (const code of ['ENOSPC', 'EIO', 'EDQUOT', 'EROFS']) {
  test(`${code} for a while: rejected, reported, healed`, async (t) => {
    const disk = new ModelDisk(randomOf(1));
    await using log = await openOn(disk, options);
    const source = sourceOf(log);
    await appendLines(log, source, ['before']);
    disk.plan = (_, name) => (name === 'remove' ? 'go' : systemError(code, name));
    await t.throwsAsync(appendLines(log, source, ['rejected']));
    t.is(log.facts().state, 'failing');
    t.regex(log.facts().reason ?? '', new RegExp(code));
    await t.throwsAsync(appendLines(log, source, ['refused at once']));
    t.is((await everyBatch(log)).length, 1, 'what there is can still be read');
    disk.plan = () => 'go';
    while (log.facts().state === 'failing') await turn();
    await appendLines(log, source, ['after']);
    const text = Buffer.concat((await everyBatch(log)).map(({ bytes }) => bytes)).toString();
    t.is(text, 'before\nafter\n');
    t.is(source.position, text.length);
  });
}

test('a sync that takes long holds up nothing but its own group', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  await using log = await openOn(disk, options);
  const source = sourceOf(log);
  await appendLines(log, source, ['one']);
  const slow = Promise.withResolvers<void>();
  const real = disk.sync.bind(disk);
  disk.sync = async (fd) => {
    await slow.promise;
    await real(fd);
  };
  let committed = false;
  const late = appendLines(log, source, ['two']).then(() => {
    committed = true;
  });
  for (let pass = 0; pass < 50; pass++) await turn();
  t.false(committed);
  t.is(log.end.events, 1, 'not before it is durable');
  t.is((await everyBatch(log)).length, 1);
  slow.resolve();
  await late;
  t.is(log.end.events, 2);
});

test('closing while the disk fails ends, and rejects what is under way', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  const log = await openOn(disk, options);
  const source = sourceOf(log);
  await appendLines(log, source, ['one']);
  disk.plan = (_, name) => systemError('EIO', name);
  const rejected = t.throwsAsync(appendLines(log, source, ['two']));
  await Promise.all([log.close(), rejected]);
  disk.plan = () => 'go';
  await using again = await openOn(disk, options);
  t.is(again.end.events, 1);
});

test('healing-waits-for-room: a log that waits for room heals all the same, and says what it waits for', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  const reserveBytes = 1024 * 1024;
  disk.free = reserveBytes + 50 * 1024;
  await using log = await openOn(disk, { ...options, segmentBytes: 64 * 1024, reserveBytes });
  const source = sourceOf(log);
  await appendLines(log, source, ['before']);
  const failing = Promise.withResolvers<void>();
  const real = disk.sync.bind(disk);
  let syncs = 0;
  disk.sync = async (fd) => {
    // of the data, which takes most of what is free, then of the journal, while the next group waits for room
    disk.free = reserveBytes + 10 * 1024;
    if (++syncs === 2) await failing.promise;
    await real(fd);
  };
  // together they are more than a segment, and so two groups
  const rejected = ['x', 'y'].map((letter) =>
    t.throwsAsync(appendLines(log, source, [letter.repeat(40 * 1024)]), { code: 'disk' }),
  );
  for (let pass = 0; pass < 1_000 && log.facts().state !== 'full'; pass++) await turn();
  t.is(log.facts().state, 'full');
  failing.reject(systemError('EIO', 'sync'));
  await Promise.all(rejected);
  for (let pass = 0; pass < 1_000 && log.facts().state === 'failing'; pass++) await turn();
  t.is(log.facts().state, 'ok', 'the disk is fine again');
  await appendLines(log, source, ['small enough']);
  const large = appendLines(log, source, ['z'.repeat(60 * 1024)]);
  for (let pass = 0; pass < 1_000 && log.facts().state !== 'full'; pass++) await turn();
  t.regex(log.facts().reason ?? '', /reserveBytes/);
  disk.free = Number.MAX_SAFE_INTEGER;
  await large;
  t.is(log.end.events, 3);
});
