// Holds a run to what its scenario says about faults, and tells what was seen of them. Pure.

import type { Result } from '../result.ts';
import type { Evidence } from '../run/evidence.ts';
import { backlogAt } from '../run/series.ts';
import type { DestinationAccount } from '../tools/tool.ts';
import { capFailures, capNotes } from './caps.ts';
import { catchUpFailures, catchUpNotes } from './catch-up.ts';
import { clusterFailures, clusterNotes, doubledFailures } from './cluster.ts';
import { growthFailures } from './growth.ts';
import { isolationFailures, isolationNotes } from './isolation.ts';
import { lossFailures } from './losses.ts';
import { fateOf } from './outage.ts';
import type { FaultRecord } from './record.ts';
import { setFailures } from './sets.ts';
import { writtenFailures } from './written.ts';

type Window = Result['window'];

const DRAINED_SHARE = 0.05;

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function faultFailures(evidence: Evidence, window: Window): string[] {
  return [
    ...missingOutage(evidence),
    ...arrivalFailures(evidence, window),
    ...capFailures(evidence),
    ...clusterFailures(evidence),
    ...missingUntouched(evidence),
    ...noticeFailures(evidence),
    ...recoveryFailures(evidence, window),
    ...registryFailures(evidence),
    ...heldFailures(evidence),
    ...fullDiskFailures(evidence),
    ...growthFailures(evidence, window),
    ...isolationFailures(evidence, window),
    ...catchUpFailures(evidence),
    ...setFailures(evidence),
    ...writtenFailures(evidence),
  ];
}

/** Those that are about the events at one destination: asked of all of them, and of each by itself. */
export function arrivalFailures(evidence: Evidence, window: Window): string[] {
  return [
    ...lossFailures(evidence),
    ...doubledFailures(evidence),
    ...outageFailures(evidence),
    ...untouchedFailures(evidence),
    ...gapFailures(evidence, window),
  ];
}

/** For the reader; no verdict. */
export function faultNotes(evidence: Evidence, window: Window): string[] {
  const ofClusters = clusterNotes(evidence);
  if (evidence.faults.faults.length === 0) return ofClusters;
  const recovered = recoveryMs(evidence, window);
  const notices = evidence.faults.faults.filter(isNoticeable).map((fault) => noticeText(evidence, fault));
  return [
    ...ofClusters,
    ...notices.slice(0, 10),
    ...(recovered === null
      ? []
      : [`every destination was less than a second behind ${seconds(recovered)} after the last fault`]),
    ...capNotes(evidence),
    ...isolationNotes(evidence, window),
    ...catchUpNotes(evidence),
  ];
}

function missingOutage({ plan, faults, manifest }: Evidence): string[] {
  if (plan.scenario.asserts.outage === undefined || manifest === null) return [];
  const some = faults.faults.some(({ toMs }) => toMs !== null);
  return some ? [] : ['no outage happened whose events could be looked for'];
}

function outageFailures({ plan, faults, manifest, destinations }: Evidence): string[] {
  const wanted = plan.scenario.asserts.outage;
  if (wanted === undefined || manifest === null) return [];
  const outages = faults.faults.filter(({ toMs }) => toMs !== null);
  return outages.flatMap((outage) => {
    return destinations.flatMap((destination) => {
      if (plan.scenario.asserts.untouched.includes(destination.name)) return [];
      return (['first', 'last'] as const).flatMap((which) => {
        const found = fateOf(which, outage, manifest, destination);
        if (found === null || found.fate === wanted[which]) return [];
        const what = `events of the ${which} second of '${outage.action} ${outage.target}'`;
        return [
          `${destination.name}: ${what} are ${found.fate} (${found.lost} of ${found.expected}), expected ${wanted[which]}`,
        ];
      });
    });
  });
}

