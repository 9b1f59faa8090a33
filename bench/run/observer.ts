// The observer of a run as seen from the rig: its spec, its process, its samples.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalChain } from '../chain/chain.ts';
import { type ChainNode, EVENT_FILES } from '../chain/layout.ts';
import type { ProcessRecord } from '../chain/process.ts';
import { isAlive } from '../chain/procfs.ts';
import { waitUntil } from '../chain/ready.ts';
import type { ObserverSpec, Sample, WatchedDirectory } from '../observer/spec.ts';
import { BenchError, hasCode } from '../run-error.ts';

export const SOURCE = 'source';
const ARRIVAL_POLL_MS = 5;
const SAMPLE_MS = 250;
const START_MS = 20_000;
const STOP_MS = 10_000;

export class ObserverRun {
  readonly outDir: string;
  readonly #chain: LocalChain;
  #record: ProcessRecord | null = null;
  #samples: Sample[] = [];
  #textRead = 0;

  constructor(chain: LocalChain, outDir: string) {
    this.#chain = chain;
    this.outDir = outDir;
  }

  /** Returns when the first sample is there: from then on nothing is missed. */
  async start(signal: AbortSignal): Promise<void> {
    const { layout, own, processesPath } = this.#chain;
    const spec: ObserverSpec = {
      destinations: own.filter((node) => node.role === 'destination').map(watched),
      directories: own.map(watched),
      processesPath,
      arrivalPollMs: ARRIVAL_POLL_MS,
      sampleMs: SAMPLE_MS,
      outDir: this.outDir,
    };
    const specPath = join(this.outDir, 'observer-spec.json');
    await writeFile(specPath, JSON.stringify(spec, null, 2));
    const argv = [process.execPath, join(layout.root, 'bench/observer/main.ts'), '--spec', specPath];
    const out = join(this.outDir, 'observer.out');
    this.#record = await this.#chain.startRig({ name: 'observer', argv, cwd: layout.root, out }, signal);
    const look = async () => ((await this.samples()).length > 0 ? null : `see ${out}`);
    await waitUntil('the observer took no sample', look, START_MS, signal);
  }

  async isRunning(): Promise<boolean> {
    return this.#record !== null && (await isAlive(this.#record));
  }

  async stop(): Promise<void> {
    if (this.#record === null) return;
    if ((await this.#chain.stopRig(this.#record, STOP_MS)) === 'killed') {
      throw new BenchError(
        'run',
        `the observer did not end on SIGTERM; see ${join(this.outDir, 'observer.out')}`,
      );
    }
  }

  /** All samples so far. */
  async samples(): Promise<readonly Sample[]> {
    const text = await readFile(join(this.outDir, 'samples.jsonl'), 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return '';
      throw error;
    });
    const end = text.lastIndexOf('\n') + 1;
    const fresh = text.slice(this.#textRead, end).split('\n');
    this.#textRead = end;
    this.#samples.push(...fresh.filter((line) => line !== '').map((line) => JSON.parse(line) as Sample));
    return this.#samples;
  }
}

export function directoryName(node: ChainNode): string {
  return node.from === null ? SOURCE : node.id;
}

function watched(node: ChainNode): WatchedDirectory {
  return { name: directoryName(node), dir: node.eventsDir, include: EVENT_FILES };
}
