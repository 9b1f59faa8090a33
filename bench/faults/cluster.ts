// Holds a cluster to what a scenario says of it: how evenly its members share, how soon the rest take over from one
// that is lost, how soon one that returns or joins has its part, where keys are, and what is doubled. Pure.

import type { Sample } from '../observer/spec.ts';
import { type AccountedCluster, lanesTo } from '../run/conservation.ts';
import type { Evidence } from '../run/evidence.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';
import type { FaultRecord } from './record.ts';

/** Over this long a member's, or the cluster's, rate is taken. */
const RATE_MS = 1000;
/** A rate counts as the load, or as a share of it, from this part on: samples are not exact. */
const ENOUGH = 0.8;

const LOSSES = ['stop', 'kill', 'pause', 'cut', 'half-open', 'drain'] as const;

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function clusterFailures(evidence: Evidence): string[] {
  return [
    ...(evidence.books.clusters ?? []).flatMap((cluster) => [
      ...spreadFailures(evidence, cluster),
      ...takeOverFailures(evidence, cluster),
      ...shareFailures(evidence, cluster),
      ...drainFailures(evidence, cluster),
      ...keyFailures(evidence, cluster),
    ]),
    ...missingCluster(evidence),
  ];
}

/** For the reader; no verdict. */
export function clusterNotes(evidence: Evidence): string[] {
  return evidence.destinations.flatMap(({ name, members, keys, duplicated }) => {
    if (members === undefined) return [];
    const shares = members.map((member) => `${member.name} ${member.events}`).join(', ');
    const { had, inDoubt } = doubtsOf(evidence, name);
    const doubled = `${duplicated.events} doubled (${had} known, ${inDoubt} in doubt)`;
    const at = Object.entries(keys?.at ?? {}).map(([where, count]) => `${where} ${count}`);
    return [`${name}: ${shares}; ${doubled}`, ...(keys === undefined ? [] : [`keys at ${at.join(', ')}`])];
  });
}

/** What is asserted of a cluster must find one. */
function missingCluster({ plan, books }: Evidence): string[] {
  const { spreadMax, takenOverMax, sharedAgainMax, drainedMax, keysStable } = plan.scenario.asserts;
  const limits = [spreadMax, takenOverMax, sharedAgainMax, drainedMax];
  const isAsked = keysStable || limits.some((most) => most !== undefined);
  return isAsked && (books.clusters ?? []).length === 0 ? ['no cluster was verified'] : [];
}

function doubtsOf({ books }: Evidence, name: string): { readonly had: number; readonly inDoubt: number } {
  const lanes = lanesTo(
    name,
    books.nodes.map(({ account }) => account),
  );
  const sum = (part: 'had' | 'inDoubt') => lanes.reduce((total, lane) => total + (lane[part] ?? 0), 0);
  return { had: sum('had'), inDoubt: sum('inDoubt') };
}

/** `duplicated: counted`. */
export function doubledFailures(evidence: Evidence): string[] {
  if (evidence.plan.scenario.asserts.duplicated !== 'counted') return [];
  return evidence.destinations.flatMap(({ name, duplicated }) => {
    const { had, inDoubt } = doubtsOf(evidence, name);
    if (duplicated.events >= had && duplicated.events <= had + inDoubt) return [];
    const counted = inDoubt === 0 ? `${had}` : `${had} to ${had + inDoubt}`;
    return [`${name}: ${duplicated.events} duplicated, but its sender counts ${counted}`];
  });
}

function verdictOf({ destinations }: Evidence, { name }: AccountedCluster): DestinationVerdict | undefined {
  return destinations.find((destination) => destination.name === name);
}

function touchedMembers({ faults }: Evidence, { members }: AccountedCluster): readonly string[] {
  return members.filter((member) => faults.faults.some(({ node }) => node === member));
}

/** Among those who were there all the time: nobody is owed an even part of a time it was away. */
function spreadFailures(evidence: Evidence, cluster: AccountedCluster): string[] {
  const most = evidence.plan.scenario.asserts.spreadMax;
  if (most === undefined) return [];
  const touched = touchedMembers(evidence, cluster);
  const shares = (verdictOf(evidence, cluster)?.members ?? []).filter(({ name }) => !touched.includes(name));
  if (shares.length < 2) return [`${cluster.name}: fewer than two members were there all the time`];
  const events = shares.map((share) => share.events);
  const mean = events.reduce((sum, count) => sum + count, 0) / events.length;
  const spread = mean === 0 ? Number.POSITIVE_INFINITY : (Math.max(...events) - Math.min(...events)) / mean;
  if (spread <= most) return [];
  const listed = shares.map((share) => `${share.name} ${share.events}`).join(', ');
  return [
    `${cluster.name}: its members differ by ${Math.round(spread * 100)} % of their mean (${listed}), expected at most ${Math.round(most * 100)} %`,
  ];
}

