import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { SpecError } from '../../../bench/generator/errors.ts';
import { fill, type Payload, type PayloadPlan, planPayload } from '../../../bench/generator/payload.ts';
import type { EventContent } from '../../../bench/generator/spec.ts';

const dir = await mkdtemp(join(tmpdir(), 'spillway-replay-'));
test.after.always(() => rm(dir, { recursive: true, force: true }));

let made = 0;
async function file(bytes: string | Buffer): Promise<string> {
  const path = join(dir, `input-${++made}`);
  await writeFile(path, bytes);
  return path;
}

const plan = (content: EventContent): Promise<PayloadPlan> =>
  planPayload(content, { runner: 2, epoch: 3 }, 1, { kind: 'flood' });

const raw = async (...files: string[]): Promise<Payload> =>
  (await plan({ kind: 'replay-raw', files })).start(1_700_000_000_000);

function bytes(payload: Payload, first: number, count: number): Buffer {
  const buffer = Buffer.alloc(payload.bytes(first, count));
  fill(payload, buffer, 0, first, count);
  return buffer;
}

test('raw: lines are replayed byte for byte, over and over, and a last line gets its newline', async (t) => {
  const first = Buffer.from([0x61, 0x0d, 0x0a, 0x0a, 0x00, 0xff, 0xfe, 0x0a, 0x7a]); // CRLF, empty, binary, no end
  const payload = await raw(await file(first), await file(''), await file('second\n'));
  const cycle = Buffer.concat([first, Buffer.from('\nsecond\n')]);
  t.deepEqual(bytes(payload, 0, 15), Buffer.concat([cycle, cycle, cycle]));
  t.deepEqual(bytes(payload, 7, 2), Buffer.from([0x00, 0xff, 0xfe, 0x0a, 0x7a, 0x0a]));
  t.is(payload.fitting(0, 100, 3 + 1 + 3), 2);
  t.is(payload.fitting(0, 100, 3 + 1 + 4), 3);
  payload.close();
});

test('raw: files larger than what is kept in memory are read in place, from any event on', async (t) => {
  const lines = Array.from({ length: 400_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 90)}\n`);
  const whole = Buffer.from(lines.join(''));
  t.true(whole.length > 16 << 20);
  const payload = await raw(await file(whole), await file('end'));
  t.is(payload.bytes(0, 400_001), whole.length + 4);
  t.true(bytes(payload, 0, 400_000).equals(whole));
  t.is(bytes(payload, 399_999, 3).toString(), `${lines[399_999]}end\n${lines[0]}`);
  t.is(bytes(payload, 400_001 * 5 + 77_777, 1).toString(), `${lines[77_777]}`);
  const start = payload.bytes(0, 123_456);
  t.is(payload.fitting(0, 1e9, start), 123_456);
  t.is(payload.fitting(0, 1e9, start - 1), 123_455);
  payload.close();
});

test('metrics: every row becomes an event named after its file, the number digit for digit', async (t) => {
  const path = join(dir, 'rds cpu.csv');
  await writeFile(
    path,
    'timestamp,value\r\n2014-02-14 14:30:00,1.7619999999999998\r\n2014-02-14 14:35:00,42\r\n',
  );
  const influx = (await plan({ kind: 'replay-metrics', files: [path], format: 'influx' })).start(
    1_700_000_000_000,
  );
  t.is(
    bytes(influx, 4, 2).toString(),
    'rds_cpu,runner=02,epoch=03 value=1.7619999999999998,seq=000000000004i 1700000000000000000\n' +
      'rds_cpu,runner=02,epoch=03 value=42,seq=000000000005i 1700000000000000000\n',
  );
  const json = (await plan({ kind: 'replay-metrics', files: [path], format: 'json' })).start(
    1_700_000_000_000,
  );
  t.deepEqual(JSON.parse(bytes(json, 1, 1).toString()), {
    name: 'rds_cpu.value',
    run: '2.3',
    seq: '000000000001',
    ts: 1_700_000_000_000,
    v: 42,
  });
});

test('what cannot be replayed is refused with the file, the line and the reason', async (t) => {
  const bad = await file('timestamp,value\n2014-02-14,1\n2014-02-14,many\n');
  const cases: readonly [EventContent, RegExp][] = [
    [
      { kind: 'replay-raw', files: [join(dir, 'missing')] },
      /cannot read the file to replay: ENOENT.*missing/,
    ],
    [{ kind: 'replay-raw', files: [await file('')] }, /nothing to replay/],
    [
      { kind: 'replay-metrics', files: [bad], format: 'json' },
      /:3: expected "timestamp,value" with a number/,
    ],
    [{ kind: 'replay-metrics', files: [await file('timestamp,value\n')], format: 'json' }, /no rows/],
  ];
  for (const [content, message] of cases) {
    await t.throwsAsync(plan(content), { instanceOf: SpecError, message });
  }
  const endless = await plan({ kind: 'replay-raw', files: [await file(Buffer.alloc(2 << 20, 'x'))] });
  t.throws(() => endless.start(0), { instanceOf: SpecError, message: /line 1 .* longer than/ });
});
