// The generator of a run as seen from the rig: its spec, its process, its progress lines, its manifest.

import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalChain } from '../chain/chain.ts';
import type { ProcessRecord } from '../chain/process.ts';
import { isAlive } from '../chain/procfs.ts';
import type { GeneratorProgress, GeneratorSpec, Manifest } from '../generator/spec.ts';
import { hasCode } from '../run-error.ts';
import type { RunPlan } from './plan.ts';

const NAME = 'generator';
const TAIL_BYTES = 4096;
/** A flood is a backlog: none of it may expire before the clock starts. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

export class GeneratorRun {
  readonly manifestPath: string;
  readonly #chain: LocalChain;
  readonly #plan: RunPlan;
  readonly #out: string;
  readonly #folder: string;
  readonly #epoch: number;
  #record: ProcessRecord | null = null;

  /** `folder`: where spec, manifest and progress go. `epoch`: rises with every load on the same chain. */
  constructor(chain: LocalChain, plan: RunPlan, folder: string, epoch: number) {
    this.#chain = chain;
    this.#plan = plan;
    this.#folder = folder;
    this.#epoch = epoch;
    this.#out = join(folder, 'generator.out');
    this.manifestPath = join(folder, 'manifest.json');
  }

  async start(sourceDir: string, signal: AbortSignal): Promise<void> {
    const { scenario, content, pace, events } = this.#plan;
    const { fileBytes, rotate, sourceKeepBytes, onSourceFull, scheduleLagMax } = scenario.generator;
    const spec: GeneratorSpec = {
      runner: 1,
      epoch: this.#epoch,
      seed: scenario.seed,
      content,
      pace,
      events,
      dir: sourceDir,
      fileBytes,
      sourceKeepBytes: pace.kind === 'flood' ? NO_LIMIT : sourceKeepBytes,
      onSourceFull,
      ...(rotate !== undefined && { rotate: { mode: rotate.mode, everyMs: rotate.every } }),
      startAtMs: 0,
      scheduleLagMsMax: scheduleLagMax,
      manifestPath: this.manifestPath,
    };
    const specPath = join(this.#folder, 'generator.json');
    await writeFile(specPath, JSON.stringify(spec, null, 2));
    const { root } = this.#chain.layout;
    const argv = [process.execPath, join(root, 'bench/generator/main.ts'), '--spec', specPath];
    this.#record = await this.#chain.startRig({ name: NAME, argv, cwd: root, out: this.#out }, signal);
  }

  async isRunning(): Promise<boolean> {
    return this.#record !== null && (await isAlive(this.#record));
  }

  /** Ends it early; it leaves a final manifest of what it has written. */
  async stop(): Promise<void> {
    if (this.#record !== null && (await this.isRunning())) await this.#chain.stopRig(this.#record);
  }

  /** The latest progress line; null before the first. */
  async progress(): Promise<GeneratorProgress | null> {
    const lines = (await readEnd(this.#out))
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'));
    const last = lines.at(-1);
    return last === undefined ? null : (JSON.parse(last) as GeneratorProgress);
  }

  /** null: not written yet. */
  async manifest(): Promise<Manifest | null> {
    try {
      return JSON.parse(await readFile(this.manifestPath, 'utf8')) as Manifest;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      throw error;
    }
  }
}

async function readEnd(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
