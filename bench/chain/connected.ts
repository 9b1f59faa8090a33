// When a chain is whole: its nodes are registered, and their senders connected, as far as either can be asked.

import type { Tool, ToolRegistry } from '../tools/tool.ts';
import { registeredIds } from './etcd.ts';
import type { ChainLayout } from './layout.ts';
import type { PreparedNode } from './node-setup.ts';
import { waitUntil } from './ready.ts';

const CONNECTED_MS = 20_000;

interface Asked {
  readonly layout: ChainLayout;
  readonly tool: Tool;
  readonly registry: ToolRegistry;
}

export async function waitConnected(
  { layout, tool, registry }: Asked,
  ids: readonly string[],
  nodes: readonly PreparedNode[],
  signal: AbortSignal,
): Promise<void> {
  if (tool.features.usesRegistry && registry.type === 'etcd') {
    const missingIds = async () => {
      const there = await registeredIds(layout);
      const missing = ids.filter((id) => !there.includes(id));
      return missing.length === 0 ? null : `not registered: ${missing.join(', ')}`;
    };
    await waitUntil('the chain did not register', missingIds, CONNECTED_MS, signal);
  }
  for (const { view } of nodes) {
    const look = () => tool.accounts?.waitingFor(view) ?? Promise.resolve(null);
    await waitUntil('the chain did not connect', look, CONNECTED_MS, signal);
  }
}
