// The verifier is itself tested with known faults: every mutation of a clean destination must be reported exactly,
// and nothing else.

import test from 'ava';
import type { Format } from '../../../bench/generator/spec.ts';
import { found, judged, type Sent, sent } from './bed.ts';

const EVENTS = 10_000;
const FORMATS: readonly Format[] = ['influx', 'graphite', 'json'];
const RUNS = new Map<Format, Sent>();
for (const format of FORMATS)
  RUNS.set(format, await sent(EVENTS, { content: { kind: 'synthetic', format } }));

type Lines = readonly string[];
interface Mutation {
  readonly name: string;
  /** The files' texts after the mutation. */
  readonly damage: (lines: Lines) => readonly string[];
  readonly expected: Record<string, unknown>;
}

const text = (...parts: readonly (Lines | string)[]): string =>
  parts.map((part) => (typeof part === 'string' ? part : part.join(''))).join('');
const at = (lines: Lines, n: number): string => lines[n] ?? '';
/** The first half of an event, without a newline. */
const head = (line: string): string => line.slice(0, line.length >> 1);
const tail = (line: string): string => line.slice(line.length >> 1);

const MUTATIONS: readonly Mutation[] = [
  { name: 'nothing', damage: (l) => [text(l)], expected: { delivered: EVENTS } },
  {
    name: 'rolled into files',
    damage: (l) => [text(l.slice(0, 3333)), '', text(l.slice(3333))],
    expected: { delivered: EVENTS },
  },
  {
    name: 'the first event lost',
    damage: (l) => [text(l.slice(1))],
    expected: { delivered: 9999, lost: '0' },
  },
  {
    name: 'one in the middle lost',
    damage: (l) => [text(l.slice(0, 5000), l.slice(5001))],
    expected: { delivered: 9999, lost: '5000' },
  },
  {
    name: 'the last event lost',
    damage: (l) => [text(l.slice(0, -1))],
    expected: { delivered: 9999, lost: '9999' },
  },
  {
    name: 'the tail lost',
    damage: (l) => [text(l.slice(0, 4001))],
    expected: { delivered: 4001, lost: '4001-9999' },
  },
  { name: 'everything lost', damage: () => [''], expected: { lost: '0-9999' } },
  {
    name: 'several gaps',
    damage: (l) => [text(l.slice(0, 10), l.slice(20, 4095), l.slice(4097, 8000), l.slice(8001))],
    expected: { delivered: 9987, lost: '10-19 4095-4096 8000' },
  },
  {
    name: 'one event doubled',
    damage: (l) => [text(l.slice(0, 78), l.slice(77))],
    expected: { delivered: EVENTS, duplicated: '77' },
  },
  {
    name: 'the last event doubled',
    damage: (l) => [text(l, at(l, 9999))],
    expected: { delivered: EVENTS, duplicated: '9999' },
  },
  {
    name: 'a resent range',
    damage: (l) => [text(l.slice(0, 6000), l.slice(2000))],
    expected: { delivered: EVENTS, duplicated: '2000-5999' },
  },
  {
    name: 'the whole file twice',
    damage: (l) => [text(l), text(l)],
    expected: { delivered: EVENTS, duplicated: '0-9999' },
  },
  {
    name: 'lost and doubled',
    damage: (l) => [text(l.slice(0, 100), l.slice(150, 300), l.slice(250))],
    expected: { delivered: 9950, lost: '100-149', duplicated: '250-299' },
  },
  {
    name: 'two neighbours swapped',
    damage: (l) => [text(l.slice(0, 50), at(l, 51), at(l, 50), l.slice(52))],
    expected: { delivered: EVENTS, reordered: '50' },
  },
  {
    name: 'a range that came late',
    damage: (l) => [text(l.slice(0, 1000), l.slice(3000, 7000), l.slice(1000, 3000), l.slice(7000))],
    expected: { delivered: EVENTS, reordered: '1000-2999' },
  },
  {
    name: 'files in the wrong order',
    damage: (l) => [text(l.slice(5000)), text(l.slice(0, 5000))],
    expected: { delivered: EVENTS, reordered: '0-4999' },
  },
  {
    name: 'a late range, part of it for the second time',
    damage: (l) => [text(l.slice(0, 1000), l.slice(2000, 3000), l.slice(900, 2100), l.slice(3000))],
    expected: { delivered: EVENTS, reordered: '1000-1999', duplicated: '900-999 2000-2099' },
  },
  {
    name: 'one event cut short',
    damage: (l) => [text(l.slice(0, 70), head(at(l, 70)), '\n', l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 1 },
  },
  {
    name: 'one event without its beginning',
    damage: (l) => [text(l.slice(0, 70), tail(at(l, 70)), l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 1 },
  },
  {
    name: 'one event broken in two',
    damage: (l) => [text(l.slice(0, 70), head(at(l, 70)), '\n', tail(at(l, 70)), l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 2 },
  },
  {
    name: 'an event broken near its end',
    damage: (l) => [text(l.slice(0, 70), at(l, 70).slice(0, -4), '\n', at(l, 70).slice(-4), l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 2 },
  },
  {
    name: 'an event broken near its beginning',
    damage: (l) => [text(l.slice(0, 70), at(l, 70).slice(0, 3), '\n', at(l, 70).slice(3), l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 2 },
  },
  {
    name: 'a newline lost, two events glued',
    damage: (l) => [text(l.slice(0, 70), at(l, 70).trimEnd(), l.slice(71))],
    expected: { delivered: 9998, lost: '70-71', torn: 1 },
  },
  {
    name: 'half an event glued to another',
    damage: (l) => [text(l.slice(0, 70), head(at(l, 70)), l.slice(71))],
    expected: { delivered: 9998, lost: '70-71', torn: 1 },
  },
  {
    name: 'one byte of a value altered',
    damage: (l) => [text(l.slice(0, 70), at(l, 70).replace(/\.\d\d(?=[ ,}])/, '.x0'), l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 1 },
  },
  {
    name: 'a sequence altered into another',
    damage: (l) => [text(l.slice(0, 70), at(l, 70).replace('000000000070', '000000000170'), l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 1 },
  },
  {
    name: 'a carriage return added',
    damage: (l) => [text(l.slice(0, 70), at(l, 70).replace('\n', '\r\n'), l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 1 },
  },
  {
    name: 'the final newline missing',
    damage: (l) => [text(l).slice(0, -1)],
    expected: { delivered: 9999, lost: '9999', torn: 1 },
  },
  {
    name: 'an event spread over two files',
    damage: (l) => [text(l.slice(0, 70), head(at(l, 70))), text(tail(at(l, 70)), l.slice(71))],
    expected: { delivered: 9999, lost: '70', torn: 2 },
  },
  {
    name: 'foreign lines',
    damage: (l) => ['# opened\n', text(l.slice(0, 70), 'hello\n', l.slice(70)), 'unfinished'],
    expected: { delivered: EVENTS, foreign: 3 },
  },
  {
    name: 'empty lines',
    damage: (l) => [text(l.slice(0, 70), '\n\n', l.slice(70))],
    expected: { delivered: EVENTS, foreign: 2 },
  },
  {
    name: 'binary bytes and a line longer than any buffer',
    damage: (l) => [text(l.slice(0, 70), '\x00\xff\xfe\n', 'z'.repeat(9_000_000), '\n', l.slice(70))],
    expected: { delivered: EVENTS, foreign: 2 },
  },
  {
    name: 'an event beyond what was sent',
    damage: (l) => [text(l, at(l, 9999).replace('000000009999', '000000010000'))],
    expected: { delivered: EVENTS, foreign: 1 },
  },
];

for (const format of FORMATS) {
  for (const { name, damage, expected } of MUTATIONS) {
    test(`${format}: ${name}`, async (t) => {
      const { manifest, lines } = RUNS.get(format) ?? (await sent(EVENTS));
      const verdict = await judged(t, [manifest], ...damage(lines));
      t.deepEqual(found(verdict), expected);
      t.is(verdict.expected, EVENTS);
      t.is(verdict.delivered + verdict.lost.events, EVENTS);
    });
  }
}

test('evidence names file, offset and the line', async (t) => {
  const { manifest, lines } = await sent(100);
  const verdict = await judged(t, [manifest], text(lines.slice(0, 3), 'who is this?\n', lines.slice(3)));
  const [evidence] = verdict.foreignExamples;
  t.regex(evidence?.file ?? '', /events-000001\.log$/);
  t.is(evidence?.offset, text(lines.slice(0, 3)).length);
  t.is(evidence?.text, '"who is this?"');
});

test('what stands before an offset belongs to an earlier run', async (t) => {
  const { verify } = await import('../../../bench/verifier/verify.ts');
  const { eventFiles } = await import('./bed.ts');
  const earlier = await sent(500, { epoch: 1 });
  const { manifest, lines } = await sent(500, { epoch: 2 });
  const before = text(earlier.lines);
  const [path = ''] = await eventFiles(t, before + text(lines));
  const verdict = await verify({
    name: 'a',
    manifests: [manifest],
    eventFiles: [{ path, from: before.length }],
  });
  t.deepEqual(found(verdict), { delivered: 500 });
  t.is(verdict.bytes, text(lines).length);
});
