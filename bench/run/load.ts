// The load on a chain that stands: observer, generator, timed steps, progress, and the wait for the last byte.

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ChainNode, endsOf, isCluster } from '../chain/layout.ts';
import { ETCD } from '../chain/registry.ts';
import { FaultEffects } from '../faults/effects.ts';
import { keepHouse } from '../faults/housekeeper.ts';
import { watchChain } from '../faults/watch.ts';
import { BenchError } from '../run-error.ts';
import { readAccounts } from './baseline.ts';
import type { OpenChain } from './chain.ts';
import type { Draft } from './draft.ts';
import { waitDrained } from './drain.ts';
import { GeneratorRun } from './generator.ts';
import { HeldGenerator } from './held.ts';
import { LiveVerification } from './live.ts';
import { ObserverRun } from './observer.ts';
import type { RunPlan } from './plan.ts';
import type { RunContext } from './run.ts';
import { isIdle } from './settle.ts';
import { StepRunner } from './steps.ts';
import { withClusters } from './unions.ts';

const POLL_MS = 50;
const GENERATOR_START_MS = 30_000;

export class LoadedChain {
  readonly #context: RunContext;
  readonly #plan: RunPlan;
  readonly #draft: Draft;
  readonly #open: OpenChain;
  readonly #observer: ObserverRun;
  readonly #effects: FaultEffects;
  readonly #steps: StepRunner;
  /** Aborted when the last event has been sent: no fault begins after that. */
  readonly #sent = new AbortController();
  #faults: Promise<void> = Promise.resolve();
  /** Aborted when the load is over, for whatever follows it. */
  readonly #over = new AbortController();
  #phase = 'starting';
  #background: Promise<unknown>[] = [];
  #source: readonly string[] = [];
  #generator: GeneratorRun | null = null;

