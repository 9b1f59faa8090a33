// Reads the observer's spec and says what is wrong with it.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ObserverSpec } from './spec.ts';

/** Ends the observer with status 2. */
export class ObserverSpecError extends Error {
  override readonly name = 'ObserverSpecError';
}

/** The name becomes part of a file's name. */
const NAME = z.string().regex(/^[A-Za-z0-9._-]+$/, 'use letters, digits, dot, dash and underscore');
const DIRECTORY = z.strictObject({ name: NAME, dir: z.string().min(1), include: z.array(z.string()).min(1) });

const SPEC = z.strictObject({
  destinations: z.array(DIRECTORY),
  directories: z.array(DIRECTORY),
  processesPath: z.string().min(1),
  arrivalPollMs: z.number().min(1).max(1000),
  sampleMs: z.number().min(10),
  outDir: z.string().min(1),
});

export async function readObserverSpec(path: string): Promise<ObserverSpec> {
  try {
    return SPEC.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const problem = issue ? `${issue.path.join('.')}: ${issue.message}` : (cause as Error).message;
    throw new ObserverSpecError(`cannot use spec ${path}: ${problem}`, { cause });
  }
}
