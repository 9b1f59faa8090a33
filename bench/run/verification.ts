// Hands every directory whose events are still complete to the verifier: the destinations, and for a tool that
// keeps no account of its own the instances between, so that a loss can be charged to its link.

import { join } from 'node:path';
import { type ChainNode, EVENT_FILES } from '../chain/layout.ts';
import { BenchError, messageOf } from '../run-error.ts';
import { listEventFiles } from '../verifier/order.ts';
import { type VerifyJob, verifyAll } from '../verifier/parallel.ts';
import type { Baseline } from './baseline.ts';
import type { OpenChain } from './chain.ts';
import type { Draft } from './draft.ts';
import type { LiveVerification } from './live.ts';
import type { RunContext } from './run.ts';

export async function verifyNodes(
  draft: Draft,
  open: OpenChain,
  manifestPath: string,
  context: RunContext,
): Promise<void> {
  const { chain, baseline } = open;
  const betweenToo = draft.plan.tool.accounts === null;
  const judged = chain.layout.nodes.filter((node) => {
    return node.role === 'destination' || (betweenToo && node.from !== null);
  });
  const jobs = await Promise.all(judged.map((node) => jobFor(node, baseline, manifestPath, context.outDir)));
  const followed = draft.live.map((live) => live.conclude());
  const after = jobs.filter(({ name }) => !draft.live.some((live) => live.name === name));
  const all = Promise.all([Promise.all(followed), verifyAll(after)]);
  const verdicts = (await abortable(all, context.signal).catch(rigFailed)).flat();
  draft.invalid.push(...draft.live.flatMap(missedBy));
  draft.nodes = draft.nodes.map((node) => {
    return { ...node, verdict: verdicts.find(({ name }) => name === node.id) ?? null };
  });
  const ends = judged.filter(({ role }) => role === 'destination').map(({ id }) => id);
  draft.destinations.push(...verdicts.filter(({ name }) => ends.includes(name)));
}

/** A verifier that died has found nothing, for or against the tool. */
function rigFailed(error: unknown): never {
  if (error instanceof BenchError) throw error;
  throw new BenchError('run', messageOf(error), { cause: error });
}

function missedBy({ name, missed }: LiveVerification): string[] {
  if (missed.size === 0) return [];
  const some = [...missed].slice(0, 3).join(', ');
  return [
    `${name}: ${missed.size} event files were deleted before the verifier could keep them (${some}): raise log.keep`,
  ];
}

export async function jobFor(
  node: ChainNode,
  baseline: Baseline,
  manifestPath: string,
  outDir: string,
): Promise<VerifyJob> {
  const before = baseline.files.get(node.id);
  const paths = await listEventFiles(node.eventsDir, EVENT_FILES);
  const eventFiles = paths.map((path) => ({
    path,
    from: before?.get(path.slice(node.eventsDir.length + 1)) ?? 0,
  }));
  const job = { name: node.id, manifestPaths: [manifestPath], eventFiles };
  if (node.role !== 'destination') return job;
  return { ...job, arrivalsPath: join(outDir, `arrivals-${node.id}.bin`) };
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
