// A disk that cannot read some sectors any more: the log starts all the same, delivers what can be read, and says of
// the rest that it is damaged. An unreadable page once kept an agent from starting, and a reader before it for ever.

import test from 'ava';
import type { EventLog } from '../../../agent/log/log.ts';
import { crowdedOptions, openOn } from './crash-case.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk, systemError } from './model-disk.ts';
import { randomOf } from './random.ts';

const KiB = 1024;
const PAGE_BYTES = 4 * KiB;
const BATCH_BYTES = 500;
const BATCHES = 380;
const options = {
  ...crowdedOptions('/model/log', 'fsync'),
  segmentBytes: 64 * KiB,
  journalBytesMax: 64 * KiB,
  capBytes: 64 * KiB * KiB,
};
const sealed = '/model/log/00000000000000000000.log';
const journalOf = (path: string) => path.replace('/log/', '/log/journal/').replace(/log$/, 'journal');

async function written(): Promise<{ disk: ModelDisk; last: string }> {
  const disk = new ModelDisk(randomOf(1));
  await using log = await openOn(disk, options);
  const source = sourceOf(log);
  for (let number = 0; number < BATCHES; number++) {
    await appendLines(log, source, [`${number} `.padEnd(BATCH_BYTES - 1, 'x')]);
  }
  const last = disk.paths().findLast((path) => path.endsWith('.log')) ?? '';
  return { disk, last };
}

/** From now on these bytes of a file cannot be read, until another is put in its place. */
function makeUnreadable(disk: ModelDisk, path: string, [from, to]: readonly [number, number]): void {
  const fds = new Set<number>();
  const open = disk.open.bind(disk);
  const read = disk.read.bind(disk);
  disk.open = async (opened, flags) => {
    const fd = await open(opened, flags);
    if (opened === path && !replaced) fds.add(fd);
    return fd;
  };
  let replaced = false;
  const rename = disk.rename.bind(disk);
  disk.rename = async (source, to) => {
    await rename(source, to);
    if (to === path) replaced = true;
  };
  disk.read = async (fd, into, position) => {
    const got = await read(fd, into, position);
    if (fds.has(fd) && position < to && position + got > from) throw systemError('EIO', path);
    return got;
  };
}

/** What is delivered, by its number; `lost`: numbers of what lies in gaps. */
async function read(log: EventLog): Promise<{ delivered: number[]; lost: number[] }> {
  const reader = log.reader(0);
  const delivered: number[] = [];
  const lost: number[] = [];
  const buffer = Buffer.alloc(16 * KiB);
  for (let result = await reader.next(buffer); result.kind !== 'end'; result = await reader.next(buffer)) {
    if (result.kind === 'gap') {
      for (let at = result.from; at < result.to; at += BATCH_BYTES) lost.push(at / BATCH_BYTES);
      continue;
    }
    for (const { record, bytes } of result.batches) {
      delivered.push(Number.parseInt(bytes.toString(), 10));
      if (delivered.at(-1) !== record.from / BATCH_BYTES) throw new Error(`wrong bytes at ${record.from}`);
    }
  }
  await reader.close();
  return { delivered, lost };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

for (const which of ['first', 'last'] as const) {
  const pick = (last: string) => (which === 'first' ? sealed : last);

  test(`an unreadable page in the data of the ${which} segment costs the batches in it`, async (t) => {
    const { disk, last } = await written();
    const path = pick(last);
    const first = Number(path.slice(-24, -4)) / BATCH_BYTES;
    makeUnreadable(disk, path, [PAGE_BYTES, 2 * PAGE_BYTES]);
    await using log = await openOn(disk, options);
    const { delivered, lost } = await read(log);
    t.deepEqual(lost, numbers(first + 8, first + 17));
    t.deepEqual(delivered, [...numbers(0, first + 8), ...numbers(first + 17, BATCHES)]);
    await appendLines(log, sourceOf(log), ['goes on']);
    t.is(log.end.events, BATCHES + 1);
  });

  test(`an unreadable page in the journal of the ${which} segment costs the batches in it`, async (t) => {
    const { disk, last } = await written();
    const path = journalOf(pick(last));
    makeUnreadable(disk, path, [PAGE_BYTES, 2 * PAGE_BYTES]);
    await using log = await openOn(disk, options);
    const { delivered, lost } = await read(log);
    t.deepEqual(
      [...delivered, ...lost].sort((a, b) => a - b),
      numbers(0, BATCHES),
    );
    t.true(lost.length > 0 && lost.length <= PAGE_BYTES / 96 + 2, `${lost.length} batches`);
  });
}

test('a journal that cannot be read at all sets its segment aside, the others are delivered', async (t) => {
  const { disk } = await written();
  makeUnreadable(disk, journalOf(sealed), [0, Number.POSITIVE_INFINITY]);
  await using log = await openOn(disk, options);
  const { delivered } = await read(log);
  t.deepEqual(delivered, numbers(Math.floor((64 * KiB) / BATCH_BYTES), BATCHES));
  t.regex(log.remarks.join(), /set aside segment 0 /);
});

test('a transient EIO becomes a permanent gap: a read that fails twice is tried again', async (t) => {
  const { disk } = await written();
  await using log = await openOn(disk, options);
  const read_ = disk.read.bind(disk);
  let failures = 2;
  disk.read = async (fd, into, position) => {
    if (failures > 0) {
      failures--;
      throw systemError('EIO', 'a path that fails over');
    }
    return await read_(fd, into, position);
  };
  const { delivered, lost } = await read(log);
  t.is(failures, 0);
  t.deepEqual(lost, []);
  t.deepEqual(delivered, numbers(0, BATCHES));
});

test('a page that becomes unreadable while the log is open is a gap, and draining goes on', async (t) => {
  const { disk, last } = await written();
  await using log = await openOn(disk, options);
  makeUnreadable(disk, last, [0, PAGE_BYTES]);
  t.is((await read(log)).lost.length, 9);
});
