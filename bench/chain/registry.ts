// The registry of a chain: an etcd of its own, or where there is none the static list of addresses. It can be
// stopped, killed, wiped and started again like a node, under the name `etcd`.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BenchError } from '../run-error.ts';
import type { Program } from '../tools/program.ts';
import type { ToolRegistry } from '../tools/tool.ts';
import { claimAddress, RELEASE_MS } from './addresses.ts';
import { etcdCommand, etcdEndpoint, findEtcd, registeredIds, registryPrefix } from './etcd.ts';
import { type ChainLayout, HOP_PORT } from './layout.ts';
import type { SpawnRequest } from './process.ts';
import type { ProcessTable } from './process-table.ts';

/** The name of the registry's process, and of the node that it counts as. */
export const ETCD = 'etcd';
const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;

export class ChainRegistry {
  readonly #layout: ChainLayout;
  readonly #table: ProcessTable;
  #registry: ToolRegistry = { type: 'static', instances: {} };

  constructor(layout: ChainLayout, table: ProcessTable) {
    this.#layout = layout;
    this.#table = table;
  }

  /** What the tools are told. */
  get description(): ToolRegistry {
    return this.#registry;
  }

  /** For a chain that an earlier command left up. */
  adopt(registry: ToolRegistry): void {
    this.#registry = registry;
  }

  /** `wanted`: by a tool that registers itself; another one gets the list of addresses. */
  async open(wanted: boolean, onNote: (text: string) => void, signal: AbortSignal): Promise<void> {
    const layout = this.#layout;
    const addresses = layout.nodes.map((node) => [node.id, `${node.advertised}:${HOP_PORT}`]);
    this.#registry = { type: 'static', instances: Object.fromEntries(addresses) };
    if (!wanted) return;
    const program = await findEtcd(layout.root);
    if (program === null) {
      onNote('no etcd found: the chain runs on the static registry (scripts/setup.sh --retry gets etcd)');
      return;
    }
    await rm(layout.memoryDir, REMOVE);
    await this.#start(program, signal);
    this.#registry = { type: 'etcd', endpoints: [etcdEndpoint(layout)], prefix: registryPrefix(layout) };
  }

  /** Again, after it was stopped, with what it has on disk. */
  async start(signal: AbortSignal): Promise<void> {
    const program = await findEtcd(this.#layout.root);
    if (program === null) throw new BenchError('run', 'no etcd found');
    await this.#start(program, signal);
  }

  /** Ids that are missing; null where there is no etcd, or it does not answer. */
  async unregistered(): Promise<readonly string[] | null> {
    if (this.#registry.type !== 'etcd' || this.#table.ofNode(ETCD).length === 0) return null;
    const there = await registeredIds(this.#layout).catch(() => null);
    if (there === null) return null;
    return this.#layout.nodes
      .filter(({ id, standby }) => !standby && !there.includes(id))
      .map(({ id }) => id);
  }

  async #start(program: Program, signal: AbortSignal): Promise<void> {
    const layout = this.#layout;
    await mkdir(layout.memoryDir, { recursive: true, mode: 0o700 });
    const endpoint = etcdEndpoint(layout);
    const { hostname, port } = new URL(endpoint);
    await claimAddress(ETCD, hostname, Number(port), RELEASE_MS);
    const request: SpawnRequest = {
      ...{ name: ETCD, node: ETCD, group: 'rig', stop: 'process', cwd: layout.dir, env: program.env },
      argv: etcdCommand(program, layout),
      out: join(layout.dir, 'etcd.out'),
    };
    await this.#table.start(request, { kind: 'http', url: `${endpoint}/health` }, signal);
  }
}

export function describeRegistry(registry: ToolRegistry): string {
  return registry.type === 'etcd' ? `etcd at ${registry.endpoints.join(', ')}` : 'static';
}
