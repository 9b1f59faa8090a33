// pass, fail or invalid, and why. Pure: the same evidence always gives the same verdict.
//
// Invalid: nothing can be concluded about the tool (the generator was late, the observer died, a fault never
// happened). Fail: the tool, or an assertion of the scenario, did not hold. Both lists are given.

import { isolationDoubts } from '../faults/isolation.ts';
import { faultFailures } from '../faults/judge.ts';
import type { Result } from '../result.ts';
import { countFailures } from './arrived.ts';
import type { Evidence } from './evidence.ts';
import { strayFailures } from './strays.ts';

/** What the observer never saw arrive is in no percentile. */
const ARRIVALS_SHARE_MIN = 0.999;

type Figures = Pick<Result, 'conservation' | 'latencyMs' | 'ratePerMinute' | 'window'>;

export interface Verdict {
  readonly verdict: Result['verdict'];
  readonly failures: readonly string[];
}

export function judge(evidence: Evidence, figures: Figures): Verdict {
  if (typeof evidence.failedAtStart === 'string') return neverUp(evidence, evidence.failedAtStart);
  const invalid = [...invalidities(evidence), ...isolationDoubts(evidence, figures.window)];
  // Cut short before anything was verified: that no figure holds is a consequence, not a finding.
  const cutShort = evidence.invalid.length > 0 && evidence.destinations.length === 0;
  const failed = cutShort
    ? [...evidence.misbehaved, ...memoryFailures(evidence)]
    : failuresOf(evidence, figures);
  const { unproven = [] } = evidence;
  if (failed.length === 0) invalid.push(...unproven);
  const verdict = invalid.length > 0 ? 'invalid' : failed.length > 0 ? 'fail' : 'pass';
  return { verdict, failures: [...invalid, ...collapsed(failed), ...(failed.length === 0 ? [] : unproven)] };
}

/** Nothing was offered to it, so nothing can be counted: but a tool that does not start is no fault of the rig. */
function neverUp({ invalid, misbehaved }: Evidence, why: string): Verdict {
  const verdict = invalid.length > 0 ? 'invalid' : 'fail';
  return { verdict, failures: [...invalid, why, ...collapsed(misbehaved)] };
}

/** A process that ends as often as it is started says the same every time: once is enough, with how often. */
function collapsed(texts: readonly string[]): string[] {
  const times = new Map<string, { readonly text: string; count: number }>();
  for (const text of texts) {
    const [head = text] = text.split('\n');
    const known = times.get(head);
    if (known === undefined) times.set(head, { text, count: 1 });
    else known.count += 1;
  }
  return [...times.values()].map(({ text, count }) => (count === 1 ? text : `${count} times: ${text}`));
}

function invalidities(evidence: Evidence): string[] {
  const reasons = [...evidence.invalid];
  const { manifest, plan } = evidence;
  if (manifest === null) return [...reasons, 'the generator wrote no manifest'];
  if (!manifest.final) reasons.push('the generator ended without a final manifest');
  if (manifest.events < plan.events) {
    reasons.push(`the generator wrote ${manifest.events} of ${plan.events} events`);
  }
  if (manifest.lateEvents > 0) {
    const [late, max] = [manifest.lateEvents, Math.round(manifest.lagMs.max)];
    reasons.push(
      `the generator was late: ${late} events later than ${manifest.scheduleLagMsMax} ms, at most ${max} ms; ` +
        'the machine cannot offer this rate beside the chain',
    );
  }
  return reasons;
}

function failuresOf(evidence: Evidence, figures: Figures): string[] {
  const { plan, destinations, misbehaved, drained, manifest } = evidence;
  const { asserts } = plan.scenario;
  const failures = [...misbehaved, ...memoryFailures(evidence), ...strayFailures(evidence)];
  if (!drained) failures.push('not every destination had all bytes before the wait for them ended');
  const judged = destinations.map(({ name }) => name);
  const unjudged = evidence.books.nodes.filter(({ id, to, destination }) => {
    return to.length === 0 && !judged.includes(destination ?? id);
  });
  failures.push(...unjudged.map(({ id }) => `${id}: not verified`));
  failures.push(...countFailures(evidence));
  const expired = manifest?.expired.length ?? 0;
  // Where losses are counted, `generated = read` says whether the source took any.
  if (expired > 0 && asserts.lost !== 'counted' && destinations.some(({ lost }) => lost.events > 0)) {
    failures.push(
      `${expired} source files were deleted, perhaps unread: the chain was slower than the generator`,
    );
  }
  failures.push(...latencyFailures(evidence, figures));
  if (asserts.ratePerMinuteMin !== undefined && figures.ratePerMinute < asserts.ratePerMinuteMin) {
    const rate = Math.round(figures.ratePerMinute);
    failures.push(`${rate} events/min, expected at least ${asserts.ratePerMinuteMin}`);
  }
  const drainMs = figures.window.endMs - figures.window.sentMs;
  if (asserts.drainMax !== undefined && plan.pace.kind === 'schedule' && drainMs > asserts.drainMax) {
    const [took, most] = [drainMs / 1000, asserts.drainMax / 1000];
    failures.push(
      `the last event arrived ${took.toFixed(1)} s after it was sent, expected at most ${most} s`,
    );
  }
  failures.push(...faultFailures(evidence, figures.window));
  if (asserts.conservation === 'closed') failures.push(...openEquations(figures.conservation));
  return failures;
}

/** Killed from outside is a fault to survive; killed because it ate the memory is a fault of its own. */
function memoryFailures({ killedFromOutside, oomKills }: Evidence): string[] {
  if (killedFromOutside.length === 0 || oomKills === 0) return [];
  const names = [...new Set(killedFromOutside)].join(', ');
  return [`the kernel's OOM killer ended processes during the run (${oomKills}); killed were ${names}`];
}

/** A limit is held by figures that cover nearly every event, or it is not held. */
function latencyFailures({ plan, destinations, killedFromOutside }: Evidence, figures: Figures): string[] {
  const most = plan.scenario.asserts.latencyP99Max;
  // A flood has no intended times, and its notes say that no latency is judged.
  if (most === undefined || killedFromOutside.length > 0 || plan.pace.kind === 'flood') return [];
  if (figures.latencyMs === null) {
    return [`latency p99 is unknown: no arrival was timed, expected at most ${most} ms`];
  }
  const unseen = destinations.filter(({ delivered, latencyMs }) => {
    return (latencyMs?.count ?? 0) < ARRIVALS_SHARE_MIN * delivered;
  });
  const failures = unseen.map(({ name, delivered, latencyMs }) => {
    return `${name}: only ${latencyMs?.count ?? 0} of ${delivered} delivered events have an observed arrival: its latency proves nothing`;
  });
  const { p99, clockBoundMs } = figures.latencyMs;
  if (p99 <= most) return failures;
  const clocks = clockBoundMs === undefined ? '' : ` (clocks ±${clockBoundMs.toFixed(1)} ms)`;
  return [...failures, `latency p99 is ${p99.toFixed(0)} ms${clocks}, expected at most ${most} ms`];
}

function openEquations({ state, equations }: Result['conservation']): string[] {
  if (state === 'unknown') return ['conservation could not be checked: no accounts'];
  return equations
    .filter(({ holds }) => !holds)
    .map(({ where, text, left, right }) => `${where}: ${text} does not hold (${left} against ${right})`);
}
