// What one machine does in a run of a chain over several: its node, etcd if it has it, the faults that are done to
// them, the generator on the first, an observer of its own, and the judgement of what arrived here. All of it is the
// same code as on one machine; only who decides when is elsewhere (run.ts, at the other end of the connection).

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalChain } from '../chain/chain.ts';
import { takeDown } from '../chain/down.ts';
import type { ChainNode } from '../chain/layout.ts';
import { ETCD } from '../chain/registry.ts';
import { FaultEffects } from '../faults/effects.ts';
import { proxiedNodes, setUp } from '../faults/equipment.ts';
import { keepHouse } from '../faults/housekeeper.ts';
import { watchChain } from '../faults/watch.ts';
import { wallClockMs } from '../observer/clock.ts';
import { configurationOf, hopsTo, settingsOf } from '../run/chain.ts';
import { Draft } from '../run/draft.ts';
import { GeneratorRun } from '../run/generator.ts';
import { describeMachine } from '../run/machine.ts';
import { ObserverRun } from '../run/observer.ts';
import { oomKillsSince, readOomKills } from '../run/oom.ts';
import { planRun, type RunPlan } from '../run/plan.ts';
import { probeSyncWrite } from '../run/probes.ts';
import { bytesSince } from '../run/sizes.ts';
import { Supervisor } from '../run/supervisor.ts';
import { BenchError } from '../run-error.ts';
import { chainToolName } from '../scenario.ts';
import { toolNamed } from '../tools/registry.ts';
import { fingerprint } from './fingerprint.ts';
import { type RemoteChain, registryHost } from './hosts-file.ts';
import { instanceType } from './instance-type.ts';
import { layoutRemote, OUT, RUN } from './layout.ts';
import { OwnEnd } from './own-end.ts';
import type { Collected, GeneratorState, NodeBooks, OpenBody, Opened, Verbs } from './protocol.ts';
import { checkOwnSpace } from './space.ts';
import { startStanding, stopStanding } from './standing.ts';

interface OpenRun {
  readonly plan: RunPlan;
  readonly draft: Draft;
  readonly chain: LocalChain;
  readonly effects: FaultEffects;
  readonly observer: ObserverRun;
  readonly generator: GeneratorRun;
  readonly supervisor: Supervisor;
  readonly outDir: string;
  readonly oomKills: number | null;
  /** null: this machine is no node of the chain. */
  readonly end: OwnEnd | null;
}

export class Station {
  readonly #root: string;
  readonly #signal: AbortSignal;
  /** Aborted when the load is over. */
  readonly #over = new AbortController();
  #standing: { readonly chain: RemoteChain; readonly id: string } | null = null;
  #run: OpenRun | null = null;
  #background: Promise<unknown>[] = [];

  constructor(root: string, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
  }

  clock(): Verbs['clock']['answer'] {
    return { nowMs: wallClockMs() };
  }

