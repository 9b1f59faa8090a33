// A node as a tool sees it, in folders of a test's own.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { FoundTool, SendTarget, ToolNode } from '../../../bench/tools/tool.ts';

export const root = join(import.meta.dirname, '../../..');

export function toolNode(t: ExecutionContext, changes: Partial<ToolNode> = {}): ToolNode {
  const dir = mkdtempSync(join(tmpdir(), 'spillway-tool-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const [eventsDir, bufferDir, confDir, outDir] = ['events', 'buffer', 'conf', 'out'].map((name) => {
    const folder = join(dir, name);
    mkdirSync(folder);
    return folder;
  }) as [string, string, string, string];
  return {
    root,
    id: 'instance2',
    address: '127.77.1.2',
    eventsDir,
    bufferDir,
    confDir,
    outDir,
    receive: { host: '127.77.1.2', port: 4100 },
    advertised: '127.77.1.2',
    send: [
      { name: 'a', host: '127.77.1.101', port: 4100 },
      { name: 'b', host: '127.77.1.102', port: 4100 },
    ],
    links: { incoming: 0, outgoing: 1 },
    httpPort: 8100,
    registry: { type: 'static', instances: { a: '127.77.1.101:4100', b: '127.77.1.102:4100' } },
    policy: 'block',
    durability: 'fsync',
    capBytes: 4 * 2 ** 30,
    reserveBytes: 2 ** 28,
    segmentBytes: 64 * 2 ** 20,
    keepBytes: 2 ** 28,
    ...changes,
  };
}

export const FOUND: FoundTool = { found: true, version: '1', binary: '/opt/tool', env: {} };

/** A target of two members. */
export const CLUSTER: SendTarget = {
  ...{ name: 'c', host: '127.77.1.101', port: 4100 },
  members: [
    { name: 'c1', host: '127.77.1.101', port: 4100 },
    { name: 'c2', host: '127.77.1.102', port: 4100 },
  ],
};
