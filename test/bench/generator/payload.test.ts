import { crc32 } from 'node:zlib';
import test from 'ava';
import { dueBy, dueMs, dueTimes } from '../../../bench/generator/due.ts';
import { FORMATS } from '../../../bench/generator/format.ts';
import { fill, type Payload, planPayload } from '../../../bench/generator/payload.ts';
import type { Format, GeneratorSpec } from '../../../bench/generator/spec.ts';

const START_MS = 1_732_212_345_123;
const PACE: GeneratorSpec['pace'] = { kind: 'schedule', eventsPerSecond: 166_666.67 };
const ALL: readonly Format[] = ['influx', 'graphite', 'json'];

async function synthetic(format: Format, seed = 7, runner = 1, epoch = 1): Promise<Payload> {
  const plan = await planPayload({ kind: 'synthetic', format }, { runner, epoch }, seed, PACE);
  return plan.start(START_MS);
}

function text(payload: Payload, first: number, count: number): string {
  const buffer = Buffer.alloc(payload.bytes(first, count));
  const bytes = fill(payload, buffer, 0, first, count);
  return buffer.toString('latin1', 0, bytes);
}

// A change of these bytes makes every older manifest unverifiable: change them on purpose or not at all.
const KNOWN_CRC32: Readonly<Record<Format, number>> = {
  influx: 595_126_656,
  graphite: 105_324_856,
  json: 2_149_137_862,
};

for (const format of ALL) {
  test(`${format}: the same seed gives the bytes it always gave`, async (t) => {
    const once = text(await synthetic(format), 0, 20_000);
    t.is(once, text(await synthetic(format), 0, 20_000));
    t.is(crc32(once), KNOWN_CRC32[format]);
    t.not(once, text(await synthetic(format, 8), 0, 20_000));
  });

  test(`${format}: every event carries runner, epoch, sequence and intended time`, async (t) => {
    const due = dueTimes(PACE, START_MS);
    const first = 123_456_789_000;
    const lines = text(await synthetic(format, 7, 3, 12), first, 9_000).split('\n');
    t.is(lines.pop(), '');
    t.is(lines.length, 9_000);
    for (const [index, line] of lines.entries()) {
      const found = FORMATS[format].identity.exec(line) ?? [];
      const digits = line.replace('.', ' ').replaceAll(/(\d{10})\.(\d{3})$/g, '$1$2');
      t.deepEqual(found.slice(1).map(Number), [3, 12, first + index]);
      t.true(digits.includes(String(dueMs(due, first + index))), line);
    }
  });

  test(`${format}: events are 100 to 120 bytes on average and differ from cycle to cycle`, async (t) => {
    const payload = await synthetic(format);
    const average = payload.bytes(0, 100_000) / 100_000;
    t.true(average >= 100 && average <= 120, String(average));
    const values = new Set(
      Array.from({ length: 50 }, (_, i) => /[=: ](\d+\.\d\d)[ ,}]/.exec(text(payload, i * 4000, 1))?.[1]),
    );
    t.true(values.size > 25, [...values].join(' '));
  });

  test(`${format}: any event on its own equals the event of a sequential pass`, async (t) => {
    const payload = await synthetic(format);
    const all = text(payload, 0, 25_000);
    const lines = all.split('\n');
    for (const n of [24_999, 0, 9_999, 10_000, 3_999, 4_000, 4_001, 12_345]) {
      t.is(text(payload, n, 1), `${lines[n]}\n`);
    }
    t.is(text(payload, 3_990, 20), `${lines.slice(3_990, 4_010).join('\n')}\n`);
    t.is(payload.bytes(0, 25_000), all.length);
  });

  test(`${format}: fitting is the inverse of bytes`, async (t) => {
    const payload = await synthetic(format);
    for (const [first, count] of [
      [0, 1],
      [5, 700],
      [3_999, 9_000],
    ] as const) {
      const bytes = payload.bytes(first, count);
      t.is(payload.fitting(first, 1e6, bytes), count);
      t.is(payload.fitting(first, 1e6, bytes - 1), count - 1);
      t.is(payload.fitting(first, 10, bytes), Math.min(10, count));
    }
    t.is(payload.fitting(0, 10, 5), 0);
  });
}

test('influx lines are valid line protocol', async (t) => {
  const point = /^[a-z]+(,[a-z]+=[\w.-]+)+ [a-z\d_]+=\d+\.\d\d(,[a-z_]+=\d+i)+ \d{19}$/;
  for (const line of text(await synthetic('influx'), 0, 4_000)
    .trimEnd()
    .split('\n'))
    t.regex(line, point);
});

test('graphite lines are tagged series with a value and a time', async (t) => {
  const series = /^[a-z]+\.[a-z\d_]+(;[a-z]+=[\w.-]+)+ \d+\.\d\d \d{10}\.\d{3}$/;
  for (const line of text(await synthetic('graphite'), 0, 4_000)
    .trimEnd()
    .split('\n'))
    t.regex(line, series);
});

test('json lines parse', async (t) => {
  for (const line of text(await synthetic('json'), 0, 4_000)
    .trimEnd()
    .split('\n')) {
    const event: unknown = JSON.parse(line);
    t.like(event, { run: '1.1' });
    t.is(typeof (event as { v: unknown }).v, 'number');
  }
});

test('what is due is what has been reached, never more', (t) => {
  const due = dueTimes({ kind: 'schedule', eventsPerSecond: 250 }, START_MS);
  t.is(dueBy(due, START_MS - 0.1), 0);
  t.is(dueBy(due, START_MS), 1);
  t.is(dueBy(due, START_MS + 3.9), 1);
  t.is(dueBy(due, START_MS + 4), 2);
  t.is(dueMs(due, 1), START_MS + 4);
  t.is(dueBy(dueTimes({ kind: 'flood' }, START_MS), START_MS), Infinity);
  t.is(dueMs(dueTimes({ kind: 'flood' }, START_MS), 10 ** 9), START_MS);
});
