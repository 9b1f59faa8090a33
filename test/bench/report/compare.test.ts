import test from 'ava';
import { refuseStrangers, renderComparison, worseFigures } from '../../../bench/report/compare.ts';
import type { Result } from '../../../bench/result.ts';
import { longNamesResult, losingResult, outageResult, passingResult } from './fixture.ts';

const FIRST = passingResult();

function row(text: string, name: string): string {
  return text.split('\n').find((line) => line.startsWith(`${name} `)) ?? `no row ${name}`;
}

function against(change: Partial<Result>): (name: string) => string {
  const text = renderComparison([FIRST, { ...FIRST, ...change }]);
  return (name) => row(text, name);
}

test('the same run twice shows no difference', (t) => {
  const text = renderComparison([FIRST, FIRST]);
  t.notRegex(text, /better|worse|warning/);
  t.regex(row(text, 'rate'), /9\.97 M\/min +9\.97 M\/min {2}no visible difference$/);
  t.regex(row(text, 'lost'), /0 +0 {2}same$/);
});

test('more is better for rates, less for costs', (t) => {
  t.regex(against({ ratePerMinute: FIRST.ratePerMinute * 1.2 })('rate'), /\+20 % better$/);
  t.regex(against({ ratePerMinute: FIRST.ratePerMinute * 0.8 })('rate'), /-20 % worse$/);
  t.regex(
    against({ cpuSecondsPerMillion: FIRST.cpuSecondsPerMillion * 0.5 })('CPU s/million'),
    /-50 % better$/,
  );
  t.regex(against({ rssBytesMax: FIRST.rssBytesMax * 3 })('RSS max'), /3x worse$/);
});

test('noise is not a difference', (t) => {
  t.regex(against({ ratePerMinute: FIRST.ratePerMinute * 1.049 })('rate'), /no visible difference$/);
  t.regex(against({ ratePerMinute: FIRST.ratePerMinute * 1.051 })('rate'), /\+5\.1 % better$/);
  const small = { ...FIRST, latencyMs: { p50: 1, p99: 3, p999: 3, max: 3 } };
  const text = renderComparison([small, { ...small, latencyMs: { p50: 3, p99: 6, p999: 3, max: 3 } }]);
  t.regex(row(text, 'latency p50'), /no visible difference$/, 'finer than arrivals were observed');
  t.regex(row(text, 'latency p99'), /2x worse$/);
});

test('one lost event is a difference', (t) => {
  const [a, ...others] = FIRST.destinations;
  if (a === undefined) return t.fail();
  const lost = { events: 1, ranges: [{ runner: 1, epoch: 1, first: 5, last: 5 }] };
  const worse = { ...FIRST, destinations: [{ ...a, lost }, ...others] };
  t.regex(row(renderComparison([FIRST, worse]), 'lost'), /1 {2}worse$/);
  t.regex(row(renderComparison([worse, FIRST]), 'lost'), /0 {2}better$/);
});

test('what makes a comparison unfair is said', (t) => {
  const text = renderComparison([FIRST, outageResult(), longNamesResult()]);
  t.regex(text, /warning: run 2 and run 1 differ in scenario: outage and throughput/);
  t.regex(text, /warning: run 3 and run 1 differ in durability: os and fsync/);
  t.regex(
    renderComparison([FIRST, { ...FIRST, verdict: 'invalid' }]),
    /warning: run 2 and run 1 cannot be compared/,
  );
  const other = { ...FIRST, machine: { ...FIRST.machine, cores: 64 } };
  t.regex(renderComparison([FIRST, other]), /differ in machine: .* 64 cores/);
});

test('columns stand under each other', (t) => {
  const text = renderComparison([FIRST, losingResult(), FIRST]);
  const rows = text.split('\n\n')[0]?.split('\n') ?? [];
  const at = (rows[0] ?? '').indexOf('run 3');
  for (const line of rows) t.regex(line.slice(at - 3), /^ {3}\S/, line);
});

test('figures that a run does not have are dashes', (t) => {
  t.regex(against({ latencyMs: null })('latency p99'), /88 ms +– {2}missing$/);
});

test('one result and none', (t) => {
  t.regex(row(renderComparison([FIRST]), 'rate'), /9\.97 M\/min$/);
  t.is(renderComparison([]), 'nothing to compare: no results were given\n');
});

test('what is worse is named, for an exit status', (t) => {
  t.deepEqual(worseFigures([FIRST, FIRST]), []);
  t.deepEqual(worseFigures([FIRST, { ...FIRST, ratePerMinute: FIRST.ratePerMinute * 2 }]), []);
  t.deepEqual(worseFigures([FIRST, FIRST, { ...FIRST, ratePerMinute: FIRST.ratePerMinute / 2 }]), [
    'run 3: rate',
  ]);
});

test('a verdict that got worse, an invalid run and a figure that is gone fail a comparison', (t) => {
  t.deepEqual(worseFigures([FIRST, { ...FIRST, verdict: 'fail' }]), ['run 2: verdict']);
  t.deepEqual(worseFigures([FIRST, { ...FIRST, verdict: 'invalid' }]), ['run 2: verdict']);
  const failing = { ...FIRST, verdict: 'fail' as const };
  t.deepEqual(worseFigures([failing, failing]), []);
  t.true(worseFigures([FIRST, { ...FIRST, latencyMs: null }]).includes('run 2: latency p99'));
});

test('on another machine speed and cost are not judged, a lost event is', (t) => {
  const other = {
    ...FIRST,
    machine: { ...FIRST.machine, cores: 64 },
    ratePerMinute: FIRST.ratePerMinute / 9,
  };
  t.regex(row(renderComparison([FIRST, other]), 'rate'), /another machine: not judged$/);
  t.deepEqual(worseFigures([FIRST, other]), []);
  const [a, ...others] = FIRST.destinations;
  if (a === undefined) return t.fail();
  const lost = { events: 1, ranges: [] };
  t.deepEqual(worseFigures([FIRST, { ...other, destinations: [{ ...a, lost }, ...others] }]), [
    'run 2: lost',
  ]);
});

test('runs of different scenarios are refused', (t) => {
  t.throws(() => refuseStrangers([FIRST, outageResult()]), {
    message: 'run 1 is of throughput, run 2 is of outage: only runs of one scenario can be compared',
  });
  t.notThrows(() => refuseStrangers([FIRST, FIRST]));
});
