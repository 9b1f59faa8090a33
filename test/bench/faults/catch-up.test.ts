import test from 'ava';
import type { FaultRecord } from '../../../bench/faults/record.ts';
import type { Sample } from '../../../bench/observer/spec.ts';
import type { Evidence } from '../../../bench/run/evidence.ts';
import { resultOf } from '../../../bench/run/result.ts';
import { EVENTS, evidence, manifest, START_MS, verdictOfA } from '../run/evidence.ts';

// 60 s of load at RATE bytes a second. a is away in [5, 15), b in [30, 40); then each gets its backlog at a speed.

const SECONDS = 60;
const RATE = (EVENTS * 100) / SECONDS;
const AWAY = { a: 5, b: 30 } as const;
const BACK_AFTER = 10;

const faults: FaultRecord[] = (['a', 'b'] as const).map((name) => ({
  action: 'kill',
  target: name,
  node: name,
  fromMs: START_MS + AWAY[name] * 1000,
  toMs: START_MS + (AWAY[name] + BACK_AFTER) * 1000,
}));

/** What a destination has after so many seconds, when it catches up at `speed` times the load. */
function has(name: 'a' | 'b', second: number, speed: number): number {
  const [away, back] = [AWAY[name], AWAY[name] + BACK_AFTER];
  if (second <= away) return second * RATE;
  if (second <= back) return away * RATE;
  return Math.min(second * RATE, away * RATE + (second - back) * RATE * speed);
}

function judged(speeds: { a: number; b: number }, changes: Partial<Evidence> = {}) {
  const samples: Sample[] = Array.from({ length: SECONDS * 4 + 1 }, (_, index) => {
    const second = index / 4;
    const bytes = (totalBytes: number) => ({ totalBytes, presentBytes: totalBytes, files: 1 });
    return {
      timeMs: START_MS + second * 1000,
      processes: {},
      directories: {
        source: bytes(second * RATE),
        a: bytes(has('a', second, speeds.a)),
        b: bytes(has('b', second, speeds.b)),
      },
      machine: { busySeconds: 0, stealSeconds: 0, ioWaitSeconds: 0 },
    };
  });
  const base = evidence({
    manifest: { ...manifest, pace: { kind: 'schedule', eventsPerSecond: EVENTS / SECONDS } },
    samples,
    faults: { faults, watch: [] },
    destinations: [verdictOfA, { ...verdictOfA, name: 'b' }],
    ...changes,
  });
  const asserts = {
    ...base.plan.scenario.asserts,
    catchUp: { against: 'a', destinations: ['b'], shareMin: 0.5 },
  };
  const { failures, notes } = resultOf({
    ...base,
    plan: { ...base.plan, scenario: { ...base.plan.scenario, asserts } },
  });
  return { failures: failures.filter((text) => /catches up|no backlog/.test(text)), notes };
}

test('one that catches up at its share of the other passes, and the notes have both', (t) => {
  const { failures, notes } = judged({ a: 4, b: 3 });
  t.deepEqual(failures, []);
  t.true(notes.includes('b caught up at 0.0 MB/s, 75 % of a'), notes.join('; '));
});

test('one that is too slow fails', (t) => {
  t.deepEqual(judged({ a: 4, b: 1.8 }).failures, [
    'b catches up at 0.0 MB/s, a at 0.0 MB/s, expected at least 50 %',
  ]);
});

test('what was not seen to catch up proves nothing', (t) => {
  const [ofA, ofB] = faults;
  if (ofA === undefined || ofB === undefined) throw new Error('no fault');
  const only = (fault: FaultRecord) =>
    judged({ a: 4, b: 3 }, { faults: { faults: [fault], watch: [] } }).failures;
  t.deepEqual(only(ofA), ['b: no backlog was seen to shrink, expected a throughput']);
  t.deepEqual(only(ofB), ['a: no backlog was seen to shrink, so nothing can be held against it']);
  t.deepEqual(judged({ a: 4, b: 0 }).failures, ['b: no backlog was seen to shrink, expected a throughput']);
});
