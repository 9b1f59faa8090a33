// Acknowledgements travel back after the last byte has arrived: waits until a tool's books say that nothing is
// under way. Books that never settle are not an error here; they are read as they are and will not close.

import { setTimeout as delay } from 'node:timers/promises';
import type { PreparedNode } from '../chain/node-setup.ts';
import type { Tool } from '../tools/tool.ts';
import { readAccounts } from './baseline.ts';

const SETTLE_MS = 5000;
const POLL_MS = 50;

export async function settleAccounts(
  tool: Tool,
  nodes: readonly PreparedNode[],
  signal: AbortSignal,
): Promise<void> {
  if (tool.accounts === null) return;
  const deadline = Date.now() + SETTLE_MS;
  while (Date.now() < deadline) {
    const accounts = await readAccounts(tool, nodes);
    const underWay = [...accounts.values()].flatMap((account) => [
      ...account.destinations.map(({ buffered }) => buffered),
      ...account.sources.map(({ held }) => held),
    ]);
    if (underWay.every((count) => count === 0)) return;
    await delay(POLL_MS, undefined, { signal });
  }
}
