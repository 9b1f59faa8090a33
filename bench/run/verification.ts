// Hands every directory whose events are still complete to the verifier: the destinations, and for a tool that
// keeps no account of its own the instances between, so that a loss can be charged to its link.

import { join } from 'node:path';
import { type ChainEnd, type ChainNode, EVENT_FILES, endsOf, isCluster } from '../chain/layout.ts';
import { BenchError, messageOf } from '../run-error.ts';
import { listEventFiles } from '../verifier/order.ts';
import { type VerifyJob, verifyAll } from '../verifier/parallel.ts';
import type { Baseline } from './baseline.ts';
import type { OpenChain } from './chain.ts';
import type { Draft } from './draft.ts';
import type { LiveVerification } from './live.ts';
import type { RunPlan } from './plan.ts';
import type { RunContext } from './run.ts';

export async function verifyNodes(
  draft: Draft,
  open: OpenChain,
  manifestPath: string,
  context: RunContext,
): Promise<void> {
  const { chain, baseline } = open;
  const { plan } = draft;
  const ends = endsOf(chain.begun.map(({ node }) => node));
  const between = plan.tool.accounts === null ? chain.layout.nodes.filter(isBetween) : [];
  const judged = [...between.map((node) => ({ name: node.id, nodes: [node] })), ...ends];
  const jobs = await Promise.all(
    judged.map((end) => jobFor(end, { baseline, manifestPath, outDir: context.outDir, plan })),
  );
  const followed = draft.live.map((live) => live.conclude());
  const after = jobs.filter(({ name }) => !draft.live.some((live) => live.name === name));
  const all = Promise.all([Promise.all(followed), verifyAll(after)]);
  const verdicts = (await abortable(all, context.signal).catch(rigFailed)).flat();
  draft.invalid.push(...draft.live.flatMap(missedBy));
  const verdictFor = (id: string) => verdicts.find(({ name }) => name === id) ?? null;
  draft.nodes = draft.nodes.map((node) => ({ ...node, verdict: verdictFor(node.id) }));
  draft.clusters = ends
    .filter(isCluster)
    .map(({ name, nodes }) => ({ name, members: nodes.map(({ id }) => id), verdict: verdictFor(name) }));
  draft.destinations.push(...verdicts.filter(({ name }) => ends.some((end) => end.name === name)));
}

/** A verifier that died has found nothing, for or against the tool. */
function rigFailed(error: unknown): never {
  if (error instanceof BenchError) throw error;
  throw new BenchError('run', messageOf(error), { cause: error });
}

/** What nobody can say anything about. */
export function missedBy({ name, missed }: LiveVerification): string[] {
  if (missed.size === 0) return [];
  const some = [...missed].slice(0, 3).join(', ');
  return [
    `${name}: ${missed.size} event files were deleted before the verifier could keep them (${some}): raise log.keep`,
  ];
}

function isBetween({ role, from }: ChainNode): boolean {
  return role === 'instance' && from !== null;
}

interface JobParts {
  readonly baseline: Baseline;
  readonly manifestPath: string;
  readonly outDir: string;
  readonly plan: RunPlan;
}

export async function jobFor(
  end: ChainEnd,
  { baseline, manifestPath, outDir, plan }: JobParts,
): Promise<VerifyJob> {
  const files = await Promise.all(end.nodes.map((node) => filesOf(node, baseline)));
  const arrivalsOf = (node: ChainNode) => join(outDir, `arrivals-${node.id}.bin`);
  const job = { name: end.name, manifestPaths: [manifestPath], eventFiles: files.flat() };
  const [first] = end.nodes;
  if (first === undefined || first.role === 'instance') return job;
  if (!isCluster(end)) return { ...job, arrivalsPath: arrivalsOf(first) };
  const eventFiles = end.nodes.flatMap(({ id }, index) => {
    return (files[index] ?? []).map((file) => ({ ...file, member: id }));
  });
  const memberArrivals = end.nodes.map((node) => ({ member: node.id, path: arrivalsOf(node) }));
  const { cluster } = plan.scenario.chain;
  if (cluster?.strategy !== 'keyHash') return { ...job, eventFiles, memberArrivals };
  const { keyFormat: format, keyField: field } = cluster;
  return { ...job, eventFiles, memberArrivals, keys: { format, ...(field !== undefined && { field }) } };
}

async function filesOf({ id, eventsDir }: ChainNode, { files }: Baseline) {
  const before = files.get(id);
  const paths = await listEventFiles(eventsDir, EVENT_FILES);
  return paths.map((path) => ({ path, from: before?.get(path.slice(eventsDir.length + 1)) ?? 0 }));
}

/** The verifier's threads end by themselves; nobody waits for them after Ctrl-C. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
