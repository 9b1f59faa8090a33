import test from 'ava';
import { parseBytes, parseCount, parseDurationMs, parseRate } from '../../../bench/scenario-units.ts';

test('rates are events per second', (t) => {
  t.like(parseRate('10M/min'), { kind: 'schedule', eventsPerSecond: 10e6 / 60, text: '10M/min' });
  t.like(parseRate('200k/s'), { kind: 'schedule', eventsPerSecond: 200_000 });
  t.like(parseRate('1.5M/min'), { kind: 'schedule', eventsPerSecond: 25_000 });
  t.deepEqual(parseRate('max'), { kind: 'max', text: 'max' });
  t.deepEqual(parseRate('flood'), { kind: 'flood', text: 'flood' });
});

for (const wrong of ['', '10M', '10M/fortnight', '-1/s', '0/s', 'ten/s', '10 M/min', 'MAX']) {
  test(`not a rate: '${wrong}'`, (t) => {
    t.is(parseRate(wrong), null);
  });
}

test('durations, sizes and counts carry their unit', (t) => {
  t.is(parseDurationMs('60s'), 60_000);
  t.is(parseDurationMs('2m'), 120_000);
  t.is(parseDurationMs('500ms'), 500);
  t.is(parseDurationMs('60'), null);
  t.is(parseBytes('64MiB'), 64 * 2 ** 20);
  t.is(parseBytes('1GB'), 1e9);
  t.is(parseBytes('64mib'), null);
  t.is(parseCount('20M'), 20e6);
  t.is(parseCount('1.5'), null);
});
