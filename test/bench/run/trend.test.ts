import test from 'ava';
import { trendOf } from '../../../bench/run/trend.ts';

const points = (count: number, y: (x: number) => number) =>
  Array.from({ length: count }, (_, index) => ({ x: index / 4, y: y(index / 4) }));

test('a straight line has its slope, and no error', (t) => {
  const trend = trendOf(points(12, (x) => 7 + 3 * x));
  t.true(Math.abs((trend?.slope ?? 0) - 3) < 1e-9);
  t.true((trend?.error ?? 1) < 1e-9);
});

test('what only swings has an error as wide as its slope, in whatever part of the swing the window ends', (t) => {
  for (let phase = 0; phase < 6.28; phase += 0.1) {
    const { slope, error } = trendOf(points(12, (x) => 50 + 20 * Math.sin(4 * x + phase))) ?? {
      slope: 9,
      error: 0,
    };
    t.true(Math.abs(slope) < 2 * error, `phase ${phase}: ${slope} of ${error}`);
  }
});

test('growth is seen through the swings, once it is larger', (t) => {
  const { slope, error } = trendOf(points(40, (x) => 20 * x + 10 * Math.sin(4 * x))) ?? {
    slope: 0,
    error: 1,
  };
  t.true(slope - 2 * error > 15, `${slope} of ${error}`);
});

test('two points say nothing', (t) => {
  t.is(trendOf(points(2, (x) => x)), null);
});
