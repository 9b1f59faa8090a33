// Looks at every node twice a second while faults happen: how large its log folder really is, what its own counters
// say, how many descriptors it holds. The samples are evidence; judge.ts reads them.

import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalChain } from '../chain/chain.ts';
import { folderBytes } from '../chain/folder.ts';
import type { PreparedNode } from '../chain/node-setup.ts';
import { BenchError } from '../run-error.ts';
import type { Tool } from '../tools/tool.ts';
import type { WatchedNode, WatchSample } from './record.ts';

const SAMPLE_MS = 500;
const PAGE_BYTES = 4096;

export interface WatchOptions {
  readonly chain: LocalChain;
  readonly tool: Tool;
  /** Ask the registry who is there, too. */
  readonly registry: boolean;
}

/** Samples until `signal` is aborted. */
export async function watchChain(
  { chain, tool, registry }: WatchOptions,
  samples: WatchSample[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const beganMs = Date.now();
    const nodes = await Promise.all(
      chain.nodes.map(async (prepared) => [prepared.node.id, await lookAt(chain, tool, prepared)] as const),
    );
    const unregistered = registry ? await chain.registry.unregistered() : null;
    samples.push({ timeMs: beganMs, nodes: Object.fromEntries(nodes), unregistered });
    const left = Math.max(0, SAMPLE_MS - (Date.now() - beganMs));
    await delay(left, undefined, { signal }).catch(() => undefined);
  }
}

async function lookAt(
  chain: LocalChain,
  tool: Tool,
  { node, view, plan }: PreparedNode,
): Promise<WatchedNode> {
  const processes = chain.processes.filter((record) => record.node === node.id);
  const account = tool.accounts?.read(view).catch((error: unknown) => {
    // Down or paused: that is what the faults are for.
    if (error instanceof BenchError) return null;
    throw error;
  });
  return {
    ...(plan.log === null
      ? { logBytes: null, bufferBytes: await folderBytes(view.bufferDir) }
      : { logBytes: await folderBytes(plan.log) }),
    descriptors: await sum(processes.map(({ pid }) => descriptorsOf(pid))),
    rssBytes: await sum(processes.map(({ pid }) => rssOf(pid))),
    account: (await account) ?? null,
  };
}

/** null when there is nothing to add up, or a part is unknown. */
async function sum(parts: readonly Promise<number | null>[]): Promise<number | null> {
  const known = await Promise.all(parts);
  if (known.length === 0) return null;
  return known.reduce((total, part) => (total === null || part === null ? null : total + part), 0);
}

/** A process that is gone meanwhile has none. */
async function descriptorsOf(pid: number): Promise<number | null> {
  return readdir(`/proc/${pid}/fd`).then(
    (names) => names.length,
    () => null,
  );
}

async function rssOf(pid: number): Promise<number | null> {
  return readFile(`/proc/${pid}/statm`, 'utf8').then(
    (text) => Number(text.split(' ')[1]) * PAGE_BYTES,
    () => null,
  );
}
