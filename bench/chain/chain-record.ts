// What is written down of a chain while it stands: chain.json for whoever comes later, processes.json for the observer
// and for whoever finds the chain without its bench.

import { join } from 'node:path';
import type { ObservedProcess } from '../observer/spec.ts';
import { type ChainFile, writeChainFile, writeObserved } from './chain-file.ts';
import { readProcess } from './procfs.ts';

/** This process itself, which is part of what a run costs. */
export const BENCH = 'bench';
/** In the folder of the chain. */
export const PROCESSES = 'processes.json';

export interface Recorded {
  readonly file: ChainFile;
  readonly observed: readonly ObservedProcess[];
}

export class ChainRecord {
  readonly path: string;
  readonly #dir: string;
  readonly #current: () => Recorded;
  #saving: Promise<void> = Promise.resolve();

  constructor(dir: string, current: () => Recorded) {
    this.path = join(dir, PROCESSES);
    this.#dir = dir;
    this.#current = current;
  }

  /** One after the other: nodes start in parallel, and children come and go by themselves. */
  refresh(): Promise<void> {
    const write = () => this.#write();
    this.#saving = this.#saving.then(write, write);
    return this.#saving;
  }

  async #write(): Promise<void> {
    const { file, observed } = this.#current();
    await writeChainFile(this.#dir, file);
    const startTime = (await readProcess(process.pid))?.startTime;
    const identity = { pid: process.pid, ...(startTime !== undefined && { startTime }) };
    await writeObserved(this.path, [...observed, { name: BENCH, group: 'rig', ...identity }]);
  }
}
