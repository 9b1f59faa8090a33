// Gap lists against the plainest model there is: a set of numbers. One event a byte, so that marks are easy to make.

import test from 'ava';
import fc from 'fast-check';
import type { DropReason } from '../../../agent/log/cursor-terms.ts';
import {
  addGap,
  announce,
  countGaps,
  type Gap,
  type GapReason,
  gapsWithin,
  isAnnounced,
  nextGap,
  splitAt,
  wantsAny,
  withoutDelivered,
} from '../../../agent/sink/gaps.ts';

const mark = (offset: number) => ({ offset, events: offset });
const gap = (from: number, to: number, reason: DropReason = 'dropOldest'): Gap => ({
  from: mark(from),
  to: mark(to),
  reason,
  announced: false,
});

const range = fc
  .tuple(
    fc.nat(60),
    fc.integer({ min: 1, max: 20 }),
    fc.constantFrom<DropReason>('dropOldest', 'dropNewest', 'maxAge'),
  )
  .map(([from, size, reason]) => gap(from, from + size, reason));

function build(drops: readonly Gap[]): { gaps: readonly Gap[]; model: Map<number, GapReason> } {
  let gaps: readonly Gap[] = [];
  const model = new Map<number, GapReason>();
  for (const drop of drops) {
    gaps = addGap(gaps, drop);
    for (let at = drop.from.offset; at < drop.to.offset; at++) if (!model.has(at)) model.set(at, drop.reason);
  }
  return { gaps, model };
}

test('a list of gaps holds what was dropped, each byte under its first reason, ascending and joined', (t) => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (drops) => {
      const { gaps, model } = build(drops);
      const listed = new Map<number, GapReason>();
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

test('a position that moves on takes off what was not announced and was delivered after all, and nothing else', (t) => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), fc.nat(80), fc.nat(80), (drops, told, position) => {
      const { gaps, model } = build(drops);
      const [first] = gaps;
      const announced =
        first === undefined
          ? gaps
          : announce(gaps, {
              from: first.from,
              to: mark(first.from.offset + 1 + (told % 5)),
              reason: 'damaged',
            });
      const before = Object.values(countGaps(announced)).reduce((sum, { events }) => sum + events, 0);
      t.true(before >= model.size, 'announcing takes nothing off');
      const left = withoutDelivered(announced, mark(position));
      for (const one of left) t.true(one.announced || one.from.offset >= position);
      const kept = announced.filter((one) => one.announced);
      t.deepEqual(
        left.filter((one) => one.announced),
        kept,
        'what was announced stays',
      );
    }),
  );
});

test('a range announced twice, or after the receiver went back, is counted once', (t) => {
  const lost = { from: mark(10), to: mark(20), reason: 'damaged' } as const;
  const once = announce([], lost);
  t.deepEqual(announce(once, lost), once);
  t.deepEqual(countGaps(splitAt(once, mark(14))), { damaged: { events: 10, bytes: 10 } });
});

test('what is announced of a range that was given up further on stays a gap when it is acknowledged', (t) => {
  const gaps = announce([gap(10, 30)], { from: mark(10), to: mark(20), reason: 'damaged' });
  t.true(isAnnounced(gaps, gap(10, 20)));
  t.false(isAnnounced(gaps, gap(20, 30)));
  t.deepEqual(countGaps(withoutDelivered(gaps, mark(20))), { dropOldest: { events: 20, bytes: 20 } });
});

test("gaps beyond a log's end are cut at it: one behind it would swallow what is yet to come", (t) => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), fc.nat(90), (drops, end) => {
      const { gaps, model } = build(drops);
      const left = new Set<number>();
      for (const one of gapsWithin(gaps, mark(end))) {
        t.true(one.from.offset < one.to.offset && one.to.offset <= end);
        t.is(one.to.events, one.to.offset, 'the events go with the offset');
        for (let at = one.from.offset; at < one.to.offset; at++) left.add(at);
      }
      t.deepEqual([...left].sort(), [...model.keys()].filter((at) => at < end).sort());
    }),
  );
});

test('a range was announced only where all of it was', (t) => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), range, (told, asked) => {
      const announced = new Set<number>();
      let gaps: readonly Gap[] = [gap(0, 5), gap(30, 40)];
      for (const one of told) {
        gaps = announce(gaps, one);
        for (let at = one.from.offset; at < one.to.offset; at++) announced.add(at);
      }
      let all = true;
      for (let at = asked.from.offset; at < asked.to.offset; at++) all &&= announced.has(at);
      t.is(isAnnounced(gaps, asked), all);
    }),
  );
});
