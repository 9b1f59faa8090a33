import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ArrivalWriter, readArrivals } from '../../../bench/observer/arrivals.ts';

const dir = await mkdtemp(join(tmpdir(), 'spillway-arrivals-'));
test.after.always(() => rm(dir, { recursive: true, force: true }));

test('what is written is read again, names as they were last', async (t) => {
  const path = join(dir, 'round.bin');
  const writer = new ArrivalWriter(path);
  writer.name(0, 'x.log');
  const arrivals = Array.from({ length: 10_000 }, (_, i) => ({
    timeMs: 1.7e12 + i / 4,
    file: i % 2,
    size: i * 2 ** 33,
  }));
  for (const arrival of arrivals) writer.arrival(arrival);
  writer.name(1, 'é.log');
  writer.gaps({ p50: 1, p99: 2, max: 3 });
  writer.name(0, 'x.log.1');
  writer.gaps({ p50: 5, p99: 6.5, max: 7 });
  writer.close();
  t.deepEqual(await readArrivals(path), {
    files: ['x.log.1', 'é.log'],
    pollMs: { p50: 5, p99: 6.5, max: 7 },
    arrivals,
  });
});

test('a file cut anywhere yields its whole records', async (t) => {
  const path = join(dir, 'whole.bin');
  const writer = new ArrivalWriter(path);
  writer.name(0, 'a.log');
  for (let i = 1; i <= 3; i++) writer.arrival({ timeMs: i, file: 0, size: i });
  writer.gaps({ p50: 1, p99: 1, max: 1 });
  writer.close();
  const whole = await readFile(path);
  const cut = join(dir, 'cut.bin');
  for (let length = 8; length <= whole.length; length++) {
    await writeFile(cut, whole.subarray(0, length));
    const { files, arrivals } = await readArrivals(cut);
    t.is(files.length, length < 20 ? 0 : 1);
    t.is(arrivals.length, Math.min(3, Math.max(0, Math.floor((length - 20) / 21))));
  }
});

test('another file, or a damaged one, is named', async (t) => {
  const path = join(dir, 'other.bin');
  await writeFile(path, 'something');
  await t.throwsAsync(readArrivals(path), { message: /other\.bin is not an arrivals file/ });
  await writeFile(path, 'SPLARR01');
  await appendFile(path, Buffer.from([9]));
  await t.throwsAsync(readArrivals(path), { message: /damaged at byte 8/ });
});
