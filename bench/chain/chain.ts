// A chain on this machine: starts, restarts and stops the processes of its nodes and knows what runs.
// Instances are started in parallel, a bounded number at once. It owns its folder, its etcd and its data in memory.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastq from 'fastq';
import type { ObservedProcess } from '../observer/spec.ts';
import { BenchError } from '../run-error.ts';
import type { ChainShape } from '../scenario.ts';
import type { PlannedProcess, ToolRegistry } from '../tools/tool.ts';
import { type ChainFile, writeChainFile, writeObserved } from './chain-file.ts';
import { etcdCommand, etcdEndpoint, findEtcd, registeredIds, registryPrefix } from './etcd.ts';
import { type ChainLayout, type ChainNode, DATA_FOLDER_MARK, HOP_PORT, markers } from './layout.ts';
import { makeFolders, type NodeSettings, type PreparedNode, prepareNode } from './node-setup.ts';
import { outputTail } from './output.ts';
import {
  type Exit,
  killProcess,
  type ProcessRecord,
  type SpawnRequest,
  signalGroup,
  startProcess,
  stopProcess,
} from './process.ts';
import { groupMembers, isAlive } from './procfs.ts';
import { claimAddress, probe, waitUntil } from './ready.ts';

const STARTING_AT_ONCE = 4;
const READY_MS = 20_000;
const CONNECTED_MS = 20_000;
export const STOP_MS = 15_000;

export interface ChainSettings extends Omit<NodeSettings, 'registry'> {
  readonly shape: ChainShape;
  readonly onNote: (text: string) => void;
  /** A process that ended by itself. */
  readonly onExit: (record: ProcessRecord, exit: Exit) => void;
}

export class LocalChain {
  readonly layout: ChainLayout;
  readonly processesPath: string;
  readonly #settings: ChainSettings;
  readonly #running = new Map<string, ProcessRecord>();
  readonly #expectedToEnd = new Set<number>();
  readonly #startedAt = new Date().toISOString();
  #saving: Promise<void> = Promise.resolve();
  #prepared: readonly PreparedNode[] = [];
  #registry: ToolRegistry = { type: 'static', instances: {} };

  constructor(layout: ChainLayout, settings: ChainSettings) {
    this.layout = layout;
    this.#settings = settings;
    this.processesPath = join(layout.dir, 'processes.json');
  }

  get nodes(): readonly PreparedNode[] {
    return this.#prepared;
  }

