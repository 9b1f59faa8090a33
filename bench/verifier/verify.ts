// Judges the event files of one destination against the manifests of everything that was sent to it. It shares no
// code with any forwarder: the generator's payload makes the expected bytes again, and bytes are compared.

import { stat } from 'node:fs/promises';
import { RawPayload } from '../generator/raw.ts';
import type { Manifest } from '../generator/spec.ts';
import type { ArrivalLog } from '../observer/spec.ts';
import { readLines } from './chunks.ts';
import { VerifyError } from './errors.ts';
import { type EventFile, type EventFileRequest, eventFile } from './eventfile.ts';
import { Expectation } from './expectation.ts';
import { Judge } from './judge.ts';
import { findKeys, type KeySpec } from './keys.ts';
import { Latency } from './latency.ts';
import { Ranges } from './ranges.ts';
import { judgeRawLines, type RawVerdict } from './rawlines.ts';
import type { DestinationVerdict } from './spec.ts';

export interface VerifyRequest {
  readonly name: string;
  readonly manifests: readonly Manifest[];
  /** In writing order (see order.ts); with `from`, what stands before that offset is not looked at. */
  readonly eventFiles: readonly EventFileRequest[];
  readonly arrivals?: ArrivalLog;
  /** Of a cluster: find out which member has which key. */
  readonly keys?: KeySpec;
}

export async function verify(request: VerifyRequest): Promise<DestinationVerdict> {
  const expectations = await openExpectations(request.manifests);
  try {
    return await judge(request, expectations);
  } finally {
    for (const { payload } of expectations) payload.close();
  }
}

async function openExpectations(manifests: readonly Manifest[]): Promise<readonly Expectation[]> {
  if (manifests.length === 0)
    throw new VerifyError('there is nothing to verify against: no manifest was given');
  const origins = manifests.map(({ runner, epoch }) => `runner ${runner}, epoch ${epoch}`);
  const twice = origins.find((origin, index) => origins.indexOf(origin) !== index);
  if (twice) throw new VerifyError(`two manifests are of ${twice}: give each run its own epoch`);
  if (manifests.length > 1 && manifests.some(({ content }) => content.kind === 'replay-raw')) {
    throw new VerifyError('replayed raw lines carry no identity, so their manifest must be the only one');
  }
  return Promise.all(manifests.map((manifest) => Expectation.open(manifest)));
}

async function judge(
  { name, eventFiles, arrivals, keys }: VerifyRequest,
  expectations: readonly Expectation[],
): Promise<DestinationVerdict> {
  const files = eventFiles.map(eventFile);
  const latency = arrivals ? new Latency(arrivals, expectations) : null;
  const inOrder = new Judge(expectations, latency);
  const members = new Map<string, number>();
  for (const { path, from, member } of files) {
    const before = inOrder.copies;
    inOrder.beginFile(path, member);
    await readLines(path, from, inOrder);
    if (inOrder.derailed) break;
    if (member !== null) members.set(member, (members.get(member) ?? 0) + inOrder.copies - before);
  }
  if (inOrder.derailed) latency?.lastGrowthSeen();
  const { found, lost } = await conclude(inOrder, expectations, files);
  const bytes = await totalBytes(files);
  const verdict = verdictOf({ name, found, lost, expectations, latency, files: files.length, bytes });
  if (members.size === 0) return verdict;
  const shares = [...members].map(([member, events]) => ({ name: member, events }));
  return {
    ...verdict,
    members: shares,
    ...(keys !== undefined && { keys: await findKeys(files, keys, expectations) }),
  };
}

interface Findings {
  readonly name: string;
  readonly found: Judge | RawVerdict;
  readonly lost: Ranges;
  readonly expectations: readonly Expectation[];
  readonly latency: Latency | null;
  readonly files: number;
  readonly bytes: number;
}

export function verdictOf(findings: Findings): DestinationVerdict {
  const { name, found, lost, expectations, latency, files, bytes } = findings;
  return {
    name,
    expected: expectations.reduce((sum, { expected }) => sum + expected, 0),
    delivered: found.delivered,
    deliveredBytes: found.deliveredBytes,
    lost: lost.list(),
    duplicated: found.duplicated.list(),
    reordered: found.reordered.list(),
    torn: found.torn.count,
    tornExamples: found.torn.examples,
    foreign: found.foreign.count,
    foreignExamples: found.foreign.examples,
    files,
    bytes,
    firstArrivalMs: latency?.firstArrivalMs ?? null,
    lastArrivalMs: latency?.lastArrivalMs ?? null,
    latencyMs: latency?.figures() ?? null,
    latencySeries: latency?.series() ?? [],
  };
}

async function conclude(
  inOrder: Judge,
  expectations: readonly Expectation[],
  files: readonly EventFile[],
): Promise<{ found: Judge | RawVerdict; lost: Ranges }> {
  const [first] = expectations;
  if (inOrder.derailed && first?.payload instanceof RawPayload) {
    const found = await judgeRawLines(first, first.payload, files);
    return { found, lost: found.lost };
  }
  return { found: inOrder, lost: lostOf(expectations) };
}

export function lostOf(expectations: readonly Expectation[]): Ranges {
  const lost = new Ranges();
  for (const expectation of expectations) {
    expectation.seen.missing(expectation.expected, (from, end) => lost.add(expectation, from, end));
  }
  return lost;
}

async function totalBytes(files: readonly EventFile[]): Promise<number> {
  let bytes = 0;
  for (const { path, from } of files) bytes += Math.max(0, (await stat(path)).size - from);
  return bytes;
}
