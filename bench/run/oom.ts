// How many processes the kernel's OOM killer has ended since the machine started. Its SIGKILL looks like anybody's: only
// this counter tells an agent that ate all memory from one that somebody killed by hand.

import { readFile } from 'node:fs/promises';
import { hasCode } from '../run-error.ts';

/** null where the kernel does not say. */
export async function readOomKills(): Promise<number | null> {
  try {
    return parseOomKills(await readFile('/proc/vmstat', 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EACCES')) return null;
    throw error;
  }
}

export function parseOomKills(vmstat: string): number | null {
  const [, count] = /^oom_kill (\d+)$/m.exec(vmstat) ?? [];
  return count === undefined ? null : Number(count);
}

/** By how much the counter rose; 0 where it is not known. */
export function oomKillsSince(before: number | null, now: number | null): number {
  return before === null || now === null ? 0 : Math.max(0, now - before);
}
