import test from 'ava';
import type { Sample } from '../../../bench/observer/spec.ts';
import { resultOf } from '../../../bench/run/result.ts';
import { whyNotSustained } from '../../../bench/run/sustained.ts';
import { evidence, manifest, START_MS, samples, verdictOfA } from './evidence.ts';

/** The destination gets `share` of what is sent. */
function lagging(share: number): Sample[] {
  return samples().map((sample) => {
    const source = sample.directories['source'] ?? { totalBytes: 0, presentBytes: 0, files: 0 };
    const a = { ...source, totalBytes: source.totalBytes * share };
    return { ...sample, directories: { source, a } };
  });
}

test('a steady backlog is sustained', (t) => {
  t.is(whyNotSustained(resultOf(evidence())), null);
  t.is(whyNotSustained(resultOf(evidence({ samples: lagging(0.995) }))), null);
});

test('a backlog that grows by more than 1 % of the rate is not', (t) => {
  t.is(
    whyNotSustained(resultOf(evidence({ samples: lagging(0.95) }))),
    'the backlog at a grows by 5.0 % of the rate',
  );
});

test('neither is a loss, a late last event, or a generator that fell behind', (t) => {
  const lost = { ...verdictOfA, lost: { events: 4, ranges: [] } };
  t.is(whyNotSustained(resultOf(evidence({ destinations: [lost] }))), '4 events lost at a');
  const late = { ...verdictOfA, lastArrivalMs: START_MS + 20_500 };
  t.regex(whyNotSustained(resultOf(evidence({ destinations: [late] }))) ?? '', /arrived 10\.5 s after/);
  const behind = { ...manifest, lateEvents: 1 };
  t.regex(whyNotSustained(resultOf(evidence({ manifest: behind }))) ?? '', /generator was late/);
});
