// Our agent with Scribe on the links of the chain: the receiving side is a Scribe source, the sending side makes Log
// calls. What it costs to speak a protocol without positions, event by event, and what it cannot promise.

import { agentAccounts } from '../agent/accounts.ts';
import { agent, planOf, render } from '../agent/agent.ts';
import { agentReload } from '../agent/reload.ts';
import type { Tool, ToolNode } from '../tool.ts';

const CATEGORY = 'events';

export const agentScribe: Tool = {
  name: 'agent-scribe',
  summary: 'Spillway over Scribe: event log, Log calls, at least once',
  features: { ...agent.features, balances: false, securesLinks: false, usesRegistry: false },
  sustainsPerMinute: null,
  accounts: {
    ...agentAccounts,
    // gaps cannot be announced to a Scribe receiver: what it knows of them is nothing, not zero
    async read(node) {
      const { skippedByPeers: _, ...account } = await agentAccounts.read(node);
      return account;
    },
  },
  reload: agentReload,
  locate: agent.locate,

  async plan(node, found) {
    return planOf(node, found, await configuration(node));
  },
};

function configuration(node: ToolNode): Promise<string> {
  const { receive, registry, policy, send } = node;
  const address = receive === null ? '' : `${receive.host}:${receive.port}`;
  const destinations = send.map(({ name, host, port }) => {
    return { name, address: `${host}:${port}`, scribe: { category: CATEGORY }, policy };
  });
  return render(node, registry, { type: 'scribe', name: 'hop', address }, destinations);
}