  /** The standing chain gives way, with what an earlier run may have left; then folders, registry, configuration. */
  async open({
    chain: remote,
    id,
    file,
    scenario,
    registry,
    fingerprint: wanted,
  }: OpenBody): Promise<Opened> {
    if (fingerprint(this.#root) !== wanted) {
      throw new BenchError(
        'usage',
        'this machine has another version of the checkout: ./create.sh hosts FILE renews it',
      );
    }
    this.#standing = { chain: remote, id };
    await stopStanding(this.#root, remote);
    await takeDown(this.#root, () => undefined, [RUN]);
    const tool = toolNamed(chainToolName(scenario.chain));
    const found = await tool.locate(this.#root);
    if (!found.found)
      throw new BenchError('tool-missing', `${tool.name} is not here; to get it: ${found.howToGet}`);
    const plan = planRun(this.#root, { ...file, scenario }, scenario, tool, found);
    const draft = new Draft(plan);
    const layout = layoutRemote(
      { ...remote, shape: scenario.chain },
      RUN,
      proxiedNodes(scenario),
      this.#root,
    );
    const here = layout.nodes.filter((node) => node.id === id).map((node) => node.id);
    const isRegistry = registryHost(remote).id === id;
    const settings = {
      ...settingsOf(plan, draft),
      here,
      ...(!isRegistry && registry !== null && { registry }),
    };
    const chain = new LocalChain(layout, settings);
    await mkdir(layout.dir, { recursive: true });
    await checkOwnSpace(plan, layout, here);
    await chain.prepare(this.#signal);
    const equipment = await setUp(chain, scenario, this.#signal);
    const outDir = join(layout.dir, OUT);
    await mkdir(outDir);
    const [own] = chain.own;
    const onMisbehaved = (text: string) => draft.misbehaved.push(text);
    this.#run = {
      ...{ plan, draft, chain, outDir },
      end: own === undefined ? null : new OwnEnd(own, plan, outDir),
      effects: new FaultEffects({ chain, tool, ...equipment, seed: scenario.seed, onMisbehaved }),
      observer: new ObserverRun(chain, outDir),
      generator: new GeneratorRun(chain, plan, outDir, 1),
      supervisor: new Supervisor(chain, {
        onEvent: (text) => draft.events.push({ timeMs: Date.now(), text }),
        onFailure: onMisbehaved,
      }),
      oomKills: await readOomKills(),
    };
    const durable = scenario.durability === 'fsync' && here.length > 0;
    return {
      machine: await describeMachine(layout.dir),
      instanceType: await instanceType(),
      toolVersion: found.version,
      registry: chain.registry.description,
      syncWrite: durable ? await probeSyncWrite(layout.dir, this.#signal) : null,
    };
  }

  async start({ ids }: Verbs['start']['body']): Promise<null> {
    const { chain } = this.#open();
    await chain.start(this.#own(ids), this.#signal);
    return null;
  }

  /** When its senders are connected, the faults may begin: from now on somebody looks after the node. */
  async connected(): Promise<null> {
    const { chain, plan, draft, supervisor } = this.#open();
    await chain.waitConnected(
      this.#signal,
      this.#own(chain.own.map(({ id }) => id)).filter((id) => chain.isUp(id)),
    );
    supervisor.start();
    const { tool, scenario } = plan;
    const registry = chain.isUp(ETCD) && scenario.steps.some(({ target }) => target === ETCD);
    if (scenario.steps.length > 0) {
      this.#runInBackground(watchChain({ chain, tool, registry }, draft.watch, this.#over.signal));
    }
    const [first] = chain.nodes;
    if (scenario.generator.onSourceFull === 'hold' && first !== undefined && first.node.from === null) {
      this.#runInBackground(keepHouse(tool, first, this.#over.signal));
    }
    return null;
  }

  async observe(): Promise<null> {
    await this.#open().observer.start(this.#signal);
    return null;
  }

  async generate(): Promise<null> {
    const { chain, draft, generator } = this.#open();
    await generator.start(this.#node().eventsDir, this.#signal);
    draft.remember(chain.processes);
    return null;
  }

  async generator(): Promise<GeneratorState> {
    const { generator } = this.#open();
    const running = await generator.isRunning();
    return { running, progress: await generator.progress(), manifest: await generator.manifest() };
  }

  async stopGenerator(): Promise<GeneratorState> {
    await this.#open().generator.stop();
    return this.generator();
  }

  bytes(): Promise<number> {
    return bytesSince(undefined, this.#node().eventsDir);
  }

  do({ step, target }: Verbs['do']['body']): Promise<string> {
    return this.#open().effects.do(step, target, this.#signal);
  }

  async end({ action, target }: Verbs['end']['body']): Promise<null> {
    await this.#open().effects.end(action, target, this.#signal);
    return null;
  }

  restore({ target }: Verbs['restore']['body']): Promise<readonly string[]> {
    return this.#open().effects.restore(target, this.#signal);
  }

  unused(): Promise<readonly string[]> {
    return this.#open().effects.unused();
  }

  /** From the generator's first manifest on: what arrives is judged as its files are finished. */
  async follow({ manifest }: Verbs['follow']['body']): Promise<null> {
    const { done } = await this.#ownEnd().follow(manifest, this.#over.signal);
    this.#runInBackground(done);
    return null;
  }

  async accounts(): Promise<NodeBooks> {
    const { plan, chain } = this.#open();
    const [prepared] = chain.begun;
    if (prepared === undefined) return { begun: false, account: null };
    if (plan.tool.accounts === null) return { begun: true, account: null };
    const account = await plan.tool.accounts.read(prepared.view).catch((error: unknown) => {
      if (error instanceof BenchError) return null;
      throw error;
    });
    return { begun: true, account };
  }

  /** The node ends, so that its files are final; the observer goes on until it is asked for what it saw. */
  async stop(): Promise<null> {
    const { chain, draft, supervisor, oomKills } = this.#open();
    await supervisor.stop();
    draft.oomKills = oomKillsSince(oomKills, await readOomKills());
    this.#over.abort();
    await Promise.all(this.#background);
    draft.remember(chain.processes);
    for (const { id } of chain.own) {
      const killed = await chain.stopNode(id);
      draft.misbehaved.push(...killed.map((name) => `${name} did not end on SIGTERM and was killed`));
    }
    return null;
  }

  async verify({ manifest, shiftMs }: Verbs['verify']['body']): Promise<Verbs['verify']['answer']> {
    const { chain, draft } = this.#open();
    const { verdict, invalid } = await this.#ownEnd().conclude(manifest, shiftMs);
    draft.invalid.push(...invalid);
    await chain.refresh();
    return verdict;
  }

  /** Ends the observer. */
  async collect(): Promise<Collected> {
    const { chain, draft, observer, plan } = this.#open();
    if (await observer.isRunning()) {
      draft.remember(chain.processes);
      await observer.stop();
    }
    return {
      samples: await observer.samples(),
      watch: draft.watch,
      processes: [...draft.processes.values()].map(({ name, group }) => ({ name, group })),
      events: draft.events,
      misbehaved: draft.misbehaved,
      invalid: draft.invalid,
      notes: draft.notes,
      killedFromOutside: draft.killedFromOutside,
      oomKills: draft.oomKills,
      hops: hopsTo(chain.nodes, plan.tool.name),
      configuration: await configurationOf(chain),
    };
  }

  /** Whatever was begun: ended and removed, and the standing chain is back. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#run?.end?.close();
    await this.#run?.supervisor.stop();
    await this.#run?.chain.stop();
    await this.#run?.chain.remove();
    this.#run = null;
    if (this.#standing === null) return;
    const { chain, id } = this.#standing;
    this.#standing = null;
    await startStanding(this.#root, chain, id, new AbortController().signal);
  }

  #open(): OpenRun {
    if (this.#run === null) throw new BenchError('run', 'no run is open on this machine');
    return this.#run;
  }

  #node(): ChainNode {
    const [node] = this.#open().chain.own;
    if (node === undefined) throw new BenchError('run', 'this machine is no node of the chain');
    return node;
  }

  #ownEnd(): OwnEnd {
    const { end } = this.#open();
    if (end === null) throw new BenchError('run', 'this machine is no node of the chain');
    return end;
  }

  #own(ids: readonly string[]): readonly string[] {
    return this.#open()
      .chain.own.map(({ id }) => id)
      .filter((id) => ids.includes(id));
  }

  #runInBackground(work: Promise<unknown>): void {
    const { draft } = this.#open();
    this.#background.push(work.catch((error: unknown) => draft.invalid.push(String(error))));
  }
}
