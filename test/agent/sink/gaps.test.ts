// Gap lists against the plainest model there is: a set of numbers. One event a byte, so that marks are easy to make.

import test from 'ava';
import fc from 'fast-check';
import {
  countGaps,
  type DropReason,
  dropRange,
  type Gap,
  gapsFrom,
  nextGap,
  wantsAny,
} from '../../../agent/sink/gaps.ts';

const mark = (offset: number) => ({ offset, events: offset });
const gap = (from: number, to: number, reason: DropReason = 'dropOldest'): Gap => ({
  from: mark(from),
  to: mark(to),
  reason,
});

const range = fc
  .tuple(
    fc.nat(60),
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom<DropReason>('dropOldest', 'dropNewest', 'maxAge'),
  )
  .map(([from, size, reason]) => gap(from, from + size, reason));

function build(drops: readonly Gap[]): { gaps: readonly Gap[]; model: Map<number, DropReason> } {
  let gaps: readonly Gap[] = [];
  const model = new Map<number, DropReason>();
  for (const drop of drops) {
    gaps = dropRange(gaps, drop);
    for (let at = drop.from.offset; at < drop.to.offset; at++) if (!model.has(at)) model.set(at, drop.reason);
  }
  return { gaps, model };
}

test('a list of gaps holds what was dropped, each byte under its first reason, ascending and joined', (t) => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (drops) => {
      const { gaps, model } = build(drops);
      const listed = new Map<number, DropReason>();
      let last: Gap | null = null;
      for (const one of gaps) {
        t.true(one.from.offset < one.to.offset);
        if (last !== null) {
          t.true(one.from.offset >= last.to.offset);
          t.false(one.from.offset === last.to.offset && one.reason === last.reason, 'neighbours are joined');
        }
        for (let at = one.from.offset; at < one.to.offset; at++) listed.set(at, one.reason);
        last = one;
      }
      t.deepEqual([...listed].sort(), [...model].sort());
      const counted = Object.values(countGaps(gaps)).reduce((sum, { events }) => sum + events, 0);
      t.is(counted, model.size);
    }),
  );
});

test('wantsAny and nextGap agree with the model for every range', (t) => {
  fc.assert(
    fc.property(
      fc.array(range, { maxLength: 8 }),
      fc.nat(80),
      fc.integer({ min: 1, max: 30 }),
      (drops, from, size) => {
        const { gaps, model } = build(drops);
        const bytes = Array.from({ length: size }, (_, index) => from + index);
        t.is(
          wantsAny(gaps, from, from + size),
          bytes.some((at) => !model.has(at)),
        );
        const next = nextGap(gaps, from);
        const expected = [...model.keys()].filter((at) => at >= from);
        if (next === null) t.deepEqual(expected, []);
        else t.is(Math.max(next.from.offset, from), Math.min(...expected));
      },
    ),
  );
});

test('a position that moves on leaves only what lies ahead of it', (t) => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), fc.nat(80), (drops, position) => {
      const { gaps, model } = build(drops);
      const left = countGaps(gapsFrom(gaps, mark(position)));
      const events = Object.values(left).reduce((sum, counts) => sum + counts.events, 0);
      t.is(events, [...model.keys()].filter((at) => at >= position).length);
    }),
  );
});
