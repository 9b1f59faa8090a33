// A chain on this machine: starts, restarts and stops the processes of its nodes and knows what runs.
// Instances are started in parallel, a bounded number at once. It owns its folder, its etcd and its data in memory.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastq from 'fastq';
import { makeFolder } from '../folder.ts';
import { BenchError, messageOf } from '../run-error.ts';
import type { ChainShape } from '../scenario.ts';
import type { ToolRegistry } from '../tools/tool.ts';
import { claimAddresses, RELEASE_MS } from './addresses.ts';
import type { ChainFile } from './chain-file.ts';
import { ChainRecord, type Recorded } from './chain-record.ts';
import { waitConnected } from './connected.ts';
import { DrainingNodes } from './draining.ts';
import { emptyFolder } from './folder.ts';
import { type ChainLayout, type ChainNode, DATA_FOLDER_MARK } from './layout.ts';
import { unmountBelow } from './mounts.ts';
import { makeFolders, type NodeSettings, type PreparedNode, prepareNode, requestOf } from './node-setup.ts';
import { type ProcessRecord, type SpawnRequest, signalGroup } from './process.ts';
import { ProcessTable, type TableEvents } from './process-table.ts';
import { ChainRegistry, describeRegistry, ETCD } from './registry.ts';

const STARTING_AT_ONCE = 4;
const STOP_MS = 15_000;
const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;

export interface ChainSettings extends Omit<NodeSettings, 'registry' | 'cluster'> {
  readonly shape: ChainShape;
  /** Of a chain over several machines: the nodes of this one. Left out: all are here. */
  readonly here?: readonly string[];
  /** Left out: the chain's own, started with it. */
  readonly registry?: ToolRegistry;
  /** From SIGTERM to SIGKILL. */
  readonly stopMs?: number;
  readonly onNote: (text: string) => void;
  readonly onExit: TableEvents['onExit'];
}

export class LocalChain {
  readonly layout: ChainLayout;
  readonly #settings: ChainSettings;
  readonly #table: ProcessTable;
  readonly #startedAt = new Date().toISOString();
  readonly #record: ChainRecord;
  #prepared: readonly PreparedNode[] = [];
  /** Nodes that were started before. */
  readonly #began = new Set<string>();
  /** Nodes that were started and that nobody asked to end. */
  readonly #wanted = new Set<string>();
  readonly #draining: DrainingNodes;
  readonly #registry: ChainRegistry;

