// The processes of one chain that run now: starts them with the chain's markers, waits until they are ready, ends
// them, and tells an end that was wanted from one that was not.

import type { ObservedProcess } from '../observer/spec.ts';
import { BenchError, messageOf } from '../run-error.ts';
import type { ReadyProbe } from '../tools/tool.ts';
import { type ChainLayout, markers, markOf, PROCESS_MARKER } from './layout.ts';
import { outputTail } from './output.ts';
import {
  type Exit,
  killProcess,
  type ProcessRecord,
  type SpawnRequest,
  startProcess,
  stopProcess,
} from './process.ts';
import { isAlive } from './procfs.ts';
import { probe, waitUntil } from './ready.ts';

const READY_MS = 20_000;

export interface TableEvents {
  /** A process that ended by itself. */
  readonly onExit: (record: ProcessRecord, exit: Exit) => void;
  /** Something was started or ended: whoever keeps a list writes it anew. */
  readonly onChange: () => Promise<void>;
}

export class ProcessTable {
  readonly #layout: ChainLayout;
  readonly #events: TableEvents;
  readonly #running = new Map<string, ProcessRecord>();
  readonly #expectedToEnd = new Set<ProcessRecord>();

  constructor(layout: ChainLayout, events: TableEvents) {
    this.#layout = layout;
    this.#events = events;
  }

  get all(): readonly ProcessRecord[] {
    return [...this.#running.values()];
  }

  /** In the order of their start. */
  ofNode(id: string): readonly ProcessRecord[] {
    return this.all.filter((record) => record.node === id);
  }

  /** How many processes of a node run; those that an earlier command started tell of their end only when asked. */
  async alive(id: string): Promise<number> {
    const alive = await Promise.all(this.ofNode(id).map((record) => isAlive(record)));
    return alive.filter(Boolean).length;
  }

  /** Takes over what an earlier command started: known by their records only. */
  async adopt(records: readonly ProcessRecord[]): Promise<void> {
    for (const record of records) {
      if (await isAlive(record)) this.#running.set(record.name, record);
    }
  }

  /** Returns when the process is ready; throws with its last words when it ends instead. */
  async start(request: SpawnRequest, ready: ReadyProbe, signal: AbortSignal): Promise<ProcessRecord> {
    const mark = markOf(this.#layout, request.name);
    const env = { ...request.env, ...markers(this.#layout), [PROCESS_MARKER]: mark };
    const { record, exited } = await startProcess({ ...request, env });
    this.#running.set(record.name, record);
    exited.then(
      (exit) => this.#ended(record, exit),
      () => undefined,
    );
    await this.#events.onChange();
    const look = async () => {
      if (this.#running.get(record.name) === record) return probe(ready);
      throw new BenchError('run', `${record.name} ended at start:\n${await outputTail(record.out)}`);
    };
    try {
      await waitUntil(`${record.name} did not become ready`, look, READY_MS, signal);
    } catch (error) {
      if (request.group === 'rig' || signal.aborted) throw error;
      throw new BenchError('tool-failed', messageOf(error), { cause: error });
    }
    return record;
  }

  async stop(record: ProcessRecord, termMs: number): Promise<'gone' | 'stopped' | 'killed'> {
    this.#expectedToEnd.add(record);
    const how = await stopProcess(record, termMs);
    await this.#forget(record);
    return how;
  }

  async kill(record: ProcessRecord): Promise<void> {
    this.#expectedToEnd.add(record);
    await killProcess(record);
    await this.#forget(record);
  }

  /** A process may have children, and those children: the observer finds them, by their mark at the latest. */
  observed(): ObservedProcess[] {
    return this.all.map(({ name, node, pid, group }) => {
      const home = this.#layout.nodes.find(({ id }) => id === node)?.dir;
      const place = group === 'tool' && home !== undefined ? { home } : {};
      return { name, pid, group, mark: markOf(this.#layout, name), ...place };
    });
  }

  #ended(record: ProcessRecord, exit: Exit): void {
    if (this.#running.get(record.name) === record) this.#running.delete(record.name);
    if (!this.#expectedToEnd.has(record)) this.#events.onExit(record, exit);
  }

  async #forget(record: ProcessRecord): Promise<void> {
    if (this.#running.get(record.name) === record) this.#running.delete(record.name);
    await this.#events.onChange();
  }
}
