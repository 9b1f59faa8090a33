// The chain of a run: a fresh one in .spillway/run-<n>, or the one that `up` left standing.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChainSettings, LocalChain } from '../chain/chain.ts';
import { type ChainFile, readChainFile } from '../chain/chain-file.ts';
import { claimRunName } from '../chain/claim.ts';
import { anyAlive, LOCAL_CHAIN } from '../chain/command.ts';
import { chainsFolder, layoutChain } from '../chain/layout.ts';
import type { PreparedNode } from '../chain/node-setup.ts';
import { outputTail } from '../chain/output.ts';
import type { Exit, ProcessRecord } from '../chain/process.ts';
import { type Equipment, proxiedNodes, setUp } from '../faults/equipment.ts';
import { isDiskAction, isLinkAction } from '../faults/step.ts';
import type { Result } from '../result.ts';
import { BenchError } from '../run-error.ts';
import { nodeNames, type Scenario } from '../scenario.ts';
import { linkToolName } from '../tools/registry.ts';
import { accountSince, type Baseline, readAccounts, takeBaseline } from './baseline.ts';
import { readCounters } from './counters.ts';
import type { Draft } from './draft.ts';
import { oomKillsSince, readOomKills } from './oom.ts';
import type { RunPlan } from './plan.ts';
import { checkSpace } from './preflight.ts';
import type { RunContext } from './run.ts';
import { settleAccounts } from './settle.ts';
import { Supervisor } from './supervisor.ts';

export const GENERATOR = 'generator';

export interface OpenChain {
  readonly chain: LocalChain;
  readonly attached: boolean;
  readonly baseline: Baseline;
  readonly equipment: Equipment;
  /** Everything up and connected; for a flood all but the first sender. */
  bringUp(signal: AbortSignal): Promise<void>;
  /** Starts nothing again from now on: the run was interrupted. */
  abandon(): Promise<void>;
  /** After the drain: reads the books, then ends a chain of our own, so that its files are final. */
  settle(draft: Draft, context: RunContext): Promise<void>;
}

export async function openChain(context: RunContext, plan: RunPlan, draft: Draft): Promise<OpenChain> {
  return context.attach ? attachChain(context, plan, draft) : freshChain(context, plan, draft);
}

async function freshChain(context: RunContext, plan: RunPlan, draft: Draft): Promise<OpenChain> {
  const { root } = context;
  const name = await claimRunName(root);
  const layout = layoutChain(root, name, plan.scenario.chain, plan.elsewhere, proxiedNodes(plan.scenario));
  const chain = new LocalChain(layout, settingsOf(plan, draft));
  try {
    await checkSpace(plan, layout);
  } catch (error) {
    await chain.remove();
    throw error;
  }
  const state = new RunChain(chain, plan, draft, false);
  return state;
}

/** The chain that `up` left standing. */
export async function standingChain(root: string): Promise<ChainFile> {
  const file = await readChainFile(join(chainsFolder(root), LOCAL_CHAIN));
  if (file !== null && (await anyAlive(file))) return file;
  throw new BenchError('usage', 'no chain is up to attach to; start one with `up`');
}

/** The scenario as it can run on a chain that stands: the chain's shape, durability and limits are what they are. */
export function onStanding(scenario: Scenario, file: ChainFile): Scenario {
  const { shape, tool, durability, log } = file;
  const nodes = nodeNames(shape);
  const needy = scenario.steps.find((step) => isLinkAction(step.do) || isDiskAction(step.do));
  if (needy !== undefined) {
    const why = `the step '${needy.do} ${needy.target}' needs a chain of its own: leave --attach out`;
    throw new BenchError('usage', why);
  }
  const known = [...nodes, 'random', 'etcd'];
  const stranger = scenario.steps.find(({ target }) => !known.includes(target));
  if (stranger !== undefined) {
    throw new BenchError(
      'usage',
      `the chain that is up has no ${stranger.target}, which a step of the scenario names`,
    );
  }
  return { ...scenario, chain: shape.links === undefined ? { ...shape, tool } : shape, durability, log };
}

async function attachChain(context: RunContext, plan: RunPlan, draft: Draft): Promise<OpenChain> {
  const file = await standingChain(context.root);
  if (plan.pace.kind === 'flood') {
    throw new BenchError('usage', 'a flood needs a chain that is not running yet: leave --attach out');
  }
  if (plan.bytesEstimate > file.log.keep) {
    const [load, keep] = [plan.bytesEstimate, file.log.keep].map((bytes) => `${(bytes / 1e9).toFixed(1)} GB`);
    throw new BenchError(
      'usage',
      `the load is up to ${load}, but the destinations of the chain keep ${keep} (log.keep): lower --rate or --duration`,
    );
  }
  const layout = layoutChain(context.root, LOCAL_CHAIN, file.shape);
  // What `up` decided for the ends holds: the configuration files must stay as they are.
  const settings = { ...settingsOf(plan, draft), destinationKeepBytes: file.log.keep };
  const chain = new LocalChain(layout, settings);
  await chain.adopt(file);
  return new RunChain(chain, plan, draft, true);
}

class RunChain implements OpenChain {
  readonly chain: LocalChain;
  readonly attached: boolean;
  readonly #plan: RunPlan;
  readonly #draft: Draft;
  readonly #supervisor: Supervisor;
  #equipment: Equipment = { links: [], disks: [] };
  #baseline: Baseline = { files: new Map(), accounts: new Map() };
  #oomKills: number | null = null;

