// Which part of a line is its key, for each format; and that no line, however malformed, is anything but keyless.

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { KeyConfig } from '../../../../agent/config/cluster.ts';
import { KEYLESS_SLOT, KeyReader } from '../../../../agent/sink/cluster/key.ts';
import { hashOf } from '../../../../agent/sink/cluster/key-hash.ts';

function hashOfText(text: string, seed = 0): number {
  const bytes = Buffer.from(text);
  return hashOf(bytes, 0, bytes.length, seed);
}

function slotsOf(config: KeyConfig, lines: readonly string[]): number[] {
  const { events, slots } = new KeyReader(config).read(
    Buffer.from(lines.map((line) => `${line}\n`).join('')),
  );
  return [...slots.subarray(0, events)];
}

/** Asserts that the key of each line is the text beside it; null: it has none. */
function keysAre(t: ExecutionContext, config: KeyConfig, lines: Readonly<Record<string, string | null>>) {
  const expected = Object.values(lines).map((key) => (key === null ? KEYLESS_SLOT : hashOfText(key) >>> 24));
  t.deepEqual(slotsOf(config, Object.keys(lines)), expected);
  const keyed = expected.filter((_, index) => Object.values(lines)[index] !== null);
  t.false(keyed.includes(KEYLESS_SLOT), 'choose another example: this key happens to have the slot of none');
}

test('the hash is MurmurHash3 as its author gives it, from any place in a buffer', (t) => {
  const known: readonly (readonly [string, number, number])[] = [
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ];
  for (const [text, seed, hash] of known) {
    t.is(hashOfText(text, seed), hash, text);
    const within = Buffer.from(`xyz${text}abc`);
    t.is(hashOf(within, 3, 3 + text.length, seed), hash, text);
  }
});

test('influx: measurement and tags, up to the first space that is not escaped', (t) => {
  keysAre(
    t,
    { format: 'influx' },
    {
      'cpu,host=a,region=eu usage=1.5 1700000000000000000': 'cpu,host=a,region=eu',
      'cpu usage=1': 'cpu',
      'disk\\ free,path=C:\\ D used=1 5': 'disk\\ free,path=C:\\ D',
      'cpu,host="a b=1': 'cpu,host="a',
      '# a comment = 1': null,
      'cpu,host=a': null,
      '': null,
      ' cpu=1': null,
      ',host=a b=1': null,
    },
  );
});

test('influx: the value of a tag, or else of a field', (t) => {
  keysAre(
    t,
    { format: 'influx', field: 'host' },
    {
      'cpu,host=a,region=eu usage=1': 'a',
      'cpu,region=eu,host=b\\,c usage=1,host="field"': 'b\\,c',
      'cpu,xhost=1,hostx=2 host="x, y",usage=1 17': '"x, y"',
      'cpu usage="host=no \\" ,host=no",host=7i': '7i',
      'cpu,region=eu usage=1': null,
      'host=a': null,
      '#,host=a b=1': null,
    },
  );
});

test('graphite: path and tags, or the value of a tag', (t) => {
  keysAre(
    t,
    { format: 'graphite' },
    {
      'servers.web1.cpu 42.5 1700000000': 'servers.web1.cpu',
      'cpu;host=a;region=eu\t1 2': 'cpu;host=a;region=eu',
      'cpu;host=a': null,
      ' 1 2': null,
      '': null,
    },
  );
  keysAre(
    t,
    { format: 'graphite', field: 'host' },
    {
      'cpu;region=eu;host=a 1 2': 'a',
      'cpu;host=web-1;region=eu 1 2': 'web-1',
      'cpu;hosts=a 1 host=2': null,
      'host=a 1 2': null,
      'cpu;host=a': null,
    },
  );
});

test('json: a top-level member, as it is written', (t) => {
  keysAre(
    t,
    { format: 'json', field: 'host' },
    {
      '{"host":"a","v":1}': '"a"',
      ' { "v" : {"host":"no","x":[1,"}"]} , "host" : "b\\"c" }\r': '"b\\"c"',
      '{"v":"\\"host\\":1","host":17}': '17',
      '{"host":{"a":[1,2]},"v': '{"a":[1,2]}',
      '{"v":[{"host":1}]}': null,
      '{"host":"a': null,
      '{"host":': null,
      '{"v":1 "host":2}': null,
      '{}': null,
      '["host",1]': null,
      '': null,
      null: null,
    },
  );
});

