import { PassThrough } from 'node:stream';
import test from 'ava';
import type { Sample } from '../../../bench/observer/spec.ts';
import type { Result } from '../../../bench/result.ts';
import type { RunPlan } from '../../../bench/run/plan.ts';
import { ProgressLine } from '../../../bench/run/progress.ts';
import { resultOf } from '../../../bench/run/result.ts';
import type { RunContext } from '../../../bench/run/run.ts';
import { findSustained, whyNotSustained } from '../../../bench/run/sustained.ts';
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

const CAPACITY_PER_SECOND = 25e6 / 60;

/** A chain that carries up to 25M/min and falls behind by the rest. */
async function pretend(_: RunContext, plan: RunPlan): Promise<Result> {
  const offered = plan.pace.kind === 'schedule' ? plan.pace.eventsPerSecond : 0;
  const share = Math.min(1, CAPACITY_PER_SECOND / offered);
  return resultOf({
    ...evidence({ samples: lagging(share) }),
    plan: { ...plan, pace: manifest.pace, events: 1000 },
  });
}

test('the search ends just below what the chain carries', async (t) => {
  const { plan } = evidence();
  const said = new PassThrough();
  const context: RunContext = {
    root: '/none',
    outDir: '/none',
    keep: false,
    attach: false,
    brief: false,
    signal: new AbortController().signal,
    line: new ProgressLine(said as unknown as NodeJS.WriteStream),
  };
  const asked: string[] = [];
  const result = await findSustained(
    context,
    ({ rate = plan.rate }) => ({
      ...plan,
      rate,
      pace:
        rate.kind === 'schedule' ? { kind: 'schedule', eventsPerSecond: rate.eventsPerSecond } : plan.pace,
    }),
    (given, planned) => {
      asked.push(planned.rate.text);
      return pretend(given, planned);
    },
  );
  t.deepEqual(asked, [
    '4.0M/min',
    '8.0M/min',
    '16.0M/min',
    '32.0M/min',
    '24.0M/min',
    '28.0M/min',
    '26.0M/min',
    '24.0M/min',
  ]);
  t.is(result.verdict, 'pass');
  t.is(result.rate, 'max: 24.0M/min');
  t.true(result.notes.some((note) => note.includes('26.0M/min was not: the backlog at a grows')));
});

test('a full run that the rate found overtaxes is tried again, a tenth slower', async (t) => {
  const { plan } = evidence();
  const asked: string[] = [];
  const context = {
    line: new ProgressLine(new PassThrough() as unknown as NodeJS.WriteStream),
    signal: new AbortController().signal,
  };
  const result = await findSustained(
    { ...context, root: '/none', outDir: '/none', keep: false, attach: false, brief: false },
    ({ rate = plan.rate }) => ({ ...plan, rate }),
    (given, planned) => {
      asked.push(planned.rate.text);
      const carried = given.brief ? 30e6 : 22e6;
      const offered = planned.rate.kind === 'schedule' ? planned.rate.eventsPerSecond * 60 : 0;
      return Promise.resolve(resultOf(evidence({ samples: lagging(offered > carried ? 0.5 : 1) })));
    },
  );
  t.deepEqual(asked.slice(-5), ['30.0M/min', '30.0M/min', '27.0M/min', '24.3M/min', '21.9M/min']);
  t.is(result.rate, 'max: 21.9M/min');
  t.is(result.verdict, 'pass');
});

test('quick-hopeless: a search that no probe sustained is confirmed once, however few probes it has', async (t) => {
  const { plan } = evidence();
  const asked: string[] = [];
  const context = {
    line: new ProgressLine(new PassThrough() as unknown as NodeJS.WriteStream),
    signal: new AbortController().signal,
  };
  const result = await findSustained(
    { ...context, root: '/none', outDir: '/none', keep: false, attach: false, brief: false },
    ({ rate = plan.rate }) => ({ ...plan, rate }),
    (_, planned) => {
      asked.push(planned.rate.text);
      return Promise.resolve(resultOf(evidence({ samples: lagging(0.5) })));
    },
    { firstPerMinute: 4e6, probeMs: 5000, precision: 0.25, probesMax: 4 },
  );
  t.deepEqual(asked, ['4.0M/min', '2.0M/min', '1.0M/min', '0.5M/min', '0.3M/min']);
  t.is(result.verdict, 'fail');
});
