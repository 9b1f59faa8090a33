// The chain that stays up, from the point of view of one of its machines: the services of its node, and etcd's on the
// machine that has it. Runs there: `node bench/remote/main.ts start ID`, with the chain on standard input.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimAddresses } from '../chain/addresses.ts';
import { etcdCommand, etcdEndpoint, findEtcd, registeredIds, registryPrefix } from '../chain/etcd.ts';
import { type ChainLayout, HOP_PORT, markers } from '../chain/layout.ts';
import { makeFolders, type PreparedNode, prepareNode } from '../chain/node-setup.ts';
import { outputTail } from '../chain/output.ts';
import { probe, waitUntil } from '../chain/ready.ts';
import { ETCD } from '../chain/registry.ts';
import { BenchError } from '../run-error.ts';
import { chainToolName } from '../scenario.ts';
import { toolNamed } from '../tools/registry.ts';
import type { ReadyProbe, ToolRegistry } from '../tools/tool.ts';
import { type RemoteChain, registryHost } from './hosts-file.ts';
import { layoutRemote, STANDING } from './layout.ts';
import { type Service, servicesHere } from './services.ts';

const READY_MS = 40_000;
const REGISTERED_MS = 40_000;
/** What an earlier start of ours held is free again after this. */
const RELEASE_MS = 5000;

interface StandingService extends Service {
  readonly ready: ReadyProbe;
}

/** Starts, or starts again, what this machine has of the chain. Data of before stays. Returns what is up. */
export async function startStanding(
  root: string,
  chain: RemoteChain,
  id: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const layout = layoutRemote(chain, STANDING, [], root);
  const services = await servicesHere(root, layout.dir);
  await services.stop();
  const wanted = await servicesOf(layout, chain, id);
  for (const { name, ready } of wanted) {
    const node = layout.nodes.find((candidate) => name === `spillway-${candidate.id}`);
    await claimAddresses(name, ready, node, RELEASE_MS);
  }
  await services.start(wanted);
  for (const { name, ready, out } of wanted) {
    const look = () => probe(ready);
    await waitUntil(`${name} did not become ready`, look, READY_MS, signal).catch(async (error: unknown) => {
      if (!(error instanceof BenchError)) throw error;
      throw new BenchError('run', `${error.message}\n${await outputTail(out)}`, { cause: error });
    });
  }
  return wanted.map(({ name }) => name);
}

export async function stopStanding(root: string, chain: RemoteChain): Promise<void> {
  const { dir } = layoutRemote(chain, STANDING, [], root);
  await (await servicesHere(root, dir)).stop();
}

/** What should run here and does not. */
export async function standingDown(root: string, chain: RemoteChain): Promise<readonly string[]> {
  const { dir } = layoutRemote(chain, STANDING, [], root);
  return (await servicesHere(root, dir)).down();
}

/** Returns when every node of the chain `without` these has registered; throws naming those that have not. */
export async function waitRegistered(
  root: string,
  chain: RemoteChain,
  without: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (!toolNamed(chainToolName(chain.shape)).features.usesRegistry) return;
  const layout = layoutRemote(chain, STANDING, [], root);
  const look = async () => {
    const there = await registeredIds(layout);
    const wanted = layout.nodes.filter(({ id, standby }) => !standby && !without.includes(id));
    const missing = wanted.map(({ id }) => id).filter((id) => !there.includes(id));
    return missing.length === 0 ? null : `not registered: ${missing.join(', ')}`;
  };
  await waitUntil('the chain did not register', look, REGISTERED_MS, signal);
}

async function servicesOf(layout: ChainLayout, chain: RemoteChain, id: string): Promise<StandingService[]> {
  const tool = toolNamed(chainToolName(chain.shape));
  const registry = registryOf(layout, tool.features.usesRegistry);
  const services =
    registry.type === 'etcd' && registryHost(chain).id === id ? [await etcdService(layout)] : [];
  const node = layout.nodes.find((candidate) => candidate.id === id);
  if (node === undefined) {
    await writeRegistryRecord(layout, id);
    return services;
  }
  const found = await tool.locate(layout.root);
  if (!found.found)
    throw new BenchError('tool-missing', `${tool.name} is not here; to get it: ${found.howToGet}`);
  await makeFolders([node]);
  const { durability, log, shape } = chain;
  const { cluster, zstd } = shape;
  const settings = { tool, found, durability, log, destinationKeepBytes: log.keep, registry, cluster, zstd };
  const prepared = await prepareNode(layout, node, settings);
  // A member in reserve is ready, and no part of the cluster.
  return node.standby ? services : [...services, ...nodeServices(layout, prepared, tool.name)];
}

function nodeServices(layout: ChainLayout, { node, plan }: PreparedNode, tool: string): StandingService[] {
  return plan.processes.map(({ name, argv, env, ready }) => ({
    name: name === '' ? `spillway-${node.id}` : `spillway-${node.id}-${name}`,
    argv,
    env: { ...env, ...markers(layout) },
    cwd: node.dir,
    out: join(node.outDir, `${name || tool}.out`),
    ready,
  }));
}

function registryOf(layout: ChainLayout, wanted: boolean): ToolRegistry {
  if (wanted) return { type: 'etcd', endpoints: [etcdEndpoint(layout)], prefix: registryPrefix(layout) };
  const addresses = layout.nodes.map((node) => [node.id, `${node.advertised}:${HOP_PORT}`]);
  return { type: 'static', instances: Object.fromEntries(addresses) };
}

async function etcdService(layout: ChainLayout): Promise<StandingService> {
  const program = await findEtcd(layout.root);
  if (program === null) throw new BenchError('run', 'no etcd found on this machine');
  const dir = join(layout.dir, ETCD);
  await mkdir(dir, { recursive: true });
  await mkdir(layout.memoryDir, { recursive: true, mode: 0o700 });
  return {
    name: `spillway-${ETCD}`,
    argv: etcdCommand(program, layout),
    env: { ...program.env, ...markers(layout) },
    cwd: dir,
    out: join(dir, 'etcd.out'),
    ready: { kind: 'http', url: `${etcdEndpoint(layout)}/health` },
  };
}

/** A machine with etcd alone is no node, and yet somebody may ask it for its name. */
async function writeRegistryRecord(layout: ChainLayout, id: string): Promise<void> {
  const dir = join(layout.dir, id);
  await mkdir(dir, { recursive: true });
  const record = { id, role: 'registry', eventsDir: dir, include: ['*.log'], http: null };
  await writeFile(join(dir, 'instance.json'), `${JSON.stringify(record, null, 2)}\n`);
}
