// A forwarder that spoils events on purpose, each of its tools in another way, to see whether the rig notices. It is
// found by SPILLWAY_TOOLS, as a tool of a user's own would be.

import { join } from 'node:path';
import type { NodePlan, PlannedProcess, Tool, ToolFeatures, ToolNode } from '../../../../bench/tools/tool.ts';
import type { Flaw } from '../flaws.ts';

const FEATURES: ToolFeatures = {
  rollsEventFiles: false,
  acknowledges: true,
  buffersOnDisk: true,
  capsBuffer: true,
  fansOut: true,
  balances: false,
  keepsOrder: true,
  durabilities: ['os'],
  acknowledgedAfter: { fsync: 'write', os: 'write' },
  usesRegistry: false,
  expiresEventFiles: false,
};

interface Character {
  /** By destination; one that is not named is `none`. */
  readonly flaws?: Readonly<Record<string, Flaw>>;
  /** Instead of the sender. */
  readonly sender?: readonly string[];
  /** Instead of the receiver. */
  readonly receiver?: readonly string[];
  /** Sends to these only, whatever it claims. */
  readonly sendsTo?: readonly string[];
  readonly says?: number;
}

const END = ['-e', 'process.exit(0)'];
const END_SOON = ['-e', 'setTimeout(() => process.exit(0), 300)'];

export const tools: readonly Tool[] = [
  lossy('honest', {}),
  lossy('damage', {
    flaws: {
      a: 'drops',
      b: 'doubles',
      c: 'swaps',
      d: 'tears',
      e: 'alters',
      f: 'invents',
      g: 'tail',
      h: 'outage',
    },
  }),
  lossy('manners', {
    flaws: { a: 'hungry', b: 'deaf', c: 'late' },
    sendsTo: ['a', 'b', 'c'],
    says: 1_000_000,
  }),
  lossy('drops', { flaws: { a: 'drops' } }),
  lossy('silent', { receiver: END }),
  lossy('vanishes', { sender: END_SOON }),
  { ...lossy('broken', {}), plan: () => Promise.reject(new TypeError('the adapter has a fault')) },
];

function lossy(name: string, character: Character): Tool {
  const { says } = character;
  return {
    name: `lossy:${name}`,
    summary: 'spoils events on purpose',
    features: FEATURES,
    sustainsPerMinute: null,
    accounts: null,
    locate: () => Promise.resolve({ found: true, version: '1', binary: process.execPath, env: {} }),
    plan: (node) => Promise.resolve(planOf(node, character)),
    ...(says !== undefined && { counters: () => Promise.resolve({ received: says }) }),
  };
}

function planOf(node: ToolNode, character: Character): NodePlan {
  const program = (name: string) => join(import.meta.dirname, name);
  const processes: PlannedProcess[] = [];
  const { receive, id, eventsDir, bufferDir } = node;
  const flaw = character.flaws?.[id] ?? 'none';
  if (receive !== null) {
    const { host, port } = receive;
    const state = join(bufferDir, 'state.json');
    const args = character.receiver ?? [program('receive.ts'), eventsDir, state, host, String(port), flaw];
    const ready = { kind: 'tcp', host, port } as const;
    processes.push({ name: 'receive', argv: [process.execPath, ...args], env: {}, ready, stop: 'process' });
  }
  const targets = node.send.filter(({ name }) => character.sendsTo?.includes(name) ?? true);
  if (node.send.length > 0) {
    const addresses = targets.map(({ host, port }) => `${host}:${port}`);
    const args = character.sender ?? [program('send.ts'), eventsDir, ...addresses];
    const ready = { kind: 'running' } as const;
    processes.push({ name: 'send', argv: [process.execPath, ...args], env: {}, ready, stop: 'process' });
  }
  const files = [{ path: join(node.confDir, 'flaw.txt'), text: `${flaw}\n` }];
  return { log: null, files, checks: [], processes };
}
