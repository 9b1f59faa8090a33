// The cursor file: two slots in turn, so that whatever happens to one, the other says where the destination is.

import { join } from 'node:path';
import test from 'ava';
import { CURSOR_FILE_BYTES, CursorFile, type CursorState } from '../../../agent/log/cursor.ts';
import { ModelDisk } from './model-disk.ts';
import { below, randomOf, seedOfRun } from './random.ts';

const DIR = '/model/log';
const PATH = join(DIR, 'cursors', 'sink.cursor');
const SLOT_BYTES = CURSOR_FILE_BYTES / 2;

const at = (offset: number): CursorState => ({
  version: 1,
  destination: 'sink',
  stream: '0'.repeat(32),
  epoch: 1,
  epochStart: { offset: 0, events: 0 },
  session: offset,
  start: { offset: 0, events: 0 },
  position: { offset, events: offset },
  last: null,
  skipped: {},
  dropped: {},
  gaps: [],
});

const open = (disk: ModelDisk) =>
  CursorFile.open(disk, { dir: DIR, destination: 'sink', durable: true, fresh: () => at(0) });

async function written(disk: ModelDisk, ...offsets: readonly number[]): Promise<void> {
  const { file } = await open(disk);
  for (const offset of offsets) await file.write(at(offset));
  await file.close();
}

async function found(disk: ModelDisk): Promise<number> {
  const { file, state } = await open(disk);
  await file.close();
  return state.position.offset;
}

test('the last state that was written is found again, turn after turn', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  for (let offset = 1; offset < 20; offset++) {
    await written(disk, offset);
    t.is(await found(disk), offset);
  }
  t.is(disk.bytesOf(PATH).length, CURSOR_FILE_BYTES, 'it never grows: a full disk can record progress');
});

test('states that are written at once come out in order', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  const { file } = await open(disk);
  await Promise.all([1, 2, 3, 4, 5].map((offset) => file.write(at(offset))));
  await file.close();
  t.is(await found(disk), 5);
});

test('a slot that is torn anywhere leaves the one before', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  await written(disk, 7, 8);
  const whole = disk.bytesOf(PATH);
  const newest = whole.indexOf('"offset":8') < SLOT_BYTES ? 0 : SLOT_BYTES;
  for (let byte = 0; byte < 300; byte++) {
    const seen = new ModelDisk(randomOf(1));
    await written(seen, 7, 8);
    seen.damage(PATH, (bytes) => bytes.fill(0, newest + byte, newest + byte + 60));
    const left = await found(seen);
    t.true(
      left === 7 || (byte >= whole.indexOf(0, newest + 16) - newest && left === 8),
      `byte ${byte}: ${left}`,
    );
  }
});

test('a cursor without a readable slot begins afresh, and works from then on', async (t) => {
  const random = randomOf(seedOfRun());
  const garbage: ((bytes: Buffer) => Buffer)[] = [
    () => Buffer.alloc(0),
    () => Buffer.from('not a cursor'),
    () => Buffer.alloc(CURSOR_FILE_BYTES),
    (bytes) => bytes.fill(0xff),
    (bytes) => bytes.map(() => below(random, 256)) as Buffer,
    (bytes) =>
      Buffer.from(bytes)
        .fill(1, 4, 12)
        .fill(1, SLOT_BYTES + 4, SLOT_BYTES + 12),
  ];
  for (const [index, change] of garbage.entries()) {
    const disk = new ModelDisk(random);
    await written(disk, 5, 6);
    disk.damage(PATH, (bytes) => Buffer.from(change(bytes)));
    t.is(await found(disk), 0, `garbage ${index}`);
    await written(disk, 9);
    t.is(await found(disk), 9, `garbage ${index}`);
  }
});

test('a file of another length whose slots check out is believed', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  await written(disk, 5, 6);
  disk.damage(PATH, (bytes) => Buffer.concat([bytes, Buffer.from('tail')]));
  t.is(await found(disk), 6);
  t.is(await found(disk), 6);
  disk.damage(PATH, (bytes) => bytes.subarray(0, SLOT_BYTES));
  t.true((await found(disk)) >= 5);
  t.true((await found(disk)) >= 5, 'and still after it was opened');
});

test('a write that fails leaves the last state, and the next one works', async (t) => {
  for (const name of ['write', 'sync']) {
    const disk = new ModelDisk(randomOf(1));
    const { file } = await open(disk);
    await file.write(at(1));
    disk.plan = (_, step) => (step === name ? new Error('EIO') : 'go');
    await t.throwsAsync(file.write(at(2)));
    await t.throwsAsync(file.write(at(3)));
    disk.plan = () => 'go';
    t.is(await found(disk.after('kill', randomOf(2))), name === 'write' ? 1 : 3);
    await file.write(at(4));
    await file.close();
    t.is(await found(disk), 4);
  }
});

test('a state that does not fit its slot is refused and leaves the one before', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  const { file } = await open(disk);
  await file.write(at(1));
  const lastAddress = { host: 'x'.repeat(70_000), port: 1 };
  await t.throwsAsync(file.write({ ...at(2), lastAddress }), { message: /outgrew/ });
  await file.close();
  t.is(await found(disk), 1);
});

test('members that were remembered give way where a cursor would outgrow its slot', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  const { file } = await open(disk);
  const member = (name: string) => [name, 'h'.repeat(200), 4100, 0] as const;
  const members = Array.from({ length: 128 }, (_, index) => member(`m${index}`));
  const lastMembers = { prefix: '/sinks/b', members };
  await file.write({ ...at(1), lastMembers });
  t.is(await lastMembersOf(disk), 128);
  const gap = { from: { offset: 0, events: 0 }, to: { offset: 1, events: 1 }, announced: true } as const;
  const gaps = Array.from({ length: 400 }, () => ({ ...gap, reason: 'maxAge' as const }));
  await file.write({ ...at(2), lastMembers, gaps });
  await file.close();
  t.is(await lastMembersOf(disk), 0);
  t.is(await found(disk), 2);
});

async function lastMembersOf(disk: ModelDisk): Promise<number> {
  const { file, state } = await open(disk);
  await file.close();
  return state.lastMembers?.members.length ?? 0;
}
