// Reads a generator's spec and says what is wrong with it, key by key, before anything is written.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SpecError } from './errors.ts';
import type { GeneratorSpec } from './spec.ts';

const FORMAT = z.enum(['influx', 'graphite', 'json']);
const FILES = z.array(z.string().min(1)).min(1);

export const CONTENT = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('synthetic'), format: FORMAT }),
  z.strictObject({ kind: z.literal('replay-raw'), files: FILES }),
  z.strictObject({ kind: z.literal('replay-metrics'), files: FILES, format: FORMAT }),
]);

export const PACE = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('schedule'), eventsPerSecond: z.number().positive() }),
  z.strictObject({ kind: z.literal('flood') }),
]);

/** Twelve digits of sequence. */
const EVENTS_MAX = 1e12;

const SPEC = z.strictObject({
  runner: z.number().int().min(0).max(9999),
  epoch: z.number().int().min(0).max(9999),
  seed: z.number().int().min(0),
  content: CONTENT,
  pace: PACE,
  events: z.number().int().positive().max(EVENTS_MAX),
  dir: z.string().min(1),
  fileBytes: z.number().int().positive(),
  rotate: z
    .strictObject({ mode: z.enum(['rename', 'copytruncate', 'truncate']), everyMs: z.number().positive() })
    .optional(),
  sourceKeepBytes: z.number().int().positive(),
  onSourceFull: z.enum(['expire', 'hold']),
  startAtMs: z.number().nonnegative(),
  scheduleLagMsMax: z.number().positive(),
  manifestPath: z.string().min(1),
});

/** Throws a SpecError that names the file and the key. */
export async function readGeneratorSpec(path: string): Promise<GeneratorSpec> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SpecError(`cannot read spec ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    return SPEC.parse(JSON.parse(text));
  } catch (cause) {
    throw new SpecError(`${path}: ${problem(cause)}`, { cause });
  }
}

/** The first thing that is wrong, in one line. */
export function problem(cause: unknown): string {
  if (!(cause instanceof z.ZodError)) return cause instanceof Error ? cause.message : String(cause);
  const issue = cause.issues[0];
  if (!issue) return cause.message;
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
}
