// Which comparison a folder of results belongs to. Results that were made by other files, tools, programs or machines
// cannot stand in one table; what differs is named.

import { createHash } from 'node:crypto';
import type { Machine } from '../run/machine.ts';
import { BenchError, messageOf } from '../run-error.ts';
import type { Mode } from './schedule.ts';

export interface ComparisonKey {
  readonly comparison: string;
  readonly mode: Mode;
  readonly seed: number;
  readonly seeds: readonly number[];
  /** `id version`. */
  readonly columns: readonly string[];
  /** Of the comparison's rows and their scenarios. */
  readonly digest: string;
  /** Of the code and the templates, and of tools outside the checkout. */
  readonly program: string;
  readonly machine: string;
}

const WHAT: Readonly<Record<keyof ComparisonKey, string>> = {
  comparison: 'its name',
  mode: 'its mode',
  seed: 'its seed',
  seeds: 'its seeds',
  columns: 'its tools',
  digest: 'its rows or their scenarios',
  program: 'the code or the templates of the tools',
  machine: 'the machine',
};
/** Nobody reads a digest. */
const UNREADABLE: readonly (keyof ComparisonKey)[] = ['digest', 'program'];

export function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex');
}

export function machineText({ cpu, cores, memoryBytes, kernel, filesystem }: Machine): string {
  return `${cpu}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(1)} GiB, ${kernel}, ${filesystem}`;
}

/** @throws BenchError of code `usage` for a file that is no key */
export function parseKey(file: string, text: string): Partial<ComparisonKey> {
  try {
    return JSON.parse(text) as Partial<ComparisonKey>;
  } catch (cause) {
    throw new BenchError('usage', `${file}: ${messageOf(cause)}; give another --out`, { cause });
  }
}

/** Each in words. What an earlier version did not write down cannot differ. */
export function differences(before: Partial<ComparisonKey>, now: ComparisonKey): string[] {
  const keys = Object.keys(WHAT) as (keyof ComparisonKey)[];
  return keys
    .filter((key) => before[key] !== undefined && JSON.stringify(before[key]) !== JSON.stringify(now[key]))
    .map((key) => {
      if (UNREADABLE.includes(key)) return `${WHAT[key]} changed`;
      const are = Array.isArray(now[key]) ? ['were', 'are'] : ['was', 'is'];
      return `${WHAT[key]} ${are[0]} ${text(before[key])} and ${are[1]} ${text(now[key])}`;
    });
}

function text(value: ComparisonKey[keyof ComparisonKey] | undefined): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
