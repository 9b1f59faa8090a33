// Reads and writes the manifest. It is replaced as a whole (a temporary file, then a rename), so that a reader
// always finds a complete one.

import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SpecError } from './errors.ts';
import type { Manifest } from './spec.ts';
import { CONTENT, PACE, problem } from './specfile.ts';

const COUNT = z.number().int().nonnegative();
const MANIFEST = z.object({
  version: z.literal(1),
  final: z.boolean(),
  runner: COUNT,
  epoch: COUNT,
  seed: z.number().int(),
  content: CONTENT,
  pace: PACE,
  startMs: COUNT,
  events: COUNT,
  bytes: COUNT,
  crc32: COUNT,
  scheduleLagMsMax: z.number(),
  lagMs: z.object({ max: z.number(), p99: z.number() }),
  lateEvents: COUNT,
  heldMs: z.number(),
  expired: z.array(z.object({ file: z.string(), bytes: COUNT })),
  inputs: z.array(z.object({ file: z.string(), bytes: COUNT, crc32: COUNT })),
});

export function writeManifest(path: string, manifest: Manifest): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(temporary, path);
}

/** Throws a SpecError that names the file if it is missing or not a manifest. */
export async function readManifest(path: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SpecError(`cannot read manifest ${path}: ${(cause as Error).message}`, { cause });
  }
  try {
    return MANIFEST.parse(JSON.parse(text));
  } catch (cause) {
    throw new SpecError(`${path} is not a manifest of the generator: ${problem(cause)}`, { cause });
  }
}
