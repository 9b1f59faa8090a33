// A cluster's events are lost only if none of its members has them: the event files of all of them are brought here,
// compressed, and judged together, as on one machine. They are gone again when that is done.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChainEnd, type ChainNode, EVENT_FILES } from '../chain/layout.ts';
import type { Manifest } from '../generator/spec.ts';
import type { RunPlan } from '../run/plan.ts';
import { jobFor } from '../run/verification.ts';
import { BenchError, messageOf } from '../run-error.ts';
import { verifyAll } from '../verifier/parallel.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';
import { pipeInto } from './pipe.ts';
import { shellQuote } from './ssh.ts';

/** Longer than ssh needs to notice that nobody answers any more. */
const IDLE_MS = 60_000;

export interface MembersParts {
  readonly plan: RunPlan;
  readonly manifest: Manifest;
  /** ssh's. */
  readonly config: string;
  /** On a machine: where its observer writes. */
  readonly remoteOut: string;
  /** Here: for the files, while they are judged. */
  readonly outDir: string;
  /** Added to a member's times. */
  readonly shiftOf: (id: string) => number;
  readonly signal: AbortSignal;
}

export async function judgeTogether(end: ChainEnd, parts: MembersParts): Promise<DestinationVerdict | null> {
  const folder = await mkdtemp(join(parts.outDir, `members-of-${end.name}-`));
  try {
    const nodes = end.nodes.map((node) => ({ ...node, eventsDir: join(folder, node.id) }));
    // All of them settle first: none may still be writing when the folder is removed.
    const fetched = await Promise.allSettled(
      end.nodes.map((node) => fetchMember(node, join(folder, node.id), parts)),
    );
    const failed = fetched.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const manifestPath = join(folder, 'manifest.json');
    await writeFile(manifestPath, JSON.stringify(parts.manifest));
    const baseline = { files: new Map(), accounts: new Map() };
    const job = await jobFor({ ...end, nodes }, { baseline, manifestPath, outDir: folder, plan: parts.plan });
    const memberArrivals = nodes.map(({ id, eventsDir }) => {
      return { member: id, path: join(eventsDir, arrivalsFile(id)), shiftMs: parts.shiftOf(id) };
    });
    const [verdict = null] = await verifyAll([{ ...job, memberArrivals }]);
    return verdict;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Event files with their times, and when they grew. */
async function fetchMember(
  { id, eventsDir }: ChainNode,
  into: string,
  { config, remoteOut, signal }: MembersParts,
): Promise<void> {
  await mkdir(into);
  const names = EVENT_FILES.flatMap((glob, index) => [...(index === 0 ? [] : ['-o']), '-name', glob]);
  const find = shellQuote(['find', '.', '-maxdepth', '1', '-type', 'f', '(', ...names, ')', '-print0']);
  const from = shellQuote(['-C', eventsDir, '--null', '-T', '-', '-C', remoteOut, arrivalsFile(id)]);
  const script = `set -o pipefail; cd ${shellQuote([eventsDir])} && ${find} | tar -c ${from} | gzip -1`;
  const ssh = ['ssh', '-F', config, id, shellQuote(['bash', '-c', script])];
  try {
    await pipeInto(ssh, ['tar', '-xz', '-C', into], { idleMs: IDLE_MS, signal });
  } catch (cause) {
    signal.throwIfAborted();
    const message = `cannot bring the event files of ${id} here: ${messageOf(cause)}`;
    throw new BenchError('run', message, { cause });
  }
}

function arrivalsFile(id: string): string {
  return `arrivals-${id}.bin`;
}