function takeOverFailures(evidence: Evidence, cluster: AccountedCluster): string[] {
  const most = evidence.plan.scenario.asserts.takenOverMax;
  const load = loadOf(evidence);
  if (most === undefined) return [];
  const losses = within(evidence, cluster).filter(({ action }) => LOSSES.some((loss) => loss === action));
  if (losses.length === 0 || load === null) {
    return [`${cluster.name}: no member was lost under load whose part others could have taken over`];
  }
  return losses.flatMap(({ action, node, fromMs }) => {
    const rest = cluster.members.filter((member) => member !== node);
    const took = sinceWhen(evidence.samples, rest, fromMs, ENOUGH * load.bytesPerSecond);
    const what = `${cluster.name}: after '${action} ${node}' the rest`;
    if (took === null) return [`${what} never carried the whole load`];
    return took <= most
      ? []
      : [`${what} carried the whole load after ${seconds(took)}, expected ${seconds(most)}`];
  });
}

/** Who returns, or joins, has at least its even part again. */
function shareFailures(evidence: Evidence, cluster: AccountedCluster): string[] {
  const most = evidence.plan.scenario.asserts.sharedAgainMax;
  const load = loadOf(evidence);
  if (most === undefined) return [];
  const returns = within(evidence, cluster)
    .map(({ action, node, fromMs, toMs }) => ({ action, node, backMs: action === 'join' ? fromMs : toMs }))
    .filter(({ backMs }) => backMs !== null && load !== null && backMs < load.endMs);
  if (returns.length === 0 || load === null) return [`${cluster.name}: no member returned under load`];
  const part = (ENOUGH * load.bytesPerSecond) / cluster.members.length;
  return returns.flatMap(({ action, node, backMs }) => {
    const took = sinceWhen(evidence.samples, [node], backMs ?? 0, part);
    const what = `${cluster.name}: after '${action} ${node}' was over it`;
    if (took === null) return [`${what} never had its part again`];
    return took <= most
      ? []
      : [`${what} had its part again after ${seconds(took)}, expected ${seconds(most)}`];
  });
}

function drainFailures(evidence: Evidence, cluster: AccountedCluster): string[] {
  const most = evidence.plan.scenario.asserts.drainedMax;
  if (most === undefined) return [];
  const drains = within(evidence, cluster).filter(({ action, fromMs, toMs }) => {
    return action === 'drain' && toMs !== null && toMs > fromMs + most;
  });
  if (drains.length === 0) return [`${cluster.name}: no member drained for longer than ${seconds(most)}`];
  return drains.flatMap(({ node, fromMs, toMs }) => {
    const sizes = evidence.samples
      .filter(({ timeMs }) => timeMs >= fromMs + most && timeMs <= (toMs ?? 0))
      .map(({ directories }) => directories[node]?.totalBytes ?? 0);
    const grown = (sizes.at(-1) ?? 0) - (sizes[0] ?? 0);
    if (sizes.length > 1 && grown === 0) return [];
    const what = sizes.length > 1 ? `was given ${grown} bytes` : 'was not looked at';
    return [`${cluster.name}: ${node} ${what} later than ${seconds(most)} after it drained`];
  });
}

/** A key may stand at two members only if all but one of them were away for a while, or joined. */
function keyFailures(evidence: Evidence, cluster: AccountedCluster): string[] {
  if (!evidence.plan.scenario.asserts.keysStable) return [];
  const keys = verdictOf(evidence, cluster)?.keys;
  if (keys === undefined || keys.keys === 0) return [`${cluster.name}: no key was found in its events`];
  const touched = touchedMembers(evidence, cluster);
  const split = Object.entries(keys.at).filter(([at]) => {
    return at.split('+').filter((member) => !touched.includes(member)).length > 1;
  });
  const moved = split.map(([at, count]) => `${count} at ${at.replaceAll('+', ' and ')}`);
  return [
    ...(moved.length === 0
      ? []
      : [`${cluster.name}: keys moved between members that stayed: ${moved.join(', ')}`]),
    ...(keys.disordered === 0
      ? []
      : [
          `${cluster.name}: ${keys.disordered} events stand behind a later one of their key: ${keys.examples[0]}`,
        ]),
  ];
}

/** What happened to members while events were sent. */
function within(evidence: Evidence, { members }: AccountedCluster): readonly FaultRecord[] {
  const load = loadOf(evidence);
  return evidence.faults.faults.filter(({ node, fromMs }) => {
    return members.includes(node) && load !== null && fromMs < load.endMs - RATE_MS;
  });
}

function loadOf({ manifest, sentMs }: Evidence): { bytesPerSecond: number; endMs: number } | null {
  if (manifest === null || manifest.pace.kind !== 'schedule' || sentMs === null) return null;
  const bytesPerSecond = (manifest.bytes / Math.max(1, manifest.events)) * manifest.pace.eventsPerSecond;
  return { bytesPerSecond, endMs: sentMs };
}

/** From `fromMs` until these directories together begin to grow at this rate, for a second at least; null: never. */
function sinceWhen(
  samples: readonly Sample[],
  names: readonly string[],
  fromMs: number,
  bytesPerSecond: number,
): number | null {
  const total = ({ directories }: Sample) => {
    return names.reduce((sum, name) => sum + (directories[name]?.totalBytes ?? 0), 0);
  };
  const after = samples.filter(({ timeMs }) => timeMs >= fromMs);
  for (const begin of after) {
    const end = after.find(({ timeMs }) => timeMs >= begin.timeMs + RATE_MS);
    if (end === undefined) return null;
    const rate = ((total(end) - total(begin)) * 1000) / (end.timeMs - begin.timeMs);
    if (rate >= bytesPerSecond) return begin.timeMs - fromMs;
  }
  return null;
}
