// Whether a fault of one destination is felt by the others: their rate and latency beside the fault against the same
// run without it. Pure.
//
// A machine with two cores is noisy: a limit of 10 % on two percentiles, each of one phase, would fail at random. So:
//   - calm and fault take turns several times in one run, and drift meets both alike
//   - latency of a phase is the median over its seconds of each second's p99: one bad second (a flush, a neighbour) in
//     either phase moves it little, while a destination that waits for another one is slow in most seconds
//   - the faults' median, over all of them, is held against the *worst* calm turn, and what the calm turns differ by among
//     themselves is added: the run's own noise is the measure, so a quiet machine is held to 10 % and a noisy one is not
//     failed for its neighbours. Added is the observer's resolution, too: below it no two latencies can be told apart
//   - the seconds in which a destination catches up belong to neither: that costs CPU, which is shared
// What this cannot show: a stopped sink leaves its CPU to the others. The figures of both phases are in the notes.

import type { Evidence } from '../run/evidence.ts';
import { backlogAt } from '../run/series.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';

const SECOND_MS = 1000;
/** Start-up is no phase. */
const WARM_UP_MS = 5000;
/** A turn that is shorter says nothing. */
const TURN_SECONDS_MIN = 4;
const CALM_TURNS_MIN = 2;
const FAULT_SECONDS_MIN = 8;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Phases {
  /** Beginnings of whole seconds, turn by turn. */
  readonly calm: readonly (readonly number[])[];
  readonly fault: readonly number[];
}

export interface Isolation {
  readonly name: string;
  /** Median of the seconds' p99, ms: of each calm turn, and of all fault seconds. */
  readonly calmP99: readonly number[];
  readonly faultP99: number;
  /** Bytes a second. */
  readonly calmRate: number;
  readonly faultRate: number;
  readonly resolutionMs: number;
}

export function isolationFailures(evidence: Evidence, window: Window): string[] {
  const wanted = evidence.plan.scenario.asserts.isolated;
  if (wanted === undefined) return [];
  const phases = phasesOf(evidence, window);
  if (tooFew(phases) !== null) return [];
  return wanted.destinations.flatMap((name) => {
    const found = isolationOf(evidence, name, phases);
    return found === null ? [`${name}: no arrival was timed, expected isolated`] : felt(found, wanted.within);
  });
}

/** Why nothing was shown, for or against the tool. */
export function isolationDoubts(evidence: Evidence, window: Window): string[] {
  if (evidence.plan.scenario.asserts.isolated === undefined) return [];
  const few = tooFew(phasesOf(evidence, window));
  return few === null ? [] : [few];
}

export function isolationNotes(evidence: Evidence, window: Window): string[] {
  const wanted = evidence.plan.scenario.asserts.isolated;
  if (wanted === undefined) return [];
  const phases = phasesOf(evidence, window);
  const found = wanted.destinations.map((name) => isolationOf(evidence, name, phases));
  return found
    .filter((one) => one !== null)
    .map(({ name, calmP99, faultP99, calmRate, faultRate }) => {
      const calm = calmP99.map((ms) => ms.toFixed(0)).join(', ');
      return `${name}: p99 of a second ${faultP99.toFixed(0)} ms beside the fault, ${calm} ms in the calm turns (medians); ${mb(faultRate)} against ${mb(calmRate)}`;
    });
}

type Window = { readonly startMs: number; readonly sentMs: number };

export function phasesOf(evidence: Evidence, { startMs, sentMs }: Window): Phases {
  const faults: Span[] = evidence.faults.faults
    .map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? fromMs }))
    .toSorted((a, b) => a.fromMs - b.fromMs);
  const calm = new Map<number, number[]>();
  const fault: number[] = [];
  const from = Math.ceil((startMs + WARM_UP_MS) / SECOND_MS) * SECOND_MS;
  for (let second = from; second + SECOND_MS <= sentMs; second += SECOND_MS) {
    const end = second + SECOND_MS;
    if (faults.some((span) => span.fromMs <= second && end <= span.toMs)) fault.push(second);
    else if (!faults.some((span) => span.fromMs < end && second < span.toMs) && isLevel(evidence, second)) {
      const turn = faults.filter(({ toMs }) => toMs <= second).length;
      calm.set(turn, [...(calm.get(turn) ?? []), second]);
    }
  }
  return { calm: [...calm.values()].filter(({ length }) => length >= TURN_SECONDS_MIN), fault };
}