test('json: name and tags, in either order, or the name alone; what is behind them is not read', (t) => {
  const slots = slotsOf({ format: 'json' }, [
    '{"name":"cpu","tags":{"host":"a"},"v":1}',
    '{"tags":{"host":"a"},"v":2,"name":"cpu"}',
    '{"name":"cpu","tags":{"host":"a"},malformed',
    '{"name":"cpu","tags":{"host":"b"},"v":1}',
    '{"v":3,"name":"cpu"}',
    '{"tags":{"host":"a"},"v":1}',
    '{"name":"cpu","v":1',
  ]);
  t.is(slots[1], slots[0]);
  t.is(slots[2], slots[0]);
  t.not(slots[3], slots[0]);
  t.is(slots[4], hashOfText('"cpu"') >>> 24);
  t.deepEqual(slots.slice(5), [KEYLESS_SLOT, KEYLESS_SLOT]);
});

test('json: what JSON.stringify writes is read back, whatever stands beside it', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (value, others) => {
      const { host: _, ...rest } = others;
      const line = JSON.stringify({ ...rest, host: value });
      t.is(slotsOf({ format: 'json', field: 'host' }, [line])[0], hashOfText(JSON.stringify(value)) >>> 24);
    }),
  );
});

const CONFIGS: readonly KeyConfig[] = [
  { format: 'influx' },
  { format: 'influx', field: 'host' },
  { format: 'graphite' },
  { format: 'graphite', field: 'host' },
  { format: 'json' },
  { format: 'json', field: 'host' },
];

test('a line has the same slot whatever stands before and behind it', (t) => {
  const line = fc
    .oneof(
      fc.stringMatching(/^[a-z#",;:={}\\[\] \t]{0,40}$/),
      fc.constantFrom('cpu,host=a v=1', 'cpu;host=a 1 2', '{"name":"cpu","host":"a","tags":{}}'),
    )
    .map((text) => text.replaceAll('\n', ''));
  fc.assert(
    fc.property(fc.constantFrom(...CONFIGS), fc.array(line, { maxLength: 12 }), (config, lines) => {
      const alone = lines.map((text) => slotsOf(config, [text])[0] ?? -1);
      t.deepEqual(slotsOf(config, lines), alone);
    }),
  );
});

test('any bytes: as many slots as newlines, each event with its end', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CONFIGS),
      fc.array(fc.oneof(fc.nat(255), fc.constantFrom(10, 32, 34, 92, 123, 125)), { maxLength: 300 }),
      (config, raw) => {
        const bytes = Buffer.from([...raw, 10]);
        const { events, ends } = new KeyReader(config).read(bytes);
        const newlines = [...bytes.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1);
        t.deepEqual([...ends.subarray(0, events)], newlines);
      },
    ),
  );
});

test('more events than ever before, and then fewer: the arrays grow and nothing old is seen', (t) => {
  const reader = new KeyReader({ format: 'influx' });
  const line = 'cpu,host=a v=1\n';
  for (const events of [3, 5_000, 2]) {
    const read = reader.read(Buffer.from(line.repeat(events)));
    t.is(read.events, events);
    t.is(read.ends[events - 1], events * line.length);
    t.true(read.slots.subarray(0, events).every((slot) => slot === hashOfText('cpu,host=a') >>> 24));
  }
});

test('series of one fleet are spread over the slots: no slot has more than three times its even part', (t) => {
  const lines = Array.from({ length: 25_600 }, (_, n) => `cpu,host=web-${n % 6_400},core=${n >> 8} v=1`);
  const counts = new Array<number>(256).fill(0);
  for (const slot of slotsOf({ format: 'influx' }, lines)) counts[slot] = (counts[slot] ?? 0) + 1;
  t.true(
    Math.max(...counts) < 300 && Math.min(...counts) > 33,
    `${Math.min(...counts)} ${Math.max(...counts)}`,
  );
});
