// `--rate max`: the highest rate that a chain sustains. Short probes, each on a fresh chain, double the rate until
// one is not sustained, then halve the gap; a full run at the rate found has the last word.
//
// Sustained: after a warm-up the backlog of no destination grows by more than 1 % of the rate (and more than the swings
// of a backlog explain), everything has arrived 10 s after the last event was sent, nothing is lost, and the generator kept its schedule.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../result.ts';
import type { Overrides, RunPlan } from './plan.ts';
import { executeRun, type RunContext } from './run.ts';
import { type Point, trendOf } from './trend.ts';

/** How thoroughly is searched. */
export interface SearchEffort {
  readonly firstPerMinute: number;
  readonly probeMs: number;
  /** The search ends when the gap between sustained and not is this share of the rate. */
  readonly precision: number;
  readonly probesMax: number;
}
const THOROUGH: SearchEffort = { firstPerMinute: 4e6, probeMs: 10_000, precision: 0.1, probesMax: 12 };
/** Of a load, that belongs to the warm-up. */
const WARM_UP_SHARE = 0.4;
const WARM_UP_MS_MAX = 4000;
const ARRIVED_MS = 10_000;
const SLOPE_MAX = 0.01;
/** So many standard errors above it, a slope is more than a backlog that swings. */
const SURE_ERRORS = 2;
/** So many halvings of the first rate without one that is sustained: it loses at any rate. */
const HOPELESS_PROBES = 6;
/** Ten seconds are kinder than a minute: a full run that fails is tried again a tenth slower. */
const STEP_DOWN = 0.9;
const CONFIRMATIONS_MAX = 4;

type Execute = (context: RunContext, plan: RunPlan) => Promise<Result>;

export async function findSustained(
  context: RunContext,
  planOf: (overrides: Overrides) => RunPlan,
  execute: Execute = executeRun,
  effort: SearchEffort = THOROUGH,
): Promise<Result> {
  let sustained = 0;
  let tooFast = Number.POSITIVE_INFINITY;
  let perMinute = effort.firstPerMinute;
  let why = '';
  for (let probe = 1; probe <= effort.probesMax && !context.signal.aborted; probe++) {
    const result = await runProbe(context, planOf, execute, { perMinute, probe, probeMs: effort.probeMs });
    const reason = whyNotSustained(result);
    context.line.say(
      `probe ${probe}: ${rateText(perMinute)} ${reason === null ? 'sustained' : `not sustained: ${reason}`}`,
    );
    if (reason === null) sustained = perMinute;
    else [tooFast, why] = [perMinute, reason];
    if (tooFast - sustained <= effort.precision * sustained) break;
    if (sustained === 0 && (probe >= HOPELESS_PROBES || neverRan(result))) break;
    perMinute = tooFast === Number.POSITIVE_INFINITY ? perMinute * 2 : (sustained + tooFast) / 2;
  }
  const note = `max: ${rateText(sustained)} was sustained in probes, ${rateText(tooFast)} was not: ${why}`;
  // Of a rate that no probe sustained a full run says it once: a tenth less will not mend it.
  const confirmations = sustained === 0 ? 1 : CONFIRMATIONS_MAX;
  return confirm(context, planOf, execute, {
    perMinute: sustained === 0 ? perMinute : sustained,
    confirmations,
    note,
  });
}

/** It did not come up: no rate is low enough. */
function neverRan({ verdict, sent }: Result): boolean {
  return verdict === 'fail' && sent === 0;
}

/** Full runs, each a little slower than the last, until one is sustained. */
async function confirm(
  context: RunContext,
  planOf: (overrides: Overrides) => RunPlan,
  execute: Execute,
  {
    perMinute,
    confirmations,
    note,
  }: { readonly perMinute: number; readonly confirmations: number; readonly note: string },
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    const rate = rateOf(perMinute * STEP_DOWN ** (attempt - 1));
    const result = await execute(context, planOf({ rate }));
    const reason = whyNotSustained(result);
    const confirmed = { ...result, rate: `max: ${rate.text}`, notes: [...result.notes, note] };
    if (reason === null) return confirmed;
    context.line.say(`confirming run ${attempt}: ${rate.text} not sustained: ${reason}`);
    if (attempt < confirmations && !neverRan(result) && !context.signal.aborted) continue;
    if (result.verdict === 'invalid') return confirmed;
    const failures = [...result.failures, `the confirming run did not sustain the rate: ${reason}`];
    return { ...confirmed, verdict: 'fail', failures };
  }
}

/** null: sustained. */
export function whyNotSustained(result: Result): string | null {
  const { window, series, destinations } = result;
  if (result.verdict === 'invalid') return result.failures[0] ?? 'invalid';
  const lossy = destinations.find(({ lost }) => lost.events > 0);
  if (lossy !== undefined) return `${lossy.lost.events} events lost at ${lossy.name}`;
  const lateMs = window.endMs - window.sentMs;
  if (lateMs > ARRIVED_MS) return `the last event arrived ${(lateMs / 1000).toFixed(1)} s after it was sent`;
  const offered = ((result.offeredPerMinute ?? 0) / 60) * result.eventBytes;
  const warmUpMs = Math.min(WARM_UP_MS_MAX, WARM_UP_SHARE * (window.sentMs - window.startMs));
  const from = window.startMs + warmUpMs;
  for (const { name } of destinations) {
    const backlog = series.backlogBytes.find((candidate) => candidate.name === name);
    const trend = trendOf(pointsOf(series.timeMs, backlog?.values ?? [], from, window.sentMs));
    if (trend !== null && trend.slope - SURE_ERRORS * trend.error > SLOPE_MAX * offered) {
      const percent = ((trend.slope / offered) * 100).toFixed(1);
      return `the backlog at ${name} grows by ${percent} % of the rate`;
    }
  }
  return null;
}

function pointsOf(
  timeMs: readonly number[],
  values: readonly (number | null)[],
  fromMs: number,
  toMs: number,
): Point[] {
  return timeMs.flatMap((at, index) => {
    const y = values[index] ?? null;
    return y === null || at < fromMs || at > toMs ? [] : [{ x: (at - fromMs) / 1000, y }];
  });
}

async function runProbe(
  context: RunContext,
  planOf: (overrides: Overrides) => RunPlan,
  execute: Execute,
  { perMinute, probe, probeMs }: { perMinute: number; probe: number; probeMs: number },
): Promise<Result> {
  const outDir = join(context.outDir, `probe-${probe}`);
  const plan = planOf({ rate: rateOf(perMinute), durationMs: probeMs });
  // Later than ARRIVED_MS is too late anyway: no use in waiting for it.
  const limits = { ...plan.scenario.limits, drain: ARRIVED_MS + 2000, noProgress: ARRIVED_MS };
  const calm = { ...plan, scenario: { ...plan.scenario, steps: [], limits } };
  try {
    return await execute({ ...context, outDir, brief: true, keep: false }, calm);
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

function rateOf(perMinute: number) {
  return { kind: 'schedule', eventsPerSecond: perMinute / 60, text: rateText(perMinute) } as const;
}

function rateText(perMinute: number): string {
  return Number.isFinite(perMinute) ? `${(perMinute / 1e6).toFixed(1)}M/min` : 'no higher rate';
}
