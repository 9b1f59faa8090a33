import test from 'ava';
import fc from 'fast-check';
import { SequenceSet } from '../../../bench/verifier/sequences.ts';

type Range = readonly [first: number, end: number];

function add(set: SequenceSet, first: number, end: number): { fresh: Range[]; known: Range[] } {
  const fresh: Range[] = [];
  const known: Range[] = [];
  set.add(
    first,
    end,
    (from, to) => fresh.push([from, to]),
    (from, to) => known.push([from, to]),
  );
  return { fresh, known };
}

function missing(set: SequenceSet, limit: number): Range[] {
  const gaps: Range[] = [];
  set.missing(limit, (from, to) => gaps.push([from, to]));
  return gaps;
}

const members = (ranges: readonly Range[]): number[] =>
  ranges.flatMap(([first, end]) => Array.from({ length: end - first }, (_, i) => first + i));

test('ranges that grow over page ends', (t) => {
  const set = new SequenceSet();
  t.deepEqual(members(add(set, 0, 200_000).fresh).length, 200_000);
  t.deepEqual(missing(set, 200_000), []);
  t.deepEqual(missing(set, 200_005), [[200_000, 200_005]]);
  t.deepEqual(add(set, 65_530, 65_540), {
    fresh: [],
    known: [
      [65_530, 65_536],
      [65_536, 65_540],
    ],
  });
});

test('a hole over a page end is one gap', (t) => {
  const set = new SequenceSet();
  add(set, 0, 65_000);
  add(set, 140_000, 150_000);
  t.deepEqual(missing(set, 150_000), [[65_000, 140_000]]);
  t.deepEqual(missing(set, 100_000), [[65_000, 100_000]]);
  t.deepEqual(missing(set, 60_000), []);
});

test('it behaves as a plain set', (t) => {
  const range = fc.tuple(fc.integer({ min: 65_300, max: 65_800 }), fc.integer({ min: 1, max: 120 }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
      const set = new SequenceSet();
      const plain = new Set<number>();
      for (const [first, count] of ranges) {
        const { fresh, known } = add(set, first, first + count);
        const all = members([[first, first + count]]);
        t.deepEqual(
          members(fresh),
          all.filter((n) => !plain.has(n)),
        );
        t.deepEqual(
          members(known),
          all.filter((n) => plain.has(n)),
        );
        for (const n of all) plain.add(n);
      }
      t.is(set.size, plain.size);
      t.deepEqual(
        members(missing(set, 66_000)),
        members([[0, 66_000]]).filter((n) => !plain.has(n)),
      );
    }),
    { numRuns: 40 },
  );
});
