// Replayed lines carry no identity: they are judged by order, and where that fails by count.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { VerifyError } from '../../../bench/verifier/errors.ts';
import { found, judged, type Sent, sent, temporaryDirectory } from './bed.ts';

const LINES = Array.from({ length: 1000 }, (_, i) => `2014-02-14 14:${i % 60}:00,${i * 1.7}\n`);
const EVENTS = 2500; // two and a half times the file

async function replay(t: ExecutionContext, lines = LINES, events = EVENTS): Promise<Sent> {
  const path = join(await temporaryDirectory(t), 'input.csv');
  await writeFile(path, lines.join(''));
  return sent(events, { content: { kind: 'replay-raw', files: [path] } });
}

interface Mutation {
  readonly name: string;
  readonly damage: (lines: readonly string[]) => readonly string[];
  readonly expected: Record<string, unknown>;
}
const MUTATIONS: readonly Mutation[] = [
  { name: 'nothing', damage: (l) => l, expected: { delivered: EVENTS } },
  { name: 'first lost', damage: (l) => l.slice(1), expected: { delivered: 2499, lost: '0' } },
  {
    name: 'middle lost',
    damage: (l) => l.toSpliced(1500, 20),
    expected: { delivered: 2480, lost: '1500-1519' },
  },
  { name: 'tail lost', damage: (l) => l.slice(0, 2400), expected: { delivered: 2400, lost: '2400-2499' } },
  { name: 'everything lost', damage: () => [], expected: { lost: '0-2499' } },
  {
    name: 'doubled range',
    damage: (l) => [...l.slice(0, 800), ...l.slice(700)],
    expected: { delivered: EVENTS, duplicated: '700-799' },
  },
  {
    name: 'last doubled',
    damage: (l) => [...l, ...l.slice(-1)],
    expected: { delivered: EVENTS, duplicated: '499' },
  },
  {
    name: 'swapped',
    damage: (l) => [...l.slice(0, 50), l[51] ?? '', l[50] ?? '', ...l.slice(52)],
    expected: { delivered: EVENTS, reordered: '50' },
  },
  {
    name: 'late range',
    damage: (l) => [...l.slice(0, 100), ...l.slice(300, 700), ...l.slice(100, 300), ...l.slice(700)],
    expected: { delivered: EVENTS, reordered: '100-299' },
  },
  {
    name: 'cut',
    damage: (l) => l.with(70, '2014-02-14 14\n'),
    expected: { delivered: 2499, lost: '70', torn: 1 },
  },
  {
    name: 'glued',
    damage: (l) => l.with(70, (l[70] ?? '').trimEnd()),
    expected: { delivered: 2498, lost: '70-71', torn: 1 },
  },
  {
    name: 'carriage return added',
    damage: (l) => l.with(70, (l[70] ?? '').replace('\n', '\r\n')),
    expected: { delivered: 2499, lost: '70', torn: 1 },
  },
  {
    name: 'final newline missing',
    damage: (l) => l.with(-1, (l.at(-1) ?? '').trimEnd()),
    expected: { delivered: 2499, lost: '2499', torn: 1 },
  },
  {
    name: 'foreign',
    damage: (l) => l.toSpliced(70, 0, 'hello world\n'),
    expected: { delivered: EVENTS, foreign: 1 },
  },
];

for (const { name, damage, expected } of MUTATIONS) {
  test(`raw: ${name}`, async (t) => {
    const { manifest, lines } = await replay(t);
    const verdict = await judged(t, [manifest], damage(lines).join(''));
    t.deepEqual(found(verdict), expected);
    t.is(verdict.expected, EVENTS);
    t.is(verdict.delivered + verdict.lost.events, EVENTS);
  });
}

test('raw: equal lines are told apart by their number only', async (t) => {
  const { manifest, lines } = await replay(t, ['same\n', 'same\n', 'other\n', '\n', 'other\r\n'], 12);
  t.deepEqual(found(await judged(t, [manifest], lines.join(''))), { delivered: 12 });
  const verdict = await judged(t, [manifest], lines.toSpliced(5, 1).join(''));
  t.is(verdict.lost.events, 1);
  t.deepEqual([verdict.delivered, verdict.torn, verdict.foreign, verdict.duplicated.events], [11, 0, 0, 0]);
});

test('raw: over many files, damage in two of them', async (t) => {
  const { manifest, lines } = await replay(t);
  const files = [lines.slice(0, 500), lines.slice(510, 1700), lines.slice(1700, 2400), lines.slice(2390)];
  const verdict = await judged(t, [manifest], ...files.map((part) => part.join('')));
  t.deepEqual(found(verdict), { delivered: 2490, lost: '500-509', duplicated: '390-399' });
});

test('raw: an input that changed since the run is named', async (t) => {
  const { manifest } = await replay(t);
  const [file = ''] = manifest.content.kind === 'replay-raw' ? manifest.content.files : [];
  await writeFile(file, 'something else\n');
  await t.throwsAsync(judged(t, [manifest], ''), {
    instanceOf: VerifyError,
    message: /input\.csv has changed/,
  });
});

test('raw: no other manifest beside it', async (t) => {
  const { manifest } = await replay(t);
  const other = await sent(10, { epoch: 2 });
  await t.throwsAsync(judged(t, [manifest, other.manifest], ''), { message: /must be the only one/ });
});
