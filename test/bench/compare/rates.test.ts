import test from 'ava';
import { held } from '../../../bench/compare/execute.ts';
import { RateBook } from '../../../bench/compare/rates.ts';
import { withOverrides } from '../../../bench/run/plan.ts';
import { parseRate, type Rate } from '../../../bench/scenario-units.ts';
import { passingResult } from '../report/fixture.ts';
import { column, comparison } from './fixture.ts';

const perMinute = (rate: Rate) => (rate.kind === 'schedule' ? Math.round(rate.eventsPerSecond * 60) : 0);
const wanted = parseRate('10M/min') as Rate;

test('faults happen at the lesser of the scenario and half of what the tool sustains', (t) => {
  const rates = new RateBook();
  const [slow, fast] = [column('slow'), column('fast')];
  rates.sustained(slow, 3e6);
  rates.sustained(fast, 90e6);
  t.is(perMinute(rates.fault(slow, wanted)), 1.5e6);
  t.is(perMinute(rates.fault(fast, wanted)), 10e6);
  t.is(perMinute(rates.fault(column('unknown'), wanted)), 1e6);
});

test('the common rate is below the slowest; what is not known has no say', (t) => {
  const rates = new RateBook();
  const columns = [column('slow'), column('fast'), column('unknown')];
  t.is(perMinute(rates.common(columns)), 1e6);
  rates.sustained(column('slow'), 3e6);
  rates.sustained(column('slow'), 4e6);
  rates.sustained(column('slow'), 3.5e6);
  rates.sustained(column('fast'), 90e6);
  t.is(perMinute(rates.common(columns)), 2.8e6);
});

test('a search begins at what is known of the tool', (t) => {
  const rates = new RateBook();
  t.is(rates.guess(column('one')), null);
  rates.flooded(column('one'), 50e6);
  t.is(rates.guess(column('one')), 37.5e6);
  rates.sustained(column('one'), 40e6);
  t.is(rates.guess(column('one')), 40e6);
});

test('a rate whose backlog grows is not held, although all arrives in the end', (t) => {
  const calm = passingResult();
  t.is(held(calm).verdict, 'pass');
  const { timeMs } = calm.series;
  const rising = calm.series.backlogBytes.map((each) => ({
    ...each,
    values: timeMs.map((_, index) => index * 50e6),
  }));
  const late = held({ ...calm, series: { ...calm.series, backlogBytes: rising } });
  t.is(late.verdict, 'fail');
  t.regex(late.failures[0] ?? '', /is not held: the backlog at .* grows by/);
});

test('a buffer keeps its size at a smaller load, unless a fault is to bring it to its cap', async (t) => {
  const { rows } = await comparison();
  const capAt = (name: string, loadShare: number) => {
    const row = rows.find((each) => each.name === name);
    return row === undefined ? null : withOverrides(row.file, { loadShare }).log.cap / 2 ** 20;
  };
  t.deepEqual(
    ['backpressure', 'cut', 'slow-link', 'crash-sender', 'disk-full', 'fan-out'].map((name) =>
      capAt(name, 0.1),
    ),
    [1024, 1024, 1024, 1024, 1024, 1024],
  );
  t.is(Math.round(capAt('cap', 0.1) ?? 0), 19);
});
