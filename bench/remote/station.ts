// What one machine does in a run of a chain over several: its node, etcd if it has it, the faults that are done to
// them, the generator on the first, an observer of its own, and the judgement of what arrived here. All of it is the
// same code as on one machine; only who decides when is elsewhere (run.ts, at the other end of the connection).

import { takeDown } from '../chain/down.ts';
import type { ChainNode } from '../chain/layout.ts';
import { ETCD } from '../chain/registry.ts';
import { keepHouse } from '../faults/housekeeper.ts';
import { watchChain } from '../faults/watch.ts';
import { wallClockMs } from '../observer/clock.ts';
import { configurationOf, hopsTo } from '../run/chain.ts';
import { oomKillsSince, readOomKills } from '../run/oom.ts';
import { bytesSince } from '../run/sizes.ts';
import { BenchError } from '../run-error.ts';
import { fingerprint } from './fingerprint.ts';
import type { RemoteChain } from './hosts-file.ts';
import { RUN } from './layout.ts';
import { describeOpened, type OpenRun, openRun } from './open-run.ts';
import type { OwnEnd } from './own-end.ts';
import type { Collected, GeneratorState, NodeBooks, OpenBody, Opened, Verbs } from './protocol.ts';
import { startStanding, stopStanding } from './standing.ts';

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
  async open({ fingerprint: wanted, ...body }: OpenBody): Promise<Opened> {
    if (fingerprint(this.#root) !== wanted) {
      throw new BenchError(
        'usage',
        'this machine has another version of the checkout: ./create.sh hosts FILE renews it',
      );
    }
    const { chain, id } = body;
    this.#standing = { chain, id };
    await stopStanding(this.#root, chain);
    await takeDown(this.#root, () => undefined, [RUN]);
    this.#run = await openRun(this.#root, body, this.#signal);
    return describeOpened(this.#run, this.#signal);
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
