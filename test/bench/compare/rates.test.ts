import test from 'ava';
import { RateBook } from '../../../bench/compare/rates.ts';
import { parseRate, type Rate } from '../../../bench/scenario-units.ts';
import { column } from './fixture.ts';

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
  t.is(rates.guess(column('one')), 50e6);
  rates.sustained(column('one'), 40e6);
  t.is(rates.guess(column('one')), 40e6);
});