  constructor(context: RunContext, plan: RunPlan, draft: Draft, open: OpenChain) {
    this.#context = context;
    this.#plan = plan;
    this.#draft = draft;
    this.#open = open;
    this.#observer = new ObserverRun(open.chain, context.outDir);
    const effects = new FaultEffects({
      chain: open.chain,
      tool: plan.tool,
      ...open.equipment,
      seed: plan.scenario.seed,
      onMisbehaved: (text) => draft.misbehaved.push(text),
    });
    this.#effects = effects;
    this.#steps = new StepRunner(effects, plan.faults, (event) => {
      draft.events.push(event);
      context.line.say(event.text);
    });
  }

  /** The event files that the generator wrote and that are still there. */
  get sourceFiles(): readonly string[] {
    return this.#source;
  }

  get manifestPath(): string {
    return this.#generator?.manifestPath ?? '';
  }

  async run(): Promise<void> {
    const { chain } = this.#open;
    const first = firstOf(chain.layout.nodes);
    const generator = await this.#makeGenerator();
    this.#generator = generator;
    this.#attend(first);
    if (this.#plan.pace.kind === 'flood') await this.#flood(generator, first);
    else await this.#schedule(generator, first);
    this.#draft.manifest = await generator.manifest();
    await this.#checkRig();
    this.#draft.remember(chain.processes);
    await this.#endFaults();
    this.#phase = 'draining';
    this.#draft.drained = await this.#drain();
    this.#draft.unproven.push(...(await this.#effects.unused()));
    this.#source = (await readdir(first.eventsDir)).sort().map((name) => join(first.eventsDir, name));
  }

  /** Ends the observer, and everything of ours that is still going on. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#generator?.stop();
    this.#draft.manifest ??= (await this.#generator?.manifest()) ?? null;
    await Promise.all(this.#background);
    await this.#writeWatch();
    this.#context.line.clear();
    if (!(await this.#observer.isRunning())) return;
    await delay(POLL_MS);
    this.#draft.remember(this.#open.chain.processes);
    await this.#observer.stop();
    const ends = endsOf(this.#open.chain.layout.nodes);
    this.#draft.samples = withClusters(await this.#observer.samples(), ends);
  }

  /** For whoever wants to know more than the verdict says. */
  async #writeWatch(): Promise<void> {
    const { watch } = this.#draft;
    if (watch.length === 0) return;
    const lines = watch.map((sample) => `${JSON.stringify(sample)}\n`);
    await writeFile(join(this.#context.outDir, 'watch.jsonl'), lines);
  }

  async #schedule(generator: GeneratorRun, first: ChainNode): Promise<void> {
    await this.#observer.start(this.#context.signal);
    await generator.start(first.eventsDir, this.#context.signal);
    this.#phase = 'sending';
    this.#showProgress(generator);
    const startMs = await this.#startOf(generator);
    this.#followEnds(generator);
    this.#beginFaults(startMs);
    const faultsMs = this.#plan.faults.map(({ atMs, lastsMs }) => atMs + (lastsMs ?? 0));
    const { noProgress: noProgressMs } = this.#plan.scenario.limits;
    const limits = { faultsEndMs: startMs + Math.max(0, ...faultsMs), noProgressMs };
    await this.#waitGenerated(generator, new HeldGenerator(this.#plan.tool, limits));
  }

  /** The backlog is on disk before the first sender is started; the clock starts with that sender. */
  async #flood(generator: GeneratorRun, first: ChainNode): Promise<void> {
    const { chain } = this.#open;
    this.#phase = 'writing the backlog';
    await generator.start(first.eventsDir, this.#context.signal);
    this.#showProgress(generator);
    await this.#startOf(generator);
    await this.#waitGenerated(generator, null);
    await this.#observer.start(this.#context.signal);
    this.#phase = 'forwarding';
    this.#draft.floodStartMs = Date.now();
    this.#draft.notes.push(
      'flood: the clock starts with the first sender, so its start-up counts; no latency is judged',
    );
    this.#beginFaults(this.#draft.floodStartMs);
    await chain.start([first.id], this.#context.signal);
  }

  #beginFaults(startMs: number): void {
    const signal = AbortSignal.any([this.#sent.signal, this.#over.signal, this.#context.signal]);
    this.#faults = this.#steps.run(startMs, signal);
    this.#runInBackground(this.#faults);
  }

  async #endFaults(): Promise<void> {
    this.#sent.abort();
    await this.#faults;
    this.#draft.invalid.push(...this.#steps.notDone);
    this.#draft.unproven.push(...this.#steps.unproven);
    await this.#steps.undo(this.#context.signal);
    this.#draft.faults = this.#steps.records;
  }

  #followEnds({ manifestPath }: GeneratorRun): void {
    if (this.#plan.scenario.verify !== 'live') return;
    const ends = this.#open.chain.layout.nodes.filter(({ role }) => role === 'destination');
    for (const node of ends) {
      const live = new LiveVerification(node, manifestPath);
      this.#draft.live.push(live);
      this.#runInBackground(live.follow(this.#over.signal));
    }
  }

  /** Whatever else goes on beside the load: looks at the nodes, and room for a generator that is held. */
  #attend(first: ChainNode): void {
    const { tool, scenario } = this.#plan;
    const { chain } = this.#open;
    if (scenario.steps.length > 0) {
      const registry = scenario.steps.some(({ target }) => target === ETCD);
      this.#runInBackground(watchChain({ chain, tool, registry }, this.#draft.watch, this.#over.signal));
    }
    const prepared = chain.nodes.find(({ node }) => node.id === first.id);
    if (scenario.generator.onSourceFull === 'hold' && prepared !== undefined) {
      this.#runInBackground(keepHouse(tool, prepared, this.#over.signal));
    }
  }

  async #waitGenerated(generator: GeneratorRun, held: HeldGenerator | null): Promise<void> {
    const { signal } = this.#context;
    // Later it is gone, and nobody would know whose it was.
    this.#draft.remember(this.#open.chain.processes);
    while (await generator.isRunning()) {
      await delay(POLL_MS, undefined, { signal });
      const progress = held === null ? null : await generator.progress();
      if (progress !== null) held?.check(progress, Date.now());
    }
    this.#draft.sentMs = (await generator.progress())?.timeMs ?? Date.now();
  }

  async #drain(): Promise<boolean> {
    const { manifest, plan } = this.#draft;
    const { signal } = this.#context;
    const { baseline, chain } = this.#open;
    const ends = endsOf(chain.layout.nodes);
    // Where events may be lost their bytes never come, and those that are judged already are gone: then the tool's own books say when all is done.
    const { asserts, verify, limits } = plan.scenario;
    // What the members of a cluster have twice may make up for what none has yet.
    const isShared = plan.tool.accounts !== null && ends.some(isCluster);
    const settled = asserts.lost === 0 && verify === 'after' && !isShared ? null : () => this.#isSettled();
    const wantedBytes = isShared ? Number.POSITIVE_INFINITY : (manifest?.bytes ?? 0);
    return waitDrained(ends, baseline, wantedBytes, limits, signal, settled);
  }

  async #isSettled(): Promise<boolean> {
    const { chain } = this.#open;
    const accounts = await readAccounts(this.#plan.tool, chain.begun);
    if (accounts.size < chain.begun.length) return false;
    const first = accounts.get(firstOf(chain.layout.nodes).id);
    const read = first?.sources.reduce((sum, source) => sum + source.read, 0) ?? 0;
    return read >= (this.#draft.manifest?.events ?? 0) && [...accounts.values()].every(isIdle);
  }

  async #makeGenerator(): Promise<GeneratorRun> {
    const { attached, chain } = this.#open;
    const { outDir } = this.#context;
    if (!attached) return new GeneratorRun(chain, this.#plan, outDir, 1);
    const loads = join(chain.layout.dir, 'loads');
    await mkdir(loads, { recursive: true });
    const epoch = (await readdir(loads)).length + 1;
    const folder = join(loads, String(epoch));
    await mkdir(folder);
    return new GeneratorRun(chain, this.#plan, folder, epoch);
  }

  /** The generator's clock, from its first manifest. */
  async #startOf(generator: GeneratorRun): Promise<number> {
    const { signal } = this.#context;
    const deadline = Date.now() + GENERATOR_START_MS;
    for (;;) {
      const manifest = await generator.manifest();
      if (manifest !== null) return manifest.startMs;
      if (!(await generator.isRunning())) throw new BenchError('run', 'the generator ended before it began');
      if (Date.now() > deadline) throw new BenchError('run', 'the generator does not begin');
      await delay(POLL_MS, undefined, { signal });
    }
  }

  async #checkRig(): Promise<void> {
    if (await this.#observer.isRunning()) return;
    throw new BenchError('run', `the observer is gone; see ${join(this.#observer.outDir, 'observer.out')}`);
  }

  #showProgress(generator: GeneratorRun): void {
    const { baseline, chain } = this.#open;
    const destinations = endsOf(chain.layout.nodes);
    const step = () => this.#draft.events.at(-1)?.text ?? null;
    this.#runInBackground(
      this.#context.line.follow(
        { plan: this.#plan, destinations, baseline, generator, phase: () => this.#phase, step },
        this.#over.signal,
      ),
    );
  }

  #runInBackground(work: Promise<unknown>): void {
    this.#background.push(
      work.catch((error: unknown) => {
        this.#draft.invalid.push(String(error));
      }),
    );
  }
}

function firstOf(nodes: readonly ChainNode[]): ChainNode {
  const [first] = nodes;
  if (first === undefined) throw new BenchError('run', 'the chain has no instance');
  return first;
}
