import test from 'ava';
import {
  directoryRateBytes,
  meanRateBytes,
  totalsOf,
  verdictSentence,
} from '../../../bench/report/totals.ts';
import { losingResult, passingResult, START_MS } from './fixture.ts';

test('damage is summed over destinations', (t) => {
  t.deepEqual(totalsOf(losingResult()), {
    lost: 13_512,
    duplicated: 1600,
    reordered: 100,
    torn: 3,
    foreign: 1,
  });
});

test('a pass says what arrived where', (t) => {
  t.is(
    verdictSentence(passingResult({ fanOut: [] })).replace(/the last .*/, ''),
    '10,000,000 events sent in 1 min arrived at the destination, each once, intact and in order; ',
  );
  const allowed = { ...losingResult(), verdict: 'pass' as const };
  t.regex(verdictSentence(allowed), /within what the scenario allows/);
});

test('a fail counts its failures', (t) => {
  t.regex(verdictSentence(losingResult()), /^3 checks failed\./);
  t.regex(verdictSentence({ ...losingResult(), failures: ['x'] }), /^1 check failed\./);
});

test('the mean rate counts until the last byte came, not until the run ended', (t) => {
  const base = passingResult();
  const timeMs = [1, 2, 3, 4, 5].map((second) => START_MS + second * 1000);
  const rateBytes = [{ name: 'instance2', values: [100, 100, null, 100, 0] }];
  const result = { ...base, series: { ...base.series, timeMs, rateBytes } };
  t.is(meanRateBytes(result, 'instance2'), 75);
  t.is(meanRateBytes(result, 'nowhere'), null);
  t.is(directoryRateBytes(result, 'instance1 -> instance2', 'instance2'), 75);
});

test('a destination is judged by what the verifier found, not by samples', (t) => {
  const result = passingResult();
  const [a] = result.destinations;
  if (a?.lastArrivalMs == null) return t.fail();
  const bytesPerSecond = (a.deliveredBytes * 1000) / (a.lastArrivalMs - START_MS);
  t.is(directoryRateBytes(result, 'instance3 -> a', 'a'), bytesPerSecond);
});