  get processes(): readonly ProcessRecord[] {
    return [...this.#running.values()];
  }

  get registryText(): string {
    return describeRegistry(this.#registry);
  }

  /** Folders, registry and configuration files; no process of a tool yet. */
  async prepare(signal: AbortSignal): Promise<void> {
    const { layout } = this;
    await mkdir(layout.dir, { recursive: true });
    await mkdir(layout.dataDir, { recursive: true });
    if (layout.dataDir !== layout.dir) await writeFile(join(layout.dataDir, DATA_FOLDER_MARK), layout.dir);
    await this.#save();
    await makeFolders(layout);
    this.#registry = await this.#openRegistry(signal);
    const settings = { ...this.#settings, registry: this.#registry };
    this.#prepared = await Promise.all(layout.nodes.map((node) => prepareNode(layout, node, settings)));
    await this.#save();
  }

  /** Takes over a chain that an earlier command left up: its processes are known by their records only. */
  async adopt(file: ChainFile): Promise<void> {
    this.#registry = file.registry;
    const settings = { ...this.#settings, registry: file.registry };
    this.#prepared = await Promise.all(
      this.layout.nodes.map((node) => prepareNode(this.layout, node, settings)),
    );
    for (const record of file.processes) {
      if (await isAlive(record)) this.#running.set(record.name, record);
    }
  }

  /** Returns when every process of these nodes is ready. */
  async start(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const queue = fastq.promise((id: string) => this.#startNode(id, signal), STARTING_AT_ONCE);
    // All of them settle first: one that fails must not leave another starting behind our back.
    const started = await Promise.allSettled(ids.map((id) => queue.push(id)));
    await this.#save();
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Returns when these nodes are registered (with a registry) and their senders connected (where one can ask). */
  async waitConnected(signal: AbortSignal, wanted: readonly string[]): Promise<void> {
    const { tool } = this.#settings;
    if (tool.features.usesRegistry && this.#registry.type === 'etcd') {
      const missingIds = async () => {
        const there = await registeredIds(this.layout);
        const missing = wanted.filter((id) => !there.includes(id));
        return missing.length === 0 ? null : `not registered: ${missing.join(', ')}`;
      };
      await waitUntil('the chain did not register', missingIds, CONNECTED_MS, signal);
    }
    for (const { view } of this.#prepared.filter(({ node }) => wanted.includes(node.id))) {
      const look = () => tool.accounts?.waitingFor(view) ?? Promise.resolve(null);
      await waitUntil('the chain did not connect', look, CONNECTED_MS, signal);
    }
  }

  /** SIGTERM, in the order opposite to the start within a node. */
  async stopNode(id: string, termMs = STOP_MS): Promise<readonly string[]> {
    const killed: string[] = [];
    for (const record of this.#recordsOf(id).reverse()) {
      this.#expectedToEnd.add(record.pid);
      if ((await stopProcess(record, termMs)) === 'killed') killed.push(record.name);
      this.#running.delete(record.name);
    }
    await this.#save();
    return killed;
  }

  async killNode(id: string): Promise<void> {
    for (const record of this.#recordsOf(id)) {
      this.#expectedToEnd.add(record.pid);
      await killProcess(record);
      this.#running.delete(record.name);
    }
    await this.#save();
  }

  async signalNode(id: string, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    for (const record of this.#recordsOf(id)) await signalGroup(record, signal);
  }

  isUp(id: string): boolean {
    return this.#recordsOf(id).length > 0;
  }

  /** Starts a process of the rig itself, so that it is found, measured and taken down like the others. */
  async startRig(request: Omit<SpawnRequest, 'group' | 'node' | 'env' | 'stop'>): Promise<ProcessRecord> {
    const record = await this.#spawn({ ...request, node: 'rig', group: 'rig', env: {}, stop: 'process' });
    await this.#save();
    return record;
  }

  /** Ends everything from the head of the chain to its ends. Names what had to be killed. */
  async stop(termMs = STOP_MS): Promise<readonly string[]> {
    const killed: string[] = [];
    for (const node of this.layout.nodes) killed.push(...(await this.stopNode(node.id, termMs)));
    for (const record of this.processes) {
      if ((await this.stopRig(record, termMs)) === 'killed') killed.push(record.name);
    }
    await rm(this.layout.memoryDir, { recursive: true, force: true });
    await this.#save();
    return killed;
  }

  /** Children come and go (one a connection): looks again whom to measure. */
  refresh(): Promise<void> {
    return this.#save();
  }

  /** Ends one process of the rig. */
  async stopRig(record: ProcessRecord, termMs = STOP_MS): Promise<'gone' | 'stopped' | 'killed'> {
    this.#expectedToEnd.add(record.pid);
    const how = await stopProcess(record, termMs);
    this.#running.delete(record.name);
    await this.#save();
    return how;
  }

  async remove(): Promise<void> {
    await rm(this.layout.dataDir, { recursive: true, force: true });
    await rm(this.layout.dir, { recursive: true, force: true });
  }

  async #openRegistry(signal: AbortSignal): Promise<ToolRegistry> {
    const { layout } = this;
    const addresses = layout.nodes.map((node) => [node.id, `${node.address}:${HOP_PORT}`]);
    const fixed: ToolRegistry = { type: 'static', instances: Object.fromEntries(addresses) };
    if (!this.#settings.tool.features.usesRegistry) return fixed;
    const program = await findEtcd(layout.root);
    if (program === null) {
      this.#settings.onNote(
        'no etcd found: the chain runs on the static registry (scripts/setup.sh --retry gets etcd)',
      );
      return fixed;
    }
    await rm(layout.memoryDir, { recursive: true, force: true });
    await mkdir(layout.memoryDir, { recursive: true, mode: 0o700 });
    const endpoint = etcdEndpoint(layout);
    const { hostname, port } = new URL(endpoint);
    await claimAddress('etcd', hostname, Number(port));
    const record = await this.#spawn({
      name: 'etcd',
      node: 'etcd',
      group: 'rig',
      stop: 'process',
      argv: etcdCommand(program, layout),
      cwd: layout.dir,
      env: program.env,
      out: join(layout.dir, 'etcd.out'),
    });
    await this.#waitReady(record, { kind: 'http', url: `${endpoint}/health` }, signal);
    return { type: 'etcd', endpoints: [endpoint], prefix: registryPrefix(layout) };
  }

  async #startNode(id: string, signal: AbortSignal): Promise<void> {
    const prepared = this.#prepared.find(({ node }) => node.id === id);
    if (prepared === undefined) throw new BenchError('run', `${id} is not in the chain`);
    const { node, plan } = prepared;
    for (const planned of plan.processes) await this.#claim(node, planned);
    for (const planned of plan.processes) {
      signal.throwIfAborted();
      const record = await this.#spawn({
        name: planned.name === '' ? node.id : `${node.id}/${planned.name}`,
        node: node.id,
        group: 'tool',
        stop: planned.stop,
        argv: planned.argv,
        cwd: node.dir,
        env: planned.env,
        out: join(node.outDir, `${planned.name || this.#settings.tool.name}.out`),
      });
      await this.#waitReady(record, planned.ready, signal);
    }
  }

