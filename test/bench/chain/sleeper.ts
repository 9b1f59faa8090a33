// A marked process for the tests: a shell that sleeps, perhaps with a child, perhaps deaf to SIGTERM.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type ChainLayout, layoutChain, markers } from '../../../bench/chain/layout.ts';
import { killProcess, type ProcessRecord, startProcess } from '../../../bench/chain/process.ts';

export const SHAPE = { instances: 1, fanOut: 1, tool: 'socat' } as const;

export function temporaryRoot(t: ExecutionContext): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'spillway-chain-')));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

export async function startSleeper(
  t: ExecutionContext,
  layout: ChainLayout,
  script: string,
): Promise<ProcessRecord> {
  const { record } = await startProcess({
    name: 'sleeper',
    node: 'a',
    group: 'tool',
    stop: 'process',
    argv: ['sh', '-c', script],
    cwd: layout.root,
    env: markers(layout),
    out: join(layout.root, 'sleeper.out'),
  });
  t.teardown(() => killProcess(record));
  return record;
}

export function testLayout(root: string): ChainLayout {
  return layoutChain(root, 'run-1', SHAPE);
}