function untouchedFailures({ plan, destinations }: Evidence): string[] {
  return destinations
    .filter(({ name, lost }) => lost.events > 0 && plan.scenario.asserts.untouched.includes(name))
    .map(({ name, lost }) => `${name}: ${lost.events} lost, expected untouched`);
}

function missingUntouched({ plan, destinations }: Evidence): string[] {
  return plan.scenario.asserts.untouched
    .filter((wanted) => destinations.every(({ name }) => name !== wanted))
    .map((name) => `${name}: not verified, expected untouched`);
}

function isNoticeable({ action, toMs }: FaultRecord): boolean {
  return ['cut', 'half-open', 'pause'].includes(action) && toMs !== null;
}

function noticeFailures(evidence: Evidence): string[] {
  const most = evidence.plan.scenario.asserts.noticedMax;
  if (most === undefined) return [];
  const faults = evidence.faults.faults.filter(
    (fault) => isNoticeable(fault) && lasted(fault) > most && senderOf(evidence, fault) !== null,
  );
  if (faults.length === 0) return ['no fault happened that a sender could have noticed in time'];
  return faults
    .filter((fault) => (noticedMs(evidence, fault) ?? Number.POSITIVE_INFINITY) > most)
    .map((fault) => `${noticeText(evidence, fault)}, expected within ${seconds(most)}`);
}

function noticeText(evidence: Evidence, fault: FaultRecord): string {
  const noticed = noticedMs(evidence, fault);
  const sender = senderOf(evidence, fault);
  const what = `'${fault.action} ${fault.target}'`;
  if (sender === null) return `${what}: nobody sends to it`;
  return noticed === null
    ? `${sender} did not notice ${what}`
    : `${sender} noticed ${what} after ${seconds(noticed)}`;
}

function lasted({ fromMs, toMs }: FaultRecord): number {
  return (toMs ?? fromMs) - fromMs;
}

function senderOf({ books }: Evidence, { node }: FaultRecord): string | null {
  return books.nodes.find(({ id }) => id === node)?.from ?? null;
}

/**
 * From the fault until its sender called the connection lost; null: not before the fault was over. A connection that
 * was down already shows nothing: it must have stood, and then be lost within the fault.
 */
function noticedMs({ faults, books }: Evidence, fault: FaultRecord): number | null {
  const sender = books.nodes.find(({ id }) => id === fault.node)?.from ?? '';
  let stood = false;
  for (const { timeMs, nodes } of faults.watch) {
    if (timeMs > (fault.toMs ?? fault.fromMs)) return null;
    const connected = isConnected(nodes[sender]?.account?.destinations ?? [], fault.node);
    if (connected === undefined) continue;
    if (stood && !connected && timeMs >= fault.fromMs) return timeMs - fault.fromMs;
    stood = connected;
  }
  return null;
}

/** To a destination of this name, or to a member of one. */
function isConnected(lanes: readonly DestinationAccount[], id: string): boolean | undefined {
  const lane = lanes.find(({ name }) => name === id);
  return lane === undefined
    ? lanes.find(({ members }) => members?.[id] !== undefined)?.members?.[id]
    : lane.connected;
}

function recoveryFailures(evidence: Evidence, window: Window): string[] {
  const most = evidence.plan.scenario.asserts.recoverMax;
  if (most === undefined) return [];
  const took = recoveryMs(evidence, window);
  if (took === null) return ['the destinations did not catch up after the last fault'];
  if (took <= most) return [];
  return [
    `the destinations caught up ${seconds(took)} after the last fault, expected within ${seconds(most)}`,
  ];
}