  async #claim(node: ChainNode, planned: PlannedProcess): Promise<void> {
    if (planned.ready.kind === 'tcp') await claimAddress(node.id, planned.ready.host, planned.ready.port);
    if (planned.ready.kind !== 'http') return;
    const { hostname, port } = new URL(planned.ready.url);
    await claimAddress(node.id, hostname, Number(port));
    if (node.from !== null) await claimAddress(node.id, node.address, HOP_PORT);
  }

  async #spawn(request: SpawnRequest): Promise<ProcessRecord> {
    const { record, exited } = await startProcess({
      ...request,
      env: { ...request.env, ...markers(this.layout) },
    });
    this.#running.set(record.name, record);
    exited.then(
      (exit) => {
        if (this.#running.get(record.name) === record) this.#running.delete(record.name);
        if (!this.#expectedToEnd.has(record.pid)) this.#settings.onExit(record, exit);
      },
      () => undefined,
    );
    await this.#save();
    return record;
  }

  async #waitReady(
    record: ProcessRecord,
    ready: PlannedProcess['ready'],
    signal: AbortSignal,
  ): Promise<void> {
    const look = async () => {
      if (this.#running.get(record.name) !== record) {
        throw new BenchError('run', `${record.name} ended at start:\n${await outputTail(record.out)}`);
      }
      return probe(ready);
    };
    await waitUntil(`${record.name} did not become ready`, look, READY_MS, signal);
  }

  #recordsOf(id: string): ProcessRecord[] {
    return this.processes.filter((record) => record.node === id);
  }

  /** One after the other: nodes start in parallel, and each records what runs. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  async #write(): Promise<void> {
    const { layout } = this;
    const { shape, tool, durability, log } = this.#settings;
    await writeChainFile(layout.dir, {
      version: 1,
      name: layout.name,
      shape,
      tool: tool.name,
      durability,
      log,
      dataDir: layout.dataDir,
      memoryDir: layout.memoryDir,
      startedAt: this.#startedAt,
      registry: this.#registry,
      processes: this.processes,
    });
    await writeObserved(this.processesPath, await observed(this.processes));
  }
}

export function describeRegistry(registry: ToolRegistry): string {
  return registry.type === 'etcd' ? `etcd at ${registry.endpoints.join(', ')}` : 'static';
}

/** A process may have children (socat has one a connection): all are measured. */
async function observed(records: readonly ProcessRecord[]): Promise<ObservedProcess[]> {
  const listed = await Promise.all(
    records.map(async ({ name, pid, group }) => {
      const members = (await groupMembers(pid))
        .map((member) => member.pid)
        .filter((member) => member !== pid);
      return [pid, ...members].map((member, index) => ({
        name: index === 0 ? name : `${name}.${index + 1}`,
        pid: member,
        group,
      }));
    }),
  );
  return listed.flat();
}
