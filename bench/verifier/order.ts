// Which files of a directory hold events, and in which order they were written.
//
// The rule, in this order:
// 1. logrotate's names (x.log, x.log.1, x.log.2; also x.log-20260131): the highest number first, or the earliest
//    date, and the name without one last; compressed files are refused, not skipped;
// 2. names that differ in one number only (events-000001.log, 00000000000000000000.log, out-9.log and out-10.log):
//    by that number;
// 3. anything else: by the time of the last change, then by name.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';
import { VerifyError } from './errors.ts';

/** Event files, unless the caller knows better. */
export const EVENT_GLOBS: readonly string[] = ['*.log', '*.log.*', '*.log-*'];
const COMPRESSED = /\.(gz|zst|xz|bz2)$/;

/** Paths of the event files of `dir`, oldest first. Sub-directories and hidden files are not looked at. */
export async function listEventFiles(
  dir: string,
  include: readonly string[] = EVENT_GLOBS,
): Promise<readonly string[]> {
  const matches = picomatch([...include]);
  const entries = await readdir(dir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && matches(entry.name)).map(({ name }) => name);
  const compressed = names.find((name) => COMPRESSED.test(name));
  if (compressed) throw new VerifyError(`${join(dir, compressed)} is compressed: unpack it first`);
  const ordered = byRotation(names) ?? byOneNumber(names) ?? (await byTime(dir, names));
  return ordered.map((name) => join(dir, name));
}

const NUMBERED = /^(.*?)(\d+)(\D*)$/;

function byOneNumber(names: readonly string[]): readonly string[] | null {
  const parts = names.map((name) => NUMBERED.exec(name));
  const [first] = parts;
  const alike = parts.every((part) => part && first && part[1] === first[1] && part[3] === first[3]);
  if (!alike) return names.length === 0 ? names : null;
  return names.toSorted((a, b) => compareNumbers(NUMBERED.exec(a)?.[2] ?? '', NUMBERED.exec(b)?.[2] ?? ''));
}

const ROTATED = /^(.*\.log)(?:\.(\d+)|-(\d+))?$/;

function byRotation(names: readonly string[]): readonly string[] | null {
  const parts = names.map((name) => ({ name, match: ROTATED.exec(name) }));
  const base = parts[0]?.match?.[1];
  if (base === undefined || !parts.every(({ match }) => match?.[1] === base)) return null;
  const dated = parts
    .filter(({ match }) => match?.[3])
    .sort((a, b) => compareNumbers(a.match?.[3] ?? '', b.match?.[3] ?? ''));
  const counted = parts
    .filter(({ match }) => match?.[2])
    .sort((a, b) => compareNumbers(b.match?.[2] ?? '', a.match?.[2] ?? ''));
  const current = parts.filter(({ match }) => !match?.[2] && !match?.[3]);
  return [...dated, ...counted, ...current].map(({ name }) => name);
}

/** Compares digit texts of any length as numbers. */
function compareNumbers(a: string, b: string): number {
  const [x, y] = [BigInt(a), BigInt(b)];
  if (x === y) return a < b ? -1 : 1;
  return x < y ? -1 : 1;
}

async function byTime(dir: string, names: readonly string[]): Promise<readonly string[]> {
  const timed = await Promise.all(
    names.map(async (name) => ({ name, changedMs: (await stat(join(dir, name))).mtimeMs })),
  );
  timed.sort((a, b) => a.changedMs - b.changedMs || (a.name < b.name ? -1 : 1));
  return timed.map(({ name }) => name);
}
