// What the verifier's tests share: a run's manifests with the exact bytes that were sent, and a destination
// directory that a test can damage line by line.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { fill, planPayload } from '../../../bench/generator/payload.ts';
import type { EventContent, Manifest } from '../../../bench/generator/spec.ts';
import type { DestinationVerdict } from '../../../bench/verifier/spec.ts';
import { verify } from '../../../bench/verifier/verify.ts';

export const START_MS = 1_732_212_345_000;

export interface Sent {
  readonly manifest: Manifest;
  /** Every event with its newline. */
  readonly lines: readonly string[];
}

export async function sent(events: number, changes: Partial<Manifest> = {}): Promise<Sent> {
  const content: EventContent = changes.content ?? { kind: 'synthetic', format: 'influx' };
  const runner = changes.runner ?? 1;
  const epoch = changes.epoch ?? 1;
  const pace = changes.pace ?? { kind: 'schedule', eventsPerSecond: 1000 };
  const plan = await planPayload(content, { runner, epoch }, 7, pace);
  const payload = plan.start(START_MS);
  const bytes = Buffer.alloc(payload.bytes(0, events));
  fill(payload, bytes, 0, 0, events);
  payload.close();
  const manifest: Manifest = {
    version: 1,
    final: true,
    runner,
    epoch,
    seed: 7,
    content,
    pace,
    startMs: START_MS,
    events,
    bytes: bytes.length,
    crc32: 0,
    scheduleLagMsMax: 100,
    lagMs: { max: 0, p99: 0 },
    lateEvents: 0,
    heldMs: 0,
    expired: [],
    inputs: plan.inputs,
    ...changes,
  };
  return { manifest, lines: bytes.toString('latin1').split(/(?<=\n)/) };
}

export async function temporaryDirectory(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-verifier-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Writes each text as a file of a new directory and returns the paths. */
export async function eventFiles(
  t: ExecutionContext,
  ...texts: readonly string[]
): Promise<readonly string[]> {
  const dir = await temporaryDirectory(t);
  await mkdir(dir, { recursive: true });
  const paths = texts.map((_, index) => join(dir, `events-${String(index + 1).padStart(6, '0')}.log`));
  for (const [index, path] of paths.entries()) await writeFile(path, texts[index] ?? '', 'latin1');
  return paths;
}

export async function judged(
  t: ExecutionContext,
  manifests: readonly Manifest[],
  ...texts: readonly string[]
): Promise<DestinationVerdict> {
  return verify({ name: 'a', manifests, eventFiles: await eventFiles(t, ...texts) });
}

/** What a verdict says, short enough to compare: ranges as `first-last`, of runner 1 and epoch 1 unless named. */
export function found(verdict: DestinationVerdict): Record<string, unknown> {
  const ranges = (list: DestinationVerdict['lost']): string =>
    list.ranges
      .map(
        ({ runner, epoch, first, last }) =>
          (runner === 1 && epoch === 1 ? '' : `${runner}.${epoch}:`) +
          (first === last ? first : `${first}-${last}`),
      )
      .join(' ');
  const all: Record<string, unknown> = {
    delivered: verdict.delivered,
    lost: ranges(verdict.lost),
    duplicated: ranges(verdict.duplicated),
    reordered: ranges(verdict.reordered),
    torn: verdict.torn,
    foreign: verdict.foreign,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '' && value !== 0));
}