  constructor(chain: LocalChain, plan: RunPlan, draft: Draft, attached: boolean) {
    this.chain = chain;
    this.attached = attached;
    this.#plan = plan;
    this.#draft = draft;
    this.#supervisor = new Supervisor(chain, {
      onEvent: (text) => draft.events.push({ timeMs: Date.now(), text }),
      onFailure: (text) => draft.misbehaved.push(text),
    });
  }

  get equipment(): Equipment {
    return this.#equipment;
  }

  get baseline(): Baseline {
    return this.#baseline;
  }

  async bringUp(signal: AbortSignal): Promise<void> {
    const { chain, attached } = this;
    this.#oomKills = await readOomKills();
    if (!attached) {
      await chain.prepare(signal);
      this.#equipment = await setUp(chain, this.#plan.scenario, signal);
      const last = this.#plan.pace.kind === 'flood' ? chain.layout.nodes.slice(1) : chain.layout.nodes;
      const ids = last.filter(({ standby }) => !standby).map(({ id }) => id);
      await this.#startNodes(ids, signal);
      await chain.waitConnected(signal, ids);
    }
    this.#baseline = await takeBaseline(this.#plan.tool, chain.nodes, attached);
    await this.#describe();
    this.#supervisor.start();
  }

  /**
   * A tool that does not say whether it is connected may have tried once too early, and wait a minute before it tries
   * again: its receivers are up before their senders.
   */
  async #startNodes(ids: readonly string[], signal: AbortSignal): Promise<void> {
    if (this.#plan.tool.accounts !== null) return this.chain.start(ids, signal);
    for (const id of ids.toReversed()) await this.chain.start([id], signal);
  }

  async settle(draft: Draft, context: RunContext): Promise<void> {
    const { chain, baseline } = this;
    await this.#supervisor.stop();
    const { tool } = this.#plan;
    await settleAccounts(tool, chain.begun, context.signal);
    draft.oomKills = oomKillsSince(this.#oomKills, await readOomKills());
    draft.counters = await readCounters(tool, chain.begun, (text) => draft.notes.push(text));
    const accounts = await readAccounts(tool, chain.begun);
    draft.nodes = chain.begun.map(({ node: { id, from, to, destination } }) => {
      const now = accounts.get(id);
      const account = now === undefined ? null : accountSince(baseline.accounts.get(id), now);
      return { id, from, to, destination, account, verdict: null };
    });
    if (this.attached) return;
    const killed: string[] = [];
    for (const { id } of chain.layout.nodes) killed.push(...(await chain.stopNode(id)));
    draft.misbehaved.push(...killed.map((name) => `${name} did not end on SIGTERM and was killed`));
  }

  abandon(): Promise<void> {
    return this.#supervisor.stop();
  }

  async #describe(): Promise<void> {
    const { tool, file } = this.#plan;
    this.#draft.hops = hopsTo(this.chain.nodes, tool.name);
    const files = await configurationOf(this.chain);
    this.#draft.configuration = [{ file: file.file, text: file.text }, ...files];
  }
}

/** The links that end in these nodes. */
export function hopsTo(nodes: readonly PreparedNode[], toolName: string): Result['hops'] {
  return nodes
    .filter(({ node }) => node.from !== null)
    .map(({ node: { id, from }, view }) => {
      const tool = linkToolName(toolName, view.links.incoming ?? 0);
      return { name: `${from} -> ${id}`, tool, from: from ?? '', to: id };
    });
}

/** The files that are in force, by their path below the chain's folder. */
export async function configurationOf({ layout, nodes }: LocalChain): Promise<Result['configuration']> {
  const files = nodes.flatMap(({ plan }) => plan.files.map(({ path }) => path));
  const texts = await Promise.all(files.map((path) => readFile(path, 'utf8')));
  return files.map((path, index) => ({
    file: path.slice(layout.dataDir.length + 1),
    text: texts[index] ?? '',
  }));
}

/** The ends keep everything for the verifier, unless it follows them. */
function destinationKeep({ scenario, bytesEstimate }: RunPlan): number {
  if (scenario.verify === 'live') return scenario.log.keep;
  return Math.ceil(bytesEstimate * 1.25) + scenario.log.segment;
}

export function settingsOf(plan: RunPlan, draft: Draft): ChainSettings {
  const { scenario, tool, found } = plan;
  return {
    shape: scenario.chain,
    tool,
    found,
    durability: scenario.durability,
    log: scenario.log,
    destinationKeepBytes: destinationKeep(plan),
    stopMs: scenario.limits.stop,
    tls: scenario.chain.tls,
    zstd: scenario.chain.zstd,
    onNote: (text) => draft.notes.push(text),
    onExit: (record, exit) => {
      void noteExit(draft, record, exit);
    },
  };
}

async function noteExit(draft: Draft, record: ProcessRecord, exit: Exit): Promise<void> {
  if (record.name === GENERATOR && exit.code === 0) return;
  const how = exit.signal === null ? `with status ${exit.code}` : `by ${exit.signal}`;
  const text = `${record.name} ended by itself ${how}`;
  draft.events.push({ timeMs: Date.now(), text });
  if (record.group === 'tool' && exit.signal === 'SIGKILL') {
    // a fault to survive, and the supervisor starts it again
    if (draft.killedFromOutside.length === 0) {
      draft.notes.push(
        "processes were killed from outside: the limit on latency is not judged; SIGKILL may be the kernel's OOM killer, see dmesg",
      );
    }
    draft.killedFromOutside.push(record.name);
    return;
  }
  const said = `${text}:\n${await outputTail(record.out)}`;
  if (record.group === 'rig') draft.invalid.push(said);
  else draft.misbehaved.push(said);
}
