import test from 'ava';
import { differ, summarise, visibleShare } from '../../../bench/compare/statistics.ts';
import { seededRandom } from '../../../bench/generator/random.ts';

test('of five runs the interval is their range, of one run it is the run', (t) => {
  t.deepEqual(summarise([3, 1, 2, 5, 4]), { runs: 5, median: 3, low: 1, high: 5, erratic: true });
  t.deepEqual(summarise([7]), { runs: 1, median: 7, low: 7, high: 7, erratic: false });
  t.throws(() => summarise([]), { instanceOf: RangeError });
});

test('of nine runs the outermost are left out, of fifteen three at each end', (t) => {
  const of = (runs: number) => summarise(Array.from({ length: runs }, (_, index) => 100 + index));
  t.deepEqual([of(9).low, of(9).high], [101, 107]);
  t.deepEqual([of(15).low, of(15).high], [103, 111]);
});

test('the interval holds the median of what was drawn at least as often as it says', (t) => {
  let held = 0;
  const draws = 2000;
  const next = seededRandom(1);
  for (let draw = 0; draw < draws; draw++) {
    const { low, high } = summarise(Array.from({ length: 9 }, next));
    if (low <= 0.5 && high >= 0.5) held += 1;
  }
  t.true(held / draws > 0.93, `${held} of ${draws}`);
});

test('runs that differ from their median by more than a fifth are erratic', (t) => {
  t.false(summarise([100, 110, 119, 101, 99]).erratic);
  t.true(summarise([100, 100, 100, 100, 125]).erratic);
});

test('a difference shows only where the intervals do not meet, and never with one run', (t) => {
  const [slow, fast] = [summarise([10, 11, 12, 10, 11]), summarise([13, 14, 15, 14, 13])];
  t.true(differ(slow, fast));
  t.false(differ(slow, summarise([12, 13, 14, 12, 13])));
  t.is(differ(summarise([1]), summarise([100])), null);
  t.is(visibleShare(summarise([1]), fast), null);
  t.true((visibleShare(slow, fast) ?? 0) > 0);
});
