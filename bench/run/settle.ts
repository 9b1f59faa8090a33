// Acknowledgements travel back after the last byte has arrived: waits until a tool's books say that nothing is
// under way. Books that never settle are not an error here; they are read as they are and will not close.

import { setTimeout as delay } from 'node:timers/promises';
import type { PreparedNode } from '../chain/node-setup.ts';
import type { NodeAccount, Tool } from '../tools/tool.ts';
import { readAccounts } from './baseline.ts';
import { handoverOf, lanesTo } from './conservation.ts';

export const SETTLE_MS = 5000;
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
    if ([...accounts.values()].every(isIdle) && isHandedOver(accounts)) return;
    await delay(POLL_MS, undefined, { signal });
  }
}

/** A gap is counted as dropped before the receiver is told of it. */
export function isHandedOver(accounts: ReadonlyMap<string, NodeAccount>): boolean {
  return [...accounts].every(([id, account]) => {
    const lanes = lanesTo(id, [...accounts.values()]);
    const handover = lanes.length === 0 ? null : handoverOf(account, lanes);
    return handover === null || handover.given === handover.taken;
  });
}

export function isIdle({ destinations, sources }: NodeAccount): boolean {
  return (
    destinations.every(({ buffered, orphaned }) => buffered === 0 || orphaned === true) &&
    sources.every(({ held }) => held === 0)
  );
}
