// Where a load begins on a chain that has been used before: files and sizes of every node, and what the tool had
// counted. On a fresh chain all of it is empty. Everything that is judged is what came after.

import type { PreparedNode } from '../chain/node-setup.ts';
import { BenchError } from '../run-error.ts';
import type { LogAccount, NodeAccount, Tool } from '../tools/tool.ts';
import { type FileSizes, sizesIn } from './sizes.ts';

export interface Baseline {
  /** By node: sizes of its event files, by name. */
  readonly files: ReadonlyMap<string, FileSizes>;
  readonly accounts: ReadonlyMap<string, NodeAccount>;
}

export async function takeBaseline(
  tool: Tool,
  nodes: readonly PreparedNode[],
  used: boolean,
): Promise<Baseline> {
  const files = new Map<string, FileSizes>();
  for (const { node } of nodes) files.set(node.id, await sizesIn(node.eventsDir));
  return { files, accounts: used ? await readAccounts(tool, nodes) : new Map() };
}

/** A node that does not answer is left out: its equations will not hold. */
export async function readAccounts(
  tool: Tool,
  nodes: readonly PreparedNode[],
): Promise<Map<string, NodeAccount>> {
  const accounts = new Map<string, NodeAccount>();
  if (tool.accounts === null) return accounts;
  for (const { node, view } of nodes) {
    const account = await tool.accounts.read(view).catch((error: unknown) => {
      if (error instanceof BenchError) return null;
      throw error;
    });
    if (account !== null) accounts.set(node.id, account);
  }
  return accounts;
}

/** What happened since: every equation is linear, so the differences must close like the totals. */
export function accountSince(before: NodeAccount | undefined, now: NodeAccount): NodeAccount {
  if (before === undefined) return now;
  const { skippedByPeers, log } = now;
  return {
    ...now,
    ...(log !== undefined && { log: logSince(before.log, log) }),
    ...(skippedByPeers !== undefined && { skippedByPeers: skippedByPeers - (before.skippedByPeers ?? 0) }),
    logAppended: now.logAppended - before.logAppended,
    sources: now.sources.map((source) => {
      return difference(
        before.sources.find(({ name }) => name === source.name),
        source,
      );
    }),
    destinations: now.destinations.map((destination) => {
      const was = before.destinations.find(({ name }) => name === destination.name);
      const { reasons } = destination;
      return {
        ...difference(was, destination),
        ...(reasons !== undefined && { reasons: reasonsSince(was?.reasons, reasons) }),
      };
    }),
  };
}

/** Its cap and its high-water mark are no totals. */
function logSince(was: LogAccount | undefined, now: LogAccount): LogAccount {
  if (was === undefined) return now;
  return { ...now, syncs: now.syncs - was.syncs, writtenBytes: now.writtenBytes - was.writtenBytes };
}

function reasonsSince(
  was: Readonly<Record<string, number>> | undefined,
  now: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(now).map(([reason, events]) => [reason, events - (was?.[reason] ?? 0)]),
  );
}

function difference<T extends { readonly name: string }>(before: T | undefined, now: T): T {
  if (before === undefined) return now;
  const was = new Map(Object.entries(before));
  const parts = Object.entries(now).map(([key, value]) => {
    return [key, typeof value === 'number' ? value - Number(was.get(key)) : value];
  });
  return Object.fromEntries(parts) as T;
}
