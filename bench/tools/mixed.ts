// A chain whose links are run by different tools: link n by the nth of them, on both of its sides. A node between two
// tools runs the receiving part of one and the sending part of the other; all they share is the event files between
// them, which the sender tails. To the rest of the bench it is a tool like any other, without counters of its own:
// every link is judged by the event files on both of its sides.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BenchError } from '../run-error.ts';
import type { DurabilityClass, FoundTool, NodePlan, Tool, ToolFeatures, ToolNode } from './tool.ts';

type Side = 'receive' | 'send';

const CLASSES: readonly DurabilityClass[] = ['memory', 'write', 'sync'];
/** Both parts of a node may serve HTTP. */
const SENDER_PORT_STEP = 1;

export function mixedTool(name: string, links: readonly Tool[]): Tool {
  return {
    name,
    summary: `link by link: ${links.map((tool) => tool.name).join(', ')}`,
    features: weakest(links.map(({ features }) => features)),
    sustainsPerMinute: lowest(links.map(({ sustainsPerMinute }) => sustainsPerMinute)),
    accounts: null,
    async locate(root) {
      const found: FoundTool[] = [];
      for (const tool of links) {
        const location = await tool.locate(root);
        if (!location.found) return { ...location, howToGet: `${tool.name}: ${location.howToGet}` };
        found.push(location);
      }
      const version = found.map((each) => each.version).join(', ');
      return { found: true, version, binary: '', env: {}, links: found };
    },
    async plan(node, found) {
      const { incoming, outgoing } = node.links;
      // The same tool on both sides of the node needs no files between: it passes on as in a chain of its own.
      if (incoming === null || outgoing === null || links[incoming] === links[outgoing]) {
        return planOf(links, found, incoming ?? outgoing ?? 0, node);
      }
      const receive = await planOf(links, found, incoming, await partOf(node, 'receive'));
      const send = await planOf(links, found, outgoing, await partOf(node, 'send'));
      return joined(receive, send);
    },
  };
}

function planOf(links: readonly Tool[], found: FoundTool, link: number, node: ToolNode): Promise<NodePlan> {
  const [tool, program] = [links[link], found.links?.[link]];
  if (tool !== undefined && program !== undefined) return tool.plan(node, program);
  throw new BenchError('usage', `the chain has a link ${link + 1}, but only ${links.length} tools are named`);
}

async function partOf(node: ToolNode, side: Side): Promise<ToolNode> {
  const [bufferDir, confDir, outDir] = [node.bufferDir, node.confDir, node.outDir].map((dir) =>
    join(dir, side),
  );
  if (bufferDir === undefined || confDir === undefined || outDir === undefined) return node;
  for (const dir of [bufferDir, confDir, outDir]) await mkdir(dir, { recursive: true });
  const part = { ...node, bufferDir, confDir, outDir };
  if (side === 'send') return { ...part, receive: null, httpPort: node.httpPort + SENDER_PORT_STEP };
  // Nobody tells the receiving part what the sending one has read: it must keep everything.
  return { ...part, send: [], keepBytes: node.capBytes, capBytes: 2 * node.capBytes };
}

function joined(receive: NodePlan, send: NodePlan): NodePlan {
  const named = (plan: NodePlan, side: Side) => {
    return plan.processes.map((process) => {
      return { ...process, name: process.name === '' ? side : `${side}-${process.name}` };
    });
  };
  return {
    log: send.log,
    files: [...receive.files, ...send.files],
    checks: [...receive.checks, ...send.checks],
    processes: [...named(receive, 'receive'), ...named(send, 'send')],
  };
}

/** null says nothing: a chain is as fast as the slowest of which something is known. */
function lowest(rates: readonly (number | null)[]): number | null {
  const known = rates.filter((rate) => rate !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** A chain promises what its weakest link does. */
function weakest(all: readonly ToolFeatures[]): ToolFeatures {
  const every = (has: (features: ToolFeatures) => boolean) => all.every(has);
  const acknowledged = (durability: 'fsync' | 'os') => {
    const classes = all.map((features) => CLASSES.indexOf(features.acknowledgedAfter[durability]));
    return CLASSES[Math.min(...classes)] ?? 'memory';
  };
  return {
    rollsEventFiles: every((features) => features.rollsEventFiles),
    acknowledges: every((features) => features.acknowledges),
    buffersOnDisk: every((features) => features.buffersOnDisk),
    durabilities: (['fsync', 'os'] as const).filter((each) =>
      every((features) => features.durabilities.includes(each)),
    ),
    usesRegistry: false,
    expiresEventFiles: false,
    acknowledgedAfter: { fsync: acknowledged('fsync'), os: acknowledged('os') },
    capsBuffer: every((features) => features.capsBuffer),
    fansOut: every((features) => features.fansOut),
    balances: every((features) => features.balances),
    keepsOrder: every((features) => features.keepsOrder),
  };
}
