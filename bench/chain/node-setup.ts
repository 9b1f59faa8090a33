// A node before its processes start: its folders, the tool's plan for it, the configuration files, instance.json.

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ClusterShape } from '../cluster-shape.ts';
import { BenchError } from '../run-error.ts';
import type { LogLimits } from '../scenario.ts';
import type {
  FoundTool,
  NodePlan,
  PlannedProcess,
  SendTarget,
  Tool,
  ToolNode,
  ToolRegistry,
} from '../tools/tool.ts';
import { clusterPrefix } from './etcd.ts';
import {
  type ChainEnd,
  type ChainLayout,
  type ChainNode,
  EVENT_FILES,
  endsOf,
  HOP_PORT,
  HTTP_PORT,
  isCluster,
  markers,
} from './layout.ts';
import type { SpawnRequest } from './process.ts';

const run = promisify(execFile);
const CHECK_TIMEOUT_MS = 20_000;

export interface NodeSettings {
  readonly tool: Tool;
  readonly found: FoundTool;
  readonly durability: 'fsync' | 'os';
  readonly log: LogLimits;
  /** Destinations keep everything for the verifier: at least this much. */
  readonly destinationKeepBytes: number;
  readonly registry: ToolRegistry;
  /** Of the destination that is one. */
  readonly cluster: ClusterShape | undefined;
  /** Nodes that are sent to by TLS. */
  readonly tls?: readonly string[] | undefined;
  /** Nodes whose batches are compressed. */
  readonly zstd?: readonly string[] | undefined;
}

export interface PreparedNode {
  readonly node: ChainNode;
  readonly view: ToolNode;
  readonly plan: NodePlan;
}

export async function makeFolders(nodes: readonly ChainNode[]): Promise<void> {
  for (const node of nodes) {
    const folders = [node.eventsDir, node.bufferDir, node.confDir, node.outDir];
    await Promise.all(folders.map((folder) => mkdir(folder, { recursive: true })));
  }
}

export async function prepareNode(
  layout: ChainLayout,
  node: ChainNode,
  settings: NodeSettings,
): Promise<PreparedNode> {
  const view = viewOf(layout, node, settings);
  const plan = await settings.tool.plan(view, settings.found);
  for (const file of plan.files) await writeFile(file.path, file.text);
  for (const check of plan.checks) await runCheck(layout, node, check);
  await writeFile(join(node.dir, 'instance.json'), instanceRecord(node, settings));
  return { node, view, plan };
}

function viewOf(layout: ChainLayout, node: ChainNode, settings: NodeSettings): ToolNode {
  const { durability, log, registry } = settings;
  const isEnd = node.role === 'destination';
  const keepBytes = isEnd ? Math.max(log.keep, settings.destinationKeepBytes) : log.keep;
  return {
    root: layout.root,
    id: node.id,
    address: node.address,
    eventsDir: node.eventsDir,
    bufferDir: node.bufferDir,
    confDir: node.confDir,
    outDir: node.outDir,
    receive: node.from === null ? null : { host: node.address, port: HOP_PORT },
    advertised: node.advertised,
    send: endsOf(layout.nodes, node.to).map((end) => targetOf(end, layout, settings)),
    links: linksOf(layout, node),
    httpPort: HTTP_PORT,
    ...(settings.tls !== undefined && {
      certsDir: join(layout.dataDir, 'certs'),
      receivesTls: settings.tls.includes(node.id),
    }),
    registry: registryOf(layout, node, registry),
    durability,
    policy: log.policy,
    // What is kept counts against the cap: the ends get room for it on top.
    capBytes: isEnd ? log.cap + keepBytes : log.cap,
    reserveBytes: log.reserve,
    segmentBytes: log.segment,
    keepBytes,
  };
}

function targetOf(
  end: ChainEnd,
  layout: ChainLayout,
  { cluster, registry, tls, zstd }: NodeSettings,
): SendTarget {
  const members = end.nodes.map(({ id, advertised }) => ({ name: id, host: advertised, port: HOP_PORT }));
  const place = { name: end.name, host: members[0]?.host ?? '', port: HOP_PORT };
  const target = {
    ...place,
    ...(tls?.includes(end.name) === true && { tls: true }),
    ...(zstd?.includes(end.name) === true && { zstd: true }),
  };
  if (!isCluster(end) || cluster === undefined) return target;
  const { strategy, keyFormat: format, keyField: field, found } = cluster;
  const isLive = found === 'registry' && registry.type === 'etcd';
  const balancing = {
    strategy,
    key: { format, ...(field !== undefined && { field }) },
    prefix: isLive ? clusterPrefix(layout, end.name) : null,
  };
  return { ...target, members, balancing };
}

/** Members register under a prefix of their own, where their sender finds them all. */
function registryOf(layout: ChainLayout, node: ChainNode, registry: ToolRegistry): ToolRegistry {
  if (registry.type !== 'etcd' || node.destination === null || node.destination === node.id) return registry;
  return { ...registry, prefix: clusterPrefix(layout, node.destination) };
}

/** Instance n sends over link n; the destinations are the far end of the last one. */
function linksOf(layout: ChainLayout, node: ChainNode): ToolNode['links'] {
  const instances = layout.nodes.filter(({ role }) => role === 'instance').map(({ id }) => id);
  const incoming = node.from === null ? null : instances.indexOf(node.from);
  return { incoming, outgoing: node.to.length === 0 ? null : instances.indexOf(node.id) };
}

async function runCheck(
  layout: ChainLayout,
  node: ChainNode,
  check: NodePlan['checks'][number],
): Promise<void> {
  const [command = '', ...args] = check.argv;
  const env = { ...process.env, ...check.env, ...markers(layout) };
  try {
    await run(command, args, { cwd: node.dir, env, timeout: CHECK_TIMEOUT_MS });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const said = `${stderr}${stdout}`.trim() || String(error);
    throw new BenchError('usage', `the configuration of ${node.id} in ${node.confDir} is refused:\n${said}`, {
      cause: error,
    });
  }
}

/** What instanceid, lsevents and enter read. */
function instanceRecord(node: ChainNode, settings: NodeSettings): string {
  const record = {
    id: node.id,
    role: node.role,
    address: node.address,
    hop: node.from === null ? null : `${node.address}:${HOP_PORT}`,
    http: settings.tool.accounts === null ? null : `${node.address}:${HTTP_PORT}`,
    tool: settings.tool.name,
    version: settings.found.version,
    eventsDir: node.eventsDir,
    bufferDir: node.bufferDir,
    include: EVENT_FILES,
    from: node.from,
    to: node.to,
  };
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** How a process of the node is started. */
export function requestOf(node: ChainNode, planned: PlannedProcess, tool: string): SpawnRequest {
  const { stop, argv, env } = planned;
  return {
    ...{ node: node.id, group: 'tool', stop, argv, cwd: node.dir, env },
    name: planned.name === '' ? node.id : `${node.id}/${planned.name}`,
    out: join(node.outDir, `${planned.name || tool}.out`),
  };
}
