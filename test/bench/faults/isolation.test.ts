import test from 'ava';
import { phasesOf } from '../../../bench/faults/isolation.ts';
import type { FaultRecord } from '../../../bench/faults/record.ts';
import type { Manifest } from '../../../bench/generator/spec.ts';
import type { Sample } from '../../../bench/observer/spec.ts';
import type { Evidence } from '../../../bench/run/evidence.ts';
import { resultOf } from '../../../bench/run/result.ts';
import type { DestinationVerdict } from '../../../bench/verifier/spec.ts';
import { EVENTS, evidence, manifest, START_MS, verdictOfA } from '../run/evidence.ts';

// 60 s of load to a and b. a is dead in [15, 25) and [35, 45), and catches up for 5 s each time.

const SECONDS = 60;
const FAULTS: readonly FaultRecord[] = [15, 35].map((at) => ({
  action: 'kill',
  target: 'a',
  node: 'a',
  fromMs: START_MS + at * 1000,
  toMs: START_MS + (at + 10) * 1000,
}));
const isFault = (second: number) => (second >= 15 && second < 25) || (second >= 35 && second < 45);
const catchesUp = (second: number) => (second >= 25 && second < 30) || (second >= 45 && second < 50);
const BYTES = EVENTS * 100;
const LOAD: Manifest = { ...manifest, pace: { kind: 'schedule', eventsPerSecond: EVENTS / SECONDS } };
const RATE = BYTES / SECONDS;

interface Figures {
  /** Of b, by second. */
  readonly p99?: (second: number) => number;
  readonly rate?: (second: number) => number;
}

function run({ p99 = () => 40, rate = () => RATE }: Figures, changes: Partial<Evidence> = {}): Evidence {
  let b = 0;
  const samples: Sample[] = Array.from({ length: SECONDS * 2 + 1 }, (_, index) => {
    const second = index / 2;
    const bytes = (total: number) => ({ totalBytes: total, presentBytes: total, files: 1 });
    const source = second * RATE;
    const a = isFault(second) || catchesUp(second) ? source - 3 * RATE : source;
    const sample = {
      timeMs: START_MS + second * 1000,
      processes: {},
      directories: { source: bytes(source), a: bytes(a), b: bytes(b) },
      machine: { busySeconds: 0, stealSeconds: 0, ioWaitSeconds: 0 },
    };
    b += rate(Math.floor(second)) / 2;
    return sample;
  });
  const series = (of: (second: number) => number): DestinationVerdict['latencySeries'] =>
    Array.from({ length: SECONDS }, (_, second) => {
      return { timeMs: START_MS + second * 1000, p50: 5, p99: of(second), max: 100 };
    });
  const base = evidence({
    manifest: LOAD,
    samples,
    sentMs: START_MS + SECONDS * 1000,
    faults: { faults: FAULTS, watch: [] },
    destinations: [
      { ...verdictOfA, latencySeries: series(() => 4000) },
      { ...verdictOfA, name: 'b', latencySeries: series(p99) },
    ],
    ...changes,
  });
  const asserts = {
    ...base.plan.scenario.asserts,
    isolated: { destinations: ['b'], within: 0.1 },
    conservation: 'any' as const,
    latencyP99Max: undefined,
    drainMax: undefined,
  };
  return { ...base, plan: { ...base.plan, scenario: { ...base.plan.scenario, asserts } } };
}

const failures = (evidence: Evidence) =>
  resultOf(evidence).failures.filter((text) => /^b: |^isolation/.test(text));

test('the seconds of a run: start-up and catching up belong to no phase', (t) => {
  const window = { startMs: START_MS, sentMs: START_MS + SECONDS * 1000 };
  const { calm, fault } = phasesOf(run({}), window);
  t.deepEqual(
    calm.map((seconds) => seconds.map((ms) => (ms - START_MS) / 1000)),
    [
      [5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
      [30, 31, 32, 33, 34],
      [50, 51, 52, 53, 54, 55, 56, 57, 58, 59],
    ],
  );
  t.is(fault.length, 20);
});

test('a destination that notices nothing passes, whatever a bad second or a noisy turn does', (t) => {
  t.deepEqual(failures(run({})), []);
  const badSeconds = (second: number) => (second % 7 === 0 ? 900 : 40);
  t.deepEqual(failures(run({ p99: badSeconds })), []);
  // one calm turn was as slow as the faults: the machine, not the fault
  const noisy = (second: number) => (isFault(second) || second >= 50 ? 80 : 40);
  t.deepEqual(failures(run({ p99: noisy })), []);
  // turns that differ by as much as the fault adds show nothing
  const restless = (second: number) => (isFault(second) ? 90 : second >= 50 ? 70 : 50);
  t.deepEqual(failures(run({ p99: restless })), []);
  const withinResolution = (second: number) => (isFault(second) ? 48 : 40);
  t.deepEqual(failures(run({ p99: withinResolution })), []);
  t.true(
    resultOf(run({})).notes.some((note) => note.startsWith('b: p99 of a second 40 ms beside the fault')),
  );
});

test('a destination that is slower while another is dead fails', (t) => {
  const slower = (second: number) => (isFault(second) ? 60 : 40);
  t.deepEqual(failures(run({ p99: slower })), [
    'b: p99 of a second is 60 ms beside the fault, 40 ms in the worst calm turn, expected within 10 % and 5 ms of noise',
  ]);
});

test('a destination that gets less while another is dead fails', (t) => {
  const less = (second: number) => RATE * (isFault(second) ? 0.85 : catchesUp(second) ? 1.3 : 1);
  t.deepEqual(failures(run({ rate: less })), [
    'b: got 0.00 MB/s beside the fault, 0.00 MB/s without, expected within 10 %',
  ]);
});

test('a run whose phases are too short, or whose arrivals nobody timed, proves nothing', (t) => {
  const [first] = FAULTS;
  if (first === undefined) throw new Error('no fault');
  const short = { ...first, toMs: first.fromMs + 3000 };
  t.deepEqual(failures(run({}, { faults: { faults: [short], watch: [] } })), [
    'isolation cannot be judged: 2 calm turns of at least 4 s and 3 s of fault, expected at least 2 and 8',
  ]);
  const unseen = [verdictOfA, { ...verdictOfA, name: 'b', latencyMs: null }];
  t.deepEqual(failures(run({}, { destinations: unseen })), ['b: no arrival was timed, expected isolated']);
  // arrivals, and none of them due in a fault second
  const deaf = [verdictOfA, { ...verdictOfA, name: 'b', latencySeries: [] }];
  t.regex(failures(run({}, { destinations: deaf }))[0] ?? '', /^b: p99 of a second is NaN ms/);
});
