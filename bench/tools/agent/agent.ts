// Our own agent, run as its users run it: `node agent/main.ts run --config FILE`. The instance that the generator
// writes for tails events/ into a log in buffer/; where another agent delivers, events/ is itself the log.

import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderTemplate } from '../template.ts';
import type { FoundTool, NodePlan, SendTarget, Tool, ToolNode } from '../tool.ts';
import { agentAccounts } from './accounts.ts';
import { certificatesOf } from './certificates.ts';
import { agentReload } from './reload.ts';

const TEMPLATE = 'configs/agent/bench.yaml.template';
const MAIN = 'agent/main.ts';
/** libuv reads it once, at start; four are enough for one log and keep two cores busy with little contention. */
const THREADS = process.env['UV_THREADPOOL_SIZE'] ?? '4';
/** With it Node need not strip types at every start: 28 MB of memory and half the CPU seconds of a start less. */
const COMPILE_CACHE = 'node_modules/.cache/compile';

export const agent: Tool = {
  name: 'agent',
  summary: 'Spillway: event log, acknowledged hops, exactly once into files',
  features: {
    rollsEventFiles: true,
    acknowledges: true,
    buffersOnDisk: true,
    capsBuffer: true,
    fansOut: true,
    balances: true,
    keepsOrder: true,
    durabilities: ['fsync', 'os'],
    acknowledgedAfter: { fsync: 'sync', os: 'write' },
    securesLinks: true,
    usesRegistry: true,
    expiresEventFiles: true,
  },
  sustainsPerMinute: null,
  accounts: agentAccounts,
  reload: agentReload,

  async locate(root) {
    const main = join(root, MAIN);
    const there = await access(main).then(
      () => true,
      () => false,
    );
    if (!there) return { found: false, howToGet: `${main} is missing: check the repository out again` };
    const description = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version?: string;
    };
    const env = { UV_THREADPOOL_SIZE: THREADS, NODE_COMPILE_CACHE: join(root, COMPILE_CACHE) };
    return { found: true, version: description.version ?? 'unknown', binary: main, env };
  },

  async plan(node, found) {
    return planOf(node, found, await configuration(node, { draining: false }));
  },

  async drained(node, _found, draining) {
    return [{ path: configFile(node), text: await configuration(node, { draining }) }];
  },
};

/** One agent with this configuration. */
export function planOf(node: ToolNode, found: FoundTool, text: string): NodePlan {
  const file = configFile(node);
  const command = (verb: string) => [process.execPath, found.binary, verb, '--config', file];
  return {
    log: logDir(node),
    files: [{ path: file, text }],
    checks: [{ argv: command('check'), env: found.env }],
    processes: [
      {
        name: '',
        argv: command('run'),
        env: found.env,
        ready: { kind: 'http', url: `http://${node.address}:${node.httpPort}/healthz` },
        stop: 'process',
      },
    ],
  };
}

function configFile({ confDir }: ToolNode): string {
  return join(confDir, 'agent.yaml');
}

async function configuration(node: ToolNode, { draining }: { draining: boolean }): Promise<string> {
  const { receive, certsDir } = node;
  const needsTls = node.receivesTls === true || node.send.some(({ tls }) => tls === true);
  const tls = certsDir !== undefined && needsTls ? await certificatesOf(node.root, certsDir, node.id) : null;
  const registry = draining ? { ...node.registry, draining } : node.registry;
  const endpoint = receive === null ? '' : `${receive.host}:${receive.port}`;
  const advertise = receive === null ? '' : `${node.advertised}:${receive.port}`;
  const listener = { type: 'listen', name: 'hop', address: endpoint, advertise };
  const destinations = node.send.map((target) => ({
    ...{ name: target.name, ...placeOf(target), policy: node.policy },
    ...(target.tls === true && { tls }),
    ...(target.zstd === true && { compression: 'zstd' }),
  }));
  return render(node, registry, { ...listener, ...(node.receivesTls === true && { tls }) }, destinations);
}

/** @param listener its source where another agent delivers; where none does it tails what the generator writes */
export function render(
  node: ToolNode,
  registry: object,
  listener: object,
  destinations: readonly object[],
): Promise<string> {
  const tail = { type: 'tail', name: 'events', dir: node.eventsDir, include: ['*.log'] };
  // JSON is YAML: what has a variable number of entries goes in as such.
  return renderTemplate(join(node.root, TEMPLATE), {
    id: node.id,
    logDir: JSON.stringify(logDir(node)),
    durability: node.durability,
    segmentBytes: node.segmentBytes,
    capBytes: node.capBytes,
    reserveBytes: node.reserveBytes,
    keepBytes: node.keepBytes,
    registry: JSON.stringify(registry),
    sources: JSON.stringify([node.receive === null ? tail : listener]),
    destinations: JSON.stringify(destinations),
    http: `${node.address}:${node.httpPort}`,
  });
}

function placeOf({ name, members, balancing }: SendTarget): object {
  if (members === undefined) return { instance: name };
  const { strategy = 'leastInflight', key, prefix = null } = balancing ?? {};
  const list = members.map((member) => ({ name: member.name, address: `${member.host}:${member.port}` }));
  const found = prefix === null ? { members: list } : { prefix };
  return { cluster: { strategy, ...(strategy === 'keyHash' && { key }), ...found } };
}

function logDir(node: ToolNode): string {
  return node.receive === null ? node.bufferDir : node.eventsDir;
}