/** From the end of the last fault until every destination is less than a second of load behind. */
function recoveryMs(
  { faults, samples, manifest, destinations, books }: Evidence,
  window: Window,
): number | null {
  if (manifest === null || faults.faults.length === 0) return null;
  const endedMs = Math.max(...faults.faults.map(({ fromMs, toMs }) => toMs ?? fromMs));
  const rate = manifest.pace.kind === 'schedule' ? manifest.pace.eventsPerSecond : 0;
  const secondBytes = (manifest.bytes / Math.max(1, manifest.events)) * rate;
  const names =
    destinations.length > 0 ? destinations.map(({ name }) => name) : books.nodes.map(({ id }) => id);
  const caughtUp = samples.find((sample) => {
    if (sample.timeMs < endedMs) return false;
    return names.every((name) => (backlogAt(sample, name) ?? Number.POSITIVE_INFINITY) <= secondBytes);
  });
  if (caughtUp !== undefined) return caughtUp.timeMs - endedMs;
  return window.endMs >= endedMs && destinations.every(({ lost }) => lost.events === 0)
    ? window.endMs - endedMs
    : null;
}

function gapFailures(evidence: Evidence, window: Window): string[] {
  const most = evidence.plan.scenario.asserts.gapMax;
  if (most === undefined) return [];
  return evidence.destinations.flatMap(({ name }) => {
    let movedMs = window.startMs;
    let [bytes, longest] = [-1, 0];
    for (const { timeMs, directories } of evidence.samples) {
      if (timeMs < window.startMs || timeMs > window.sentMs) continue;
      const now = directories[name]?.totalBytes ?? 0;
      if (now !== bytes) movedMs = timeMs;
      bytes = now;
      longest = Math.max(longest, timeMs - movedMs);
    }
    return longest > most
      ? [`${name} got nothing for ${seconds(longest)}, expected at most ${seconds(most)}`]
      : [];
  });
}

function registryFailures({ plan, faults }: Evidence): string[] {
  const most = plan.scenario.asserts.registeredMax;
  if (most === undefined) return [];
  const back = faults.faults.findLast(({ target, toMs }) => target === 'etcd' && toMs !== null)?.toMs;
  if (back === undefined || back === null) return ['the registry did not come back within the run'];
  const whole = faults.watch.find(({ timeMs, unregistered }) => timeMs >= back && unregistered?.length === 0);
  if (whole === undefined) {
    const missing = faults.watch.findLast(({ unregistered }) => unregistered !== null)?.unregistered ?? [];
    return [`not registered again after the registry came back: ${missing.join(', ') || 'nobody answered'}`];
  }
  const took = whole.timeMs - back;
  if (took <= most) return [];
  return [
    `everyone was registered again ${seconds(took)} after the registry came back, expected within ${seconds(most)}`,
  ];
}

function heldFailures({ plan, manifest }: Evidence): string[] {
  const least = plan.scenario.asserts.heldMin;
  if (least === undefined || (manifest?.heldMs ?? 0) >= least) return [];
  return [
    `the generator was held for ${seconds(manifest?.heldMs ?? 0)}, expected at least ${seconds(least)}`,
  ];
}

/** What waited when the disk became full is gone when it has room again, but for what is under way. */
function fullDiskFailures({ plan, faults }: Evidence): string[] {
  if (!plan.scenario.asserts.drainsWhileFull) return [];
  const fills = faults.faults.filter(({ action }) => action === 'fill');
  if (fills.length === 0) return ['no disk was filled'];
  return fills.flatMap(({ node, fromMs, toMs }) => {
    const buffered = faults.watch
      .filter(({ timeMs }) => timeMs > fromMs && timeMs <= (toMs ?? fromMs))
      .map(({ nodes }) => nodes[node]?.account?.destinations.reduce((sum, lane) => sum + lane.buffered, 0))
      .filter((count) => count !== undefined);
    const [first, last] = [buffered[0], buffered.at(-1)];
    if (first === undefined || last === undefined) return [`${node} did not answer while its disk was full`];
    if (first === 0) return [`nothing waited in ${node} when its disk became full`];
    if (last <= DRAINED_SHARE * first) return [];
    return [
      `${node} had ${first} events waiting when its disk became full, and ${last} when it had room again`,
    ];
  });
}
