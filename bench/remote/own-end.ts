// What arrived at this machine, judged here, so that the bytes need not travel: when the load is over, or while it goes
// on, file by file.

import { join } from 'node:path';
import { writeWhole } from '../chain/chain-file.ts';
import type { ChainNode } from '../chain/layout.ts';
import type { Manifest } from '../generator/spec.ts';
import { takeBaseline } from '../run/baseline.ts';
import { LiveVerification } from '../run/live.ts';
import type { RunPlan } from '../run/plan.ts';
import { jobFor, missedBy } from '../run/verification.ts';
import { verifyAll } from '../verifier/parallel.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';

export interface OwnFindings {
  readonly verdict: DestinationVerdict | null;
  /** Reasons why it proves nothing. */
  readonly invalid: readonly string[];
}

export class OwnEnd {
  readonly #node: ChainNode;
  readonly #plan: RunPlan;
  readonly #outDir: string;
  #live: LiveVerification | null = null;

  constructor(node: ChainNode, plan: RunPlan, outDir: string) {
    this.#node = node;
    this.#plan = plan;
    this.#outDir = outDir;
  }

  /** Until `signal` is aborted. `manifest`: the generator's first, from the machine that it runs on. */
  async follow(manifest: Manifest, signal: AbortSignal): Promise<{ readonly done: Promise<void> }> {
    await this.#write(manifest);
    this.#live = new LiveVerification(this.#node, this.#manifestPath);
    return { done: this.#live.follow(signal) };
  }

  /** When the node has been stopped. `shiftMs` is added to its times. */
  async conclude(manifest: Manifest, shiftMs: number): Promise<OwnFindings> {
    await this.#write(manifest);
    const live = this.#live;
    if (live !== null) return { verdict: await live.conclude(), invalid: missedBy(live) };
    const baseline = await takeBaseline(this.#plan.tool, [], false);
    const end = { name: this.#node.id, nodes: [this.#node] };
    const parts = { baseline, manifestPath: this.#manifestPath, outDir: this.#outDir, plan: this.#plan };
    const job = await jobFor(end, parts);
    const [verdict = null] = await verifyAll([{ ...job, arrivalsShiftMs: shiftMs }]);
    return { verdict, invalid: [] };
  }

  async close(): Promise<void> {
    await this.#live?.close();
  }

  get #manifestPath(): string {
    return join(this.#outDir, 'manifest-of-load.json');
  }

  /** The verifier may be reading it. */
  #write(manifest: Manifest): Promise<void> {
    return writeWhole(this.#manifestPath, JSON.stringify(manifest));
  }
}
