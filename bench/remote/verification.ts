// Judging what arrived at the machines: each destination where it is, the members of a cluster together here, and for a
// tool that keeps no account the instances between, so that a loss can be charged to its link.

import { type ChainLayout, endsOf, isCluster } from '../chain/layout.ts';
import type { Manifest } from '../generator/spec.ts';
import type { Draft } from '../run/draft.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';
import type { Fleet } from './fleet.ts';
import { judgeTogether, type MembersParts } from './members.ts';

const VERIFY_MS = 1_800_000;

export interface RemoteJudgement extends Omit<MembersParts, 'manifest' | 'shiftOf' | 'plan'> {
  readonly fleet: Fleet;
  /** Of the run, as it is on every machine. */
  readonly layout: ChainLayout;
  /** The machine whose clock is the result's. */
  readonly head: string;
}

export async function verifyMachines(
  draft: Draft,
  manifest: Manifest,
  judgement: RemoteJudgement,
): Promise<void> {
  const { fleet, layout, head } = judgement;
  const { plan } = draft;
  const begun = layout.nodes.filter(({ id }) => draft.nodes.some((node) => node.id === id));
  const ends = endsOf(begun);
  const shiftOf = (id: string) => fleet.shift(id, head).shiftMs;
  const judged = begun.filter(({ id, role, destination, from }) => {
    if (role === 'destination') return destination === id;
    return from !== null && plan.tool.accounts === null;
  });
  const hosts = fleet.nodes.filter(({ id }) => judged.some((node) => node.id === id));
  const clusters = ends.filter(isCluster);
  const [own, together] = await Promise.all([
    fleet.askAll(hosts, 'verify', ({ id }) => ({ manifest, shiftMs: shiftOf(id) }), VERIFY_MS),
    Promise.all(clusters.map((end) => judgeTogether(end, { ...judgement, plan, manifest, shiftOf }))),
  ]);
  const verdictOf = (name: string) => {
    const index = clusters.findIndex((end) => end.name === name);
    return (index < 0 ? own.get(name) : together[index]) ?? null;
  };
  draft.nodes = draft.nodes.map((node) => ({ ...node, verdict: own.get(node.id) ?? null }));
  draft.clusters = clusters.map(({ name, nodes }) => {
    return { name, members: nodes.map(({ id }) => id), verdict: verdictOf(name) };
  });
  for (const { name, nodes } of ends) {
    const verdict = verdictOf(name);
    const bounds = nodes.map(({ id }) => fleet.shift(id, head).boundMs);
    if (verdict !== null) draft.destinations.push(withBound(verdict, Math.max(...bounds)));
  }
}

function withBound(verdict: DestinationVerdict, clockBoundMs: number): DestinationVerdict {
  const { latencyMs } = verdict;
  return { ...verdict, latencyMs: latencyMs === null ? null : { ...latencyMs, clockBoundMs } };
}
