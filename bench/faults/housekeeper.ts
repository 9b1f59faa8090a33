// For scenarios that hold the generator when its folder is full: deletes event files that the first node has wholly
// taken, as an operator's cron job would. Without it nothing would ever make room again.

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PreparedNode } from '../chain/node-setup.ts';
import { BenchError } from '../run-error.ts';
import type { Tool } from '../tools/tool.ts';

const LOOK_MS = 250;

/** Until `signal` is aborted. For a tool without counters nothing is deleted. */
export async function keepHouse(tool: Tool, first: PreparedNode, signal: AbortSignal): Promise<void> {
  let deletedBytes = 0;
  while (!signal.aborted) {
    const takenBytes = await takenBy(tool, first);
    const names = (await readdir(first.node.eventsDir)).filter((name) => name.endsWith('.log')).sort();
    // The last one is being written.
    for (const name of names.slice(0, -1)) {
      const path = join(first.node.eventsDir, name);
      const { size } = await stat(path);
      if (deletedBytes + size > takenBytes) break;
      await rm(path);
      deletedBytes += size;
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function takenBy(tool: Tool, first: PreparedNode): Promise<number> {
  const account = await tool.accounts?.read(first.view).catch((error: unknown) => {
    if (error instanceof BenchError) return null;
    throw error;
  });
  return (account?.sources ?? []).reduce((sum, { appendedBytes }) => sum + (appendedBytes ?? 0), 0);
}
