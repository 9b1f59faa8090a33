// Judges several destinations at once, each in a thread of its own: after a run the processors are free, and a
// destination is a gigabyte or more. This file is both sides: the main thread starts it again as the worker.

import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import fastq from 'fastq';
import { readManifest } from '../generator/manifest.ts';
import { readArrivals } from '../observer/arrivals.ts';
import type { ArrivalLog } from '../observer/spec.ts';
import { VerifyError } from './errors.ts';
import type { KeySpec } from './keys.ts';
import { joinArrivals } from './latency.ts';
import type { DestinationVerdict } from './spec.ts';
import { type VerifyRequest, verify } from './verify.ts';

/** Everything by path, so that little has to be copied between threads. */
export interface VerifyJob {
  readonly name: string;
  readonly manifestPaths: readonly string[];
  readonly eventFiles: VerifyRequest['eventFiles'];
  readonly arrivalsPath?: string;
  /** Added to every arrival: the clock of another machine. */
  readonly arrivalsShiftMs?: number;
  /** Of a cluster: those of each member. */
  readonly memberArrivals?: readonly MemberArrivals[];
  readonly keys?: KeySpec;
}

export interface MemberArrivals {
  readonly member: string;
  readonly path: string;
  /** Added to each of them: the clock of another machine. */
  readonly shiftMs?: number;
}

/** Verdicts in the order of the jobs; at most one thread a processor. */
export async function verifyAll(jobs: readonly VerifyJob[]): Promise<readonly DestinationVerdict[]> {
  const queue = fastq.promise(verifyInThread, availableParallelism());
  return Promise.all(jobs.map((job) => queue.push(job)));
}

function verifyInThread(job: VerifyJob): Promise<DestinationVerdict> {
  const { promise, resolve, reject } = Promise.withResolvers<DestinationVerdict>();
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  worker.once('message', resolve);
  worker.once('error', (cause: Error) => {
    reject(new VerifyError(`cannot verify ${job.name}: ${cause.message}`, { cause }));
  });
  worker.once('exit', (code) => reject(new Error(`the verifier of ${job.name} ended with status ${code}`)));
  return promise;
}

async function runJob({
  name,
  manifestPaths,
  eventFiles,
  arrivalsPath,
  arrivalsShiftMs = 0,
  memberArrivals,
  keys,
}: VerifyJob): Promise<DestinationVerdict> {
  const manifests = await Promise.all(manifestPaths.map(readManifest));
  const log = await arrivalsOf(arrivalsPath, memberArrivals);
  const arrivals = log === undefined ? undefined : shifted(log, arrivalsShiftMs);
  return verify({ name, manifests, eventFiles, ...(arrivals && { arrivals }), ...(keys && { keys }) });
}

async function arrivalsOf(
  path: VerifyJob['arrivalsPath'],
  ofMembers: VerifyJob['memberArrivals'],
): Promise<ArrivalLog | undefined> {
  if (path !== undefined) return readArrivals(path);
  if (ofMembers === undefined) return undefined;
  return joinArrivals(
    await Promise.all(
      ofMembers.map(async ({ member, path: own, shiftMs = 0 }) => ({
        member,
        log: shifted(await readArrivals(own), shiftMs),
      })),
    ),
  );
}

function shifted(log: ArrivalLog, byMs: number): ArrivalLog {
  if (byMs === 0) return log;
  return { ...log, arrivals: log.arrivals.map((arrival) => ({ ...arrival, timeMs: arrival.timeMs + byMs })) };
}

if (!isMainThread && parentPort && isJob(workerData)) parentPort.postMessage(await runJob(workerData));

function isJob(data: unknown): data is VerifyJob {
  return typeof data === 'object' && data !== null && 'manifestPaths' in data;
}
