import test from 'ava';
import {
  formatBytes,
  formatBytesPerSecond,
  formatCores,
  formatCount,
  formatDuration,
  formatElapsed,
  formatEvents,
  formatMs,
  formatOr,
  formatPercent,
  formatPerMinute,
  formatPerSecond,
  plural,
} from '../../../bench/report/format.ts';

type Row = readonly [value: number, text: string];

function check(name: string, format: (value: number) => string, rows: readonly Row[]): void {
  test(name, (t) => {
    for (const [value, text] of rows) t.is(format(value), text, `of ${value}`);
    t.is(format(Number.NaN), '–');
    t.is(format(Number.POSITIVE_INFINITY), '–');
  });
}

check('events keep three digits and change unit where they would show four', formatEvents, [
  [0, '0'],
  [1, '1'],
  [999, '999'],
  [999.4, '999'],
  [999.5, '1.00 k'],
  [1000, '1.00 k'],
  [9994, '9.99 k'],
  [9995, '10.0 k'],
  [99_949, '99.9 k'],
  [99_950, '100 k'],
  [999_499, '999 k'],
  [999_500, '1.00 M'],
  [10_000_000, '10.0 M'],
  [2e15, '2000 T'],
  [-1500, '-1.50 k'],
  [0.5, '0.50'],
  [0.001, '<0.01'],
]);

check('bytes are decimal', formatBytes, [
  [0, '0 B'],
  [110, '110 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [1_048_576, '1.05 MB'],
  [64 * 1024 * 1024, '67.1 MB'],
  [1e9, '1.00 GB'],
  [5e18, '5000 PB'],
]);

check('bytes per second', formatBytesPerSecond, [
  [18_333_333, '18.3 MB/s'],
  [999_999, '1.00 MB/s'],
]);

check('events per minute', formatPerMinute, [
  [0, '0/min'],
  [10_000_000, '10.0 M/min'],
  [240e6, '240 M/min'],
]);

check('events per second', formatPerSecond, [
  [0, '0/s'],
  [999, '999/s'],
  [166_667, '167 k/s'],
  [7.3e6, '7.30 M/s'],
]);

check('latency', formatMs, [
  [0, '0 ms'],
  [0.42, '0.42 ms'],
  [0.0001, '<0.01 ms'],
  [21, '21 ms'],
  [21.46, '21.5 ms'],
  [999.4, '999 ms'],
  [999.5, '1.00 s'],
  [20_000, '20.0 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min'],
  [65_000, '1 min 5 s'],
]);

check('duration', formatDuration, [
  [0, '0 ms'],
  [340.4, '340 ms'],
  [999.5, '1 s'],
  [20_000, '20 s'],
  [24_600, '24.6 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min'],
  [119_700, '2 min'],
  [125_000, '2 min 5 s'],
  [3_599_600, '1 h'],
  [3_720_000, '1 h 2 min'],
  [86_399_000, '1 d'],
  [93_600_000, '1 d 2 h'],
  [-5000, '-5 s'],
]);

check('elapsed time', formatElapsed, [
  [0, '0:00'],
  [5, '0:05'],
  [59.6, '1:00'],
  [3599, '59:59'],
  [3725, '1:02:05'],
  [-2, '-0:02'],
  [-0.2, '0:00'],
]);

check('cores', formatCores, [
  [0, '0.00'],
  [0.041, '0.041'],
  [0.0999, '0.10'],
  [0.32, '0.32'],
  [9.994, '9.99'],
  [12.345, '12.3'],
  [215.4, '215'],
]);

check('percent', formatPercent, [
  [0, '0 %'],
  [0.3, '0.3 %'],
  [5, '5 %'],
  [9.94, '9.9 %'],
  [9.95, '10 %'],
  [100, '100 %'],
]);

check('counts are whole and grouped', formatCount, [
  [0, '0'],
  [1234.6, '1,235'],
  [12_345_678, '12,345,678'],
]);

test('plural', (t) => {
  t.is(plural(0, 'event'), '0 events');
  t.is(plural(1, 'event'), '1 event');
  t.is(plural(10_000, 'event'), '10,000 events');
});

test('a figure that a run does not have is a dash', (t) => {
  t.is(formatOr(null, formatMs), '–');
  t.is(formatOr(undefined, formatMs), '–');
  t.is(formatOr(0, formatMs), '0 ms');
});