  constructor(layout: ChainLayout, settings: ChainSettings) {
    this.layout = layout;
    this.#settings = settings;
    this.#record = new ChainRecord(layout.dir, () => this.#recorded());
    this.#table = new ProcessTable(layout, {
      onExit: settings.onExit,
      // A list that cannot be written (a full disk) must not keep anything from being stopped.
      onChange: () =>
        this.refresh().catch((error: unknown) => settings.onNote(`chain.json: ${messageOf(error)}`)),
    });
    this.#registry = new ChainRegistry(layout, this.#table);
    this.#draining = new DrainingNodes(settings);
  }

  get processesPath(): string {
    return this.#record.path;
  }

  get stopMs(): number {
    return this.#settings.stopMs ?? STOP_MS;
  }

  /** The nodes that this machine has. */
  get own(): readonly ChainNode[] {
    const { here } = this.#settings;
    return this.layout.nodes.filter(({ id }) => here === undefined || here.includes(id));
  }

  get nodes(): readonly PreparedNode[] {
    return this.#prepared;
  }

  /** Nodes that were started at least once: a member in reserve may never be. */
  get begun(): readonly PreparedNode[] {
    return this.#prepared.filter(({ node }) => !node.standby || this.#began.has(node.id));
  }

  get processes(): readonly ProcessRecord[] {
    return this.#table.all;
  }

  get registryText(): string {
    return describeRegistry(this.#registry.description);
  }

  /** Folders, registry and configuration files; no process of a tool yet. */
  async prepare(signal: AbortSignal): Promise<void> {
    const { layout } = this;
    await mkdir(layout.dir, { recursive: true });
    await makeFolder(layout.dataDir);
    if (layout.dataDir !== layout.dir) await writeFile(join(layout.dataDir, DATA_FOLDER_MARK), layout.dir);
    await this.refresh();
    await makeFolders(this.own);
    const { registry, tool, onNote } = this.#settings;
    if (registry === undefined) await this.#registry.open(tool.features.usesRegistry, onNote, signal);
    else this.#registry.adopt(registry);
    await this.#prepareNodes();
    await this.refresh();
  }

  /** Takes over a chain that an earlier command left up. */
  async adopt(file: ChainFile): Promise<void> {
    this.#registry.adopt(file.registry);
    await this.#prepareNodes();
    await this.#table.adopt(file.processes);
    for (const { id } of this.layout.nodes) if (this.isUp(id)) this.#wanted.add(id);
  }

  /** Returns when every process of these nodes is ready. */
  async start(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const queue = fastq.promise((id: string) => this.#startNode(id, signal), STARTING_AT_ONCE);
    // All of them settle first: one that fails must not leave another starting behind our back.
    const started = await Promise.allSettled(ids.map((id) => queue.push(id)));
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Starts a node without waiting until it is ready: it may be killed again before. */
  launch(id: string, signal: AbortSignal): Promise<void> {
    return this.#startNode(id, signal, 'launched');
  }

  /** Returns when these nodes are registered (with a registry) and their senders connected (where one can ask). */
  waitConnected(signal: AbortSignal, wanted: readonly string[]): Promise<void> {
    const { layout } = this;
    const nodes = this.#prepared.filter(({ node }) => wanted.includes(node.id));
    const registry = this.#registry.description;
    return waitConnected({ layout, tool: this.#settings.tool, registry }, wanted, nodes, signal);
  }

  isUp(id: string): boolean {
    return this.#table.ofNode(id).length > 0;
  }

  /** Nobody asked it to end: it is up, or fell by itself. */
  isWanted(id: string): boolean {
    return this.#wanted.has(id);
  }

  /** Nodes that should be up and of which a process is gone, whoever started it. */
  async fallen(): Promise<readonly string[]> {
    const fallen: string[] = [];
    for (const { node, plan } of this.#prepared) {
      if (!this.#wanted.has(node.id)) continue;
      const alive = await this.#table.alive(node.id);
      if (alive < plan.processes.length && this.#wanted.has(node.id)) fallen.push(node.id);
    }
    return fallen;
  }

  /** Ends what is left of a node, and starts it. */
  async restart(id: string, signal: AbortSignal): Promise<void> {
    for (const record of this.#table.ofNode(id)) await this.#table.kill(record);
    if (this.#wanted.has(id)) await this.start([id], signal);
  }

  /** SIGTERM, in the order opposite to the start within a node. Names what had to be killed. */
  async stopNode(id: string, termMs = this.stopMs): Promise<readonly string[]> {
    this.#wanted.delete(id);
    const killed: string[] = [];
    for (const record of this.#table.ofNode(id).toReversed()) {
      if ((await this.#table.stop(record, termMs)) === 'killed') killed.push(record.name);
    }
    return killed;
  }

  async killNode(id: string): Promise<void> {
    this.#wanted.delete(id);
    for (const record of this.#table.ofNode(id)) await this.#table.kill(record);
  }

  async signalNode(id: string, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'): Promise<void> {
    for (const record of this.#table.ofNode(id)) await signalGroup(record, signal);
  }

  isDraining(id: string): boolean {
    return this.#draining.has(id);
  }

  /** A member of a cluster says that it wants to be given nothing more, or that it does again. */
  async drainNode(id: string, draining: boolean): Promise<void> {
    const prepared = this.#prepared.find(({ node }) => node.id === id);
    if (prepared === undefined) throw new BenchError('run', `${id} is not in the chain`);
    await this.#draining.set(prepared, this.#registry.description, draining);
    for (const record of this.#table.ofNode(id)) await signalGroup(record, 'SIGHUP');
  }

  /** Starts a process of the rig itself, so that it is found, measured and taken down like the others. */
  startRig(
    request: Omit<SpawnRequest, 'group' | 'node' | 'env' | 'stop'>,
    signal: AbortSignal,
  ): Promise<ProcessRecord> {
    const complete = { ...request, node: 'rig', group: 'rig', env: {}, stop: 'process' } as const;
    return this.#table.start(complete, { kind: 'running' }, signal);
  }

  stopRig(record: ProcessRecord, termMs = STOP_MS): Promise<'gone' | 'stopped' | 'killed'> {
    return this.#table.stop(record, termMs);
  }

  /** Ends everything from the head of the chain to its ends, whatever fails. Names what had to be killed. */
  async stop(termMs = this.stopMs): Promise<readonly string[]> {
    this.#wanted.clear();
    const ofNodes = this.layout.nodes.flatMap(({ id }) => this.#table.ofNode(id).toReversed());
    const others = this.processes.filter((record) => !ofNodes.includes(record));
    const killed: string[] = [];
    const failed: unknown[] = [];
    for (const record of [...ofNodes, ...others]) {
      try {
        if ((await this.#table.stop(record, termMs)) === 'killed') killed.push(record.name);
      } catch (error) {
        failed.push(error);
      }
    }
    await rm(this.layout.memoryDir, REMOVE);
    if (failed.length > 0) throw failed[0];
    return killed;
  }

  /** Everything that a stopped node, or the registry, has on disk; its configuration stays. Returns the bytes. */
  async wipe(id: string): Promise<number> {
    if (this.isUp(id)) throw new BenchError('run', `${id} is up`);
    if (id === ETCD) return emptyFolder(this.layout.memoryDir);
    const node = this.layout.nodes.find((candidate) => candidate.id === id);
    if (node === undefined) throw new BenchError('run', `${id} is not in the chain`);
    // The first node's events are the generator's.
    const folders = node.from === null ? [node.bufferDir] : [node.eventsDir, node.bufferDir];
    const bytes = await Promise.all(folders.map((folder) => emptyFolder(folder)));
    return bytes.reduce((sum, each) => sum + each, 0);
  }

  get registry(): ChainRegistry {
    return this.#registry;
  }

  async remove(): Promise<void> {
    await unmountBelow(this.layout.dataDir);
    await rm(this.layout.dataDir, REMOVE);
    await rm(this.layout.dir, REMOVE);
  }

  /** Writes down what runs. */
  refresh(): Promise<void> {
    return this.#record.refresh();
  }

  async #prepareNodes(): Promise<void> {
    const { shape } = this.#settings;
    const settings = { ...this.#settings, cluster: shape.cluster, registry: this.#registry.description };
    this.#prepared = await Promise.all(this.own.map((node) => prepareNode(this.layout, node, settings)));
  }

  async #startNode(id: string, signal: AbortSignal, until: 'ready' | 'launched' = 'ready'): Promise<void> {
    if (id === ETCD) return this.#registry.start(signal);
    const prepared = this.#prepared.find(({ node }) => node.id === id);
    if (prepared === undefined) throw new BenchError('run', `${id} is not in the chain`);
    const { node, plan } = prepared;
    this.#wanted.delete(id);
    const patienceMs = this.#began.has(id) ? RELEASE_MS : 0;
    this.#began.add(id);
    for (const planned of plan.processes) await claimAddresses(node.id, planned.ready, node, patienceMs);
    for (const planned of plan.processes) {
      signal.throwIfAborted();
      const request = requestOf(node, planned, this.#settings.tool.name);
      // What an earlier start left there would say that this one is ready.
      if (planned.ready.kind === 'file') await rm(planned.ready.path, { force: true });
      const ready = until === 'ready' ? planned.ready : ({ kind: 'running' } as const);
      await this.#table.start(request, ready, signal);
    }
    this.#wanted.add(id);
  }

  #recorded(): Recorded {
    const { layout } = this;
    const { shape, tool, durability, log } = this.#settings;
    const file: ChainFile = {
      ...{ version: 1, name: layout.name, shape, tool: tool.name, durability, log },
      dataDir: layout.dataDir,
      memoryDir: layout.memoryDir,
      startedAt: this.#startedAt,
      registry: this.#registry.description,
      processes: this.processes,
    };
    return { file, observed: this.#table.observed() };
  }
}