/** No destination is more than a second of load behind. */
function isLevel({ samples, manifest, destinations }: Evidence, second: number): boolean {
  if (manifest === null || manifest.pace.kind !== 'schedule') return false;
  const secondBytes = (manifest.bytes / Math.max(1, manifest.events)) * manifest.pace.eventsPerSecond;
  const seen = samples.filter(({ timeMs }) => timeMs >= second && timeMs < second + SECOND_MS);
  return seen.every((sample) =>
    destinations.every(({ name }) => (backlogAt(sample, name) ?? Number.POSITIVE_INFINITY) <= secondBytes),
  );
}

function tooFew({ calm, fault }: Phases): string | null {
  if (calm.length >= CALM_TURNS_MIN && fault.length >= FAULT_SECONDS_MIN) return null;
  return `isolation cannot be judged: ${calm.length} calm turns of at least ${TURN_SECONDS_MIN} s and ${fault.length} s of fault, expected at least ${CALM_TURNS_MIN} and ${FAULT_SECONDS_MIN}`;
}

function isolationOf(evidence: Evidence, name: string, { calm, fault }: Phases): Isolation | null {
  const destination = evidence.destinations.find((candidate) => candidate.name === name);
  if (destination === undefined || destination.latencyMs === null) return null;
  return {
    name,
    calmP99: calm.map((seconds) => medianP99(destination, seconds)),
    faultP99: medianP99(destination, fault),
    calmRate: rateIn(evidence, name, calm.flat()),
    faultRate: rateIn(evidence, name, fault),
    resolutionMs: destination.latencyMs.resolutionMs,
  };
}

function felt({ name, calmP99, faultP99, calmRate, faultRate, resolutionMs }: Isolation, within: number) {
  const failures: string[] = [];
  const [worst, best, percent] = [Math.max(...calmP99), Math.min(...calmP99), Math.round(within * 100)];
  const noise = worst - best + resolutionMs;
  // NaN: not one of its events was due in that phase's seconds
  if (!(faultP99 <= worst * (1 + within) + noise)) {
    failures.push(
      `${name}: p99 of a second is ${faultP99.toFixed(0)} ms beside the fault, ${worst.toFixed(0)} ms in the worst calm turn, expected within ${percent} % and ${noise.toFixed(0)} ms of noise`,
    );
  }
  if (!(faultRate >= calmRate * (1 - within))) {
    failures.push(
      `${name}: got ${mb(faultRate)} beside the fault, ${mb(calmRate)} without, expected within ${percent} %`,
    );
  }
  return failures;
}

/** Of the seconds in which events were due. */
function medianP99({ latencySeries }: DestinationVerdict, seconds: readonly number[]): number {
  const wanted = new Set(seconds);
  const sorted = latencySeries
    .filter(({ timeMs }) => wanted.has(timeMs))
    .map(({ p99 }) => p99)
    .toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** Bytes a second, over the samples that follow each other within these seconds. */
function rateIn({ samples }: Evidence, name: string, seconds: readonly number[]): number {
  const wanted = new Set(seconds);
  const isIn = (timeMs: number) => wanted.has(Math.floor(timeMs / SECOND_MS) * SECOND_MS);
  let [bytes, ms] = [0, 0];
  for (const [index, sample] of samples.entries()) {
    const before = samples[index - 1];
    const [was, is] = [before?.directories[name]?.totalBytes, sample.directories[name]?.totalBytes];
    if (before === undefined || was === undefined || is === undefined) continue;
    if (!isIn(before.timeMs) || !isIn(sample.timeMs) || sample.timeMs - before.timeMs > 2 * SECOND_MS)
      continue;
    bytes += is - was;
    ms += sample.timeMs - before.timeMs;
  }
  return ms === 0 ? Number.NaN : (bytes * SECOND_MS) / ms;
}

function mb(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e6).toFixed(2)} MB/s`;
}
