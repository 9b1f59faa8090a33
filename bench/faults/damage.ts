// Damage to the files of a stopped node: which file, where and what is drawn from the seed, and told exactly, so
// that it can be done again by hand.

import { open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BenchError, hasCode } from '../run-error.ts';
import type { Step } from './step.ts';

export type DamageStep = Extract<Step, { do: 'damage' }>;

const GARBAGE_BYTES = 64;
const ZERO_BYTES = 512;

/** What was done, one line a place. `log`: the node's log folder. */
export async function damage(log: string, step: DamageStep, random: () => number): Promise<string[]> {
  const files = await filesOf(log, step.what);
  const done: string[] = [];
  for (let place = 0; place < step.places; place++) {
    const file = pick(files, step.file, random);
    if (file === undefined) {
      throw new BenchError('run', `no ${step.what} with anything in it in ${log} to damage`);
    }
    done.push(`${basename(file)}: ${await spoil(file, step.how, random)}`);
    if (step.how === 'remove') files.splice(files.indexOf(file), 1);
  }
  return done;
}

async function filesOf(log: string, what: DamageStep['what']): Promise<string[]> {
  const [folder, suffix] = {
    segment: [log, '.log'],
    journal: [join(log, 'journal'), ''],
    cursor: [join(log, 'cursors'), ''],
  }[what] as [string, string];
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const found: string[] = [];
  for (const name of names.filter((candidate) => candidate.endsWith(suffix)).sort()) {
    const path = join(folder, name);
    const { size } = await stat(path);
    if (size > 0) found.push(path);
  }
  return found;
}

function pick(files: readonly string[], which: DamageStep['file'], random: () => number): string | undefined {
  switch (which) {
    case 'first':
      return files[0];
    case 'middle':
      return files[Math.floor(files.length / 2)];
    case 'last':
      return files.at(-1);
    case 'random':
      return files[Math.floor(random() * files.length)];
    default:
      return which satisfies never;
  }
}

async function spoil(file: string, how: DamageStep['how'], random: () => number): Promise<string> {
  const { size } = await stat(file);
  const at = Math.floor(random() * size);
  switch (how) {
    case 'remove':
      await rm(file);
      return `removed (${size} bytes)`;
    case 'truncate':
      await truncate(file, at);
      return `cut from ${size} to ${at} bytes`;
    case 'flip': {
      const bit = Math.floor(random() * 8);
      await overwrite(file, at, (old) => old.map((byte) => byte ^ (1 << bit)), 1);
      return `bit ${bit} of byte ${at} flipped`;
    }
    case 'zero': {
      const length = Math.min(ZERO_BYTES, size - at);
      await overwrite(file, at, (old) => old.fill(0), length);
      return `${length} bytes from ${at} zeroed`;
    }
    case 'garbage': {
      const length = Math.min(GARBAGE_BYTES, size - at);
      await overwrite(file, at, (old) => old.map(() => Math.floor(random() * 256)), length);
      return `${length} bytes from ${at} overwritten with garbage`;
    }
    default:
      return how satisfies never;
  }
}

async function overwrite(
  path: string,
  at: number,
  change: (old: Buffer) => Uint8Array,
  length: number,
): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const old = Buffer.alloc(length);
    await file.read(old, 0, length, at);
    await file.write(change(Buffer.from(old)), 0, length, at);
    await file.datasync();
  } finally {
    await file.close();
  }
}
