// Several runners and epochs in one destination, and random damage against a plain recount.

import test from 'ava';
import fc from 'fast-check';
import { VerifyError } from '../../../bench/verifier/errors.ts';
import { found, judged, sent } from './bed.ts';

const one = await sent(3000, { runner: 1 });
const two = await sent(3000, { runner: 2, content: { kind: 'synthetic', format: 'json' } });
const next = await sent(3000, { runner: 1, epoch: 2 });
const MANIFESTS = [one.manifest, two.manifest, next.manifest];

test('runners interleaved line by line', async (t) => {
  const lines = one.lines.flatMap((line, n) => [line, two.lines[n] ?? '', next.lines[n] ?? '']);
  t.deepEqual(found(await judged(t, MANIFESTS, lines.join(''))), { delivered: 9000 });
});

test('runners interleaved in bursts, one of them with a gap and a copy', async (t) => {
  const lines: string[] = [];
  for (let n = 0; n < 3000; n += 250) {
    lines.push(
      ...one.lines.slice(n, n + 250),
      ...two.lines.slice(n, n + 250),
      ...next.lines.slice(n, n + 250),
    );
    if (n === 500) lines.push(...two.lines.slice(n, n + 10));
  }
  const gone = lines.filter((line) => line !== two.lines[1777]);
  t.deepEqual(found(await judged(t, MANIFESTS, gone.join(''))), {
    delivered: 8999,
    lost: '2.1:1777',
    duplicated: '2.1:500-509',
  });
});

test('a whole runner lost', async (t) => {
  const text = one.lines.join('') + next.lines.join('');
  t.deepEqual(found(await judged(t, MANIFESTS, text)), { delivered: 6000, lost: '2.1:0-2999' });
});

test('a runner that no manifest knows is foreign, line by line', async (t) => {
  const text = one.lines.join('') + two.lines.join('');
  t.deepEqual(found(await judged(t, [one.manifest], text)), { delivered: 3000, foreign: 3000 });
});

test('a manifest that is not final is a lower bound', async (t) => {
  const manifest = { ...one.manifest, final: false, events: 1000 };
  const text = one.lines
    .slice(0, 1500)
    .filter((_, n) => n !== 1200)
    .join('');
  const verdict = await judged(t, [manifest], text);
  t.deepEqual(found(verdict), { delivered: 1499, lost: '1200' });
  t.is(verdict.expected, 1500);
  t.deepEqual(found(await judged(t, [manifest], '')), { lost: '0-999' });
});

test('two manifests of one runner and epoch are refused', async (t) => {
  await t.throwsAsync(judged(t, [one.manifest, one.manifest], ''), {
    instanceOf: VerifyError,
    message: /runner 1, epoch 1/,
  });
});

test('any order and choice of events is counted as a plain recount counts it', async (t) => {
  const run = await sent(400);
  const pick = fc.oneof(
    fc.record({ first: fc.nat(399), count: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ first: fc.nat(399), count: fc.constant(1) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(pick, { maxLength: 40 }), async (picks) => {
      const order = picks.flatMap(({ first, count }) =>
        Array.from({ length: Math.min(count, 400 - first) }, (_, i) => first + i),
      );
      const verdict = await judged(t, [run.manifest], order.map((n) => run.lines[n] ?? '').join(''));
      const seen = new Set<number>();
      let [duplicated, reordered, high] = [0, 0, -1];
      for (const n of order) {
        if (seen.has(n)) duplicated++;
        else if (n < high) reordered++;
        seen.add(n);
        high = Math.max(high, n);
      }
      t.like(verdict, {
        delivered: seen.size,
        torn: 0,
        foreign: 0,
        deliveredBytes: [...seen].reduce((sum, n) => sum + (run.lines[n]?.length ?? 0), 0),
      });
      t.is(verdict.lost.events, 400 - seen.size);
      t.is(verdict.duplicated.events, duplicated);
      t.is(verdict.reordered.events, reordered);
    }),
    { numRuns: 60 },
  );
});
