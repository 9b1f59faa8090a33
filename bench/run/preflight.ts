// Refuses a run that would fill the disk, before anything is started.

import { readFile, statfs } from 'node:fs/promises';
import type { ChainLayout } from '../chain/layout.ts';
import { makeFolder } from '../folder.ts';
import { BenchError } from '../run-error.ts';
import type { RunPlan } from './plan.ts';

const TMPFS_MAGIC = 0x01021994;

/** Bytes that the chain will hold at the same time, at most. */
export function bytesNeeded(plan: RunPlan): number {
  const { chain, log, generator } = plan.scenario;
  const { features } = plan.tool;
  const all = plan.bytesEstimate;
  const source = plan.pace.kind === 'flood' ? all : Math.min(all, generator.sourceKeepBytes);
  // An instance between the ends deletes what it need not keep, if its tool can.
  const instance = features.expiresEventFiles ? Math.min(all, log.keep + log.segment) : all;
  const end = plan.scenario.verify === 'live' ? Math.min(all, 2 * (log.keep + log.segment)) : all;
  return source + (chain.instances + (chain.generators ?? 0)) * instance + chain.fanOut * end + log.reserve;
}

export async function checkSpace(plan: RunPlan, layout: ChainLayout): Promise<void> {
  await makeFolder(layout.dataDir);
  const { type, bsize, bavail } = await statfs(layout.dataDir);
  const isMemory = type === TMPFS_MAGIC;
  const free = isMemory ? Math.min(bsize * bavail, await memoryAvailable()) : bsize * bavail;
  const needed = bytesNeeded(plan);
  if (free >= needed) return;
  const [need, have] = [needed, free].map((bytes) => `${(bytes / 1e9).toFixed(1)} GB`);
  throw new BenchError(
    'run',
    `the run needs up to ${need} in ${layout.dataDir}, where ${have} are free ${isMemory ? '(memory)' : ''}; ` +
      'free some, lower --rate or --duration, or place it elsewhere with --dir',
  );
}

async function memoryAvailable(): Promise<number> {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(await readFile('/proc/meminfo', 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}
