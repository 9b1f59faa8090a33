// One run over machines: the same phases as on one (run/run.ts, run/load.ts), each asked for over ssh. The machines
// start, break, watch and judge; here is decided when, and here it is put together. Whatever happens in between, the
// machines are told to clean up, and a result is written.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ChainLayout, endsOf } from '../chain/layout.ts';
import { standbyNames } from '../cluster-shape.ts';
import type { Manifest } from '../generator/spec.ts';
import type { Result } from '../result.ts';
import { Draft } from '../run/draft.ts';
import { describeCommit } from '../run/machine.ts';
import type { RunPlan } from '../run/plan.ts';
import { resultOf } from '../run/result.ts';
import { emptyOut, type RunContext } from '../run/run.ts';
import { StepRunner } from '../run/steps.ts';
import { BenchError, messageOf } from '../run-error.ts';
import { nodeNames } from '../scenario.ts';
import type { ToolRegistry } from '../tools/tool.ts';
import { RemoteBooks } from './books.ts';
import { gatherEvidence, type RemoteFindings } from './evidence.ts';
import { remoteActions, remoteTargets } from './faults.ts';
import { fingerprint } from './fingerprint.ts';
import { Fleet } from './fleet.ts';
import { type Host, hostOf, type RemoteChain, registryHost, withoutKeys } from './hosts-file.ts';
import { layoutRemote, OUT, RUN } from './layout.ts';
import { limitNotes } from './limits.ts';
import { checkRoomForMembers } from './prepare.ts';
import type { Opened } from './protocol.ts';
import { sshConfigPath } from './record.ts';
import { verifyMachines } from './verification.ts';

const POLL_MS = 100;
const SAY_MS = 5000;
const OPEN_MS = 180_000;
const GENERATOR_START_MS = 30_000;

export async function executeRemoteRun(
  context: RunContext,
  plan: RunPlan,
  chain: RemoteChain,
): Promise<Result> {
  await emptyOut(context.outDir);
  await checkRoomForMembers(plan, context.outDir);
  const fleet = new Fleet(chain, sshConfigPath(context.root));
  const run = new RemoteRun(context, plan, fleet);
  // Whatever a machine is still at ends with its connection: nobody waits for it after Ctrl-C.
  const onAbort = () => void fleet.close();
  context.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await run.perform();
  } catch (error) {
    run.fail(error);
  } finally {
    context.signal.removeEventListener('abort', onAbort);
    run.findings.notes.push(...(await fleet.close()).map((text) => `left over: ${text}`));
  }
  return run.result();
}

class RemoteRun {
  readonly findings: RemoteFindings;
  readonly #context: RunContext;
  readonly #plan: RunPlan;
  readonly #fleet: Fleet;
  readonly #draft: Draft;
  readonly #head: Host;
  readonly #layout: ChainLayout;
  readonly #books: RemoteBooks;

  constructor(context: RunContext, plan: RunPlan, fleet: Fleet) {
    this.#context = context;
    this.#fleet = fleet;
    this.#plan = plan;
    this.#draft = new Draft(plan);
    this.#layout = layoutRemote({ hosts: fleet.chain.hosts, shape: plan.scenario.chain }, RUN);
    this.#books = new RemoteBooks(fleet, plan, this.#layout);
    this.findings = { opened: new Map(), collected: new Map(), notes: [], ends: endsOf(this.#layout.nodes) };
    const [first] = this.#layout.nodes;
    this.#head = hostOf(fleet.chain, first?.id ?? '');
  }

  async perform(): Promise<void> {
    const { line, signal } = this.#context;
    line.say(`machines: ${this.#fleet.chain.hosts.map(({ id, address }) => `${id} ${address}`).join(', ')}`);
    await this.#fleet.readClocks();
    await this.#open();
    try {
      await this.#load();
    } finally {
      if (!signal.aborted) await this.#fleet.readClocks().catch(() => undefined);
    }
    // Acknowledgements travel back after the last byte; then the books are read, and the nodes end.
    this.#draft.nodes = await this.#books.settle(signal);
    await this.#fleet.askAll(this.#fleet.nodes, 'stop', () => null);
    line.say('verifying');
    await this.#verify();
    this.findings.collected = await this.#fleet.askAll(this.#fleet.nodes, 'collect', () => null);
  }

  fail(error: unknown): void {
    const { signal } = this.#context;
    if (error instanceof BenchError && ['usage', 'not-possible', 'tool-missing'].includes(error.code))
      throw error;
    if (error instanceof BenchError && error.code === 'tool-failed') {
      this.#draft.failedAtStart = messageOf(error);
      return;
    }
    this.#draft.invalid.push(signal.aborted ? 'the run was interrupted' : messageOf(error));
    if (!signal.aborted && !(error instanceof BenchError)) throw error;
  }

  async result(): Promise<Result> {
    const commit = await describeCommit(this.#context.root);
    const { evidence, hosts } = gatherEvidence(this.#draft, this.#fleet, this.#head, this.findings, commit);
    const toolVersion = this.findings.opened.get(this.#head.id)?.toolVersion ?? 'unknown';
    const result = { ...resultOf(evidence), hosts, toolVersion };
    return { ...result, notes: [...(await limitNotes(this.#context.root, result)), ...result.notes] };
  }

  /** etcd's machine first: the others are told where it is. */
  async #open(): Promise<void> {
    const { chain } = this.#fleet;
    const first = registryHost(chain);
    const body = (host: Host, registry: ToolRegistry | null) => ({
      ...{ chain: withoutKeys(chain), id: host.id, registry, fingerprint: fingerprint(this.#context.root) },
      file: { file: this.#plan.file.file, text: this.#plan.file.text },
      scenario: this.#plan.scenario,
    });
    const opened = await this.#fleet.ask(first.id, 'open', body(first, null), OPEN_MS);
    const others = chain.hosts.filter(({ id }) => id !== first.id);
    const rest = await this.#fleet.askAll(others, 'open', (host) => body(host, opened.registry), OPEN_MS);
    this.findings.opened = new Map<string, Opened>([[first.id, opened], ...rest]);
    const flood = this.#plan.pace.kind === 'flood';
    const reserve = standbyNames(this.#plan.scenario.chain.cluster);
    const starting = this.#fleet.nodes.filter(({ id }) => {
      return !reserve.includes(id) && !(flood && id === this.#head.id);
    });
    for (const hosts of this.#startGroups(starting)) {
      await this.#fleet.askAll(hosts, 'start', ({ id }) => ({ ids: [id] }));
    }
    await this.#fleet.askAll(chain.hosts, 'connected', () => null);
    this.#context.line.say(`chain: ${starting.map(({ id }) => id).join(', ')}`);
  }

  /** A tool that cannot be asked whether it is connected is started from the ends on. */
  #startGroups(hosts: readonly Host[]): readonly (readonly Host[])[] {
    if (this.#plan.tool.accounts !== null) return [hosts];
    const order = nodeNames(this.#plan.scenario.chain);
    const place = ({ id }: Host) => order.indexOf(id);
    return hosts.toSorted((a, b) => place(b) - place(a)).map((host) => [host]);
  }

  async #load(): Promise<void> {
    const { signal } = this.#context;
    const flood = this.#plan.pace.kind === 'flood';
    if (!flood) await this.#observe();
    await this.#ask(this.#head.id, 'generate', null);
    const { startMs } = await this.#startOfLoad();
    if (flood) {
      await this.#untilGenerated();
      await this.#observe();
    }
    const sent = new AbortController();
    const actions = remoteActions(this.#fleet);
    const steps = new StepRunner(actions, this.#plan.faults, (event) => {
      this.#draft.events.push({ ...event, timeMs: this.#onHead(event.timeMs) });
      this.#context.line.say(event.text);
    });
    const beganMs = flood ? Date.now() : startMs - this.#fleet.clockOf(this.#head.id).offsetMs;
    const faults = steps.run(beganMs, AbortSignal.any([sent.signal, signal]));
    try {
      if (flood) {
        this.#draft.floodStartMs = this.#onHead(Date.now());
        await this.#ask(this.#head.id, 'start', { ids: [this.#head.id] });
      } else await this.#untilGenerated();
    } finally {
      sent.abort();
      await faults;
    }
    this.#draft.invalid.push(...steps.notDone);
    this.#draft.unproven.push(...steps.unproven);
    await steps.undo(signal);
    this.#draft.faults = steps.records.map((record) => ({
      ...record,
      fromMs: this.#onHead(record.fromMs),
      toMs: record.toMs === null ? null : this.#onHead(record.toMs),
    }));
    this.#draft.drained = await this.#books.drain(this.#draft.manifest, signal);
    for (const host of remoteTargets(this.#fleet.chain, this.#plan.scenario)) {
      this.#draft.unproven.push(...(await this.#ask(host.id, 'unused', null)));
    }
  }

  async #observe(): Promise<void> {
    await this.#fleet.askAll(this.#fleet.nodes, 'observe', () => null);
  }

  /** The generator's first manifest. */
  async #startOfLoad(): Promise<Manifest> {
    const deadline = Date.now() + GENERATOR_START_MS;
    for (;;) {
      const { manifest, running } = await this.#ask(this.#head.id, 'generator', null);
      if (manifest !== null) {
        if (this.#plan.scenario.verify === 'live') await this.#follow(manifest);
        return manifest;
      }
      if (!running) throw new BenchError('run', `the generator on ${this.#head.id} ended before it began`);
      if (Date.now() > deadline) throw new BenchError('run', 'the generator does not begin');
      await delay(POLL_MS, undefined, { signal: this.#context.signal });
    }
  }

  async #follow(manifest: Manifest): Promise<void> {
    const ends = this.#fleet.nodes.filter(({ role }) => role === 'destination');
    await this.#fleet.askAll(ends, 'follow', () => ({ manifest }));
  }

  async #untilGenerated(): Promise<void> {
    let sayAtMs = Date.now() + SAY_MS;
    for (;;) {
      const state = await this.#ask(this.#head.id, 'generator', null);
      if (!state.running) {
        this.#draft.manifest = state.manifest;
        this.#draft.sentMs = state.progress?.timeMs ?? null;
        return;
      }
      if (Date.now() >= sayAtMs) {
        sayAtMs += SAY_MS;
        this.#context.line.say(`sent ${state.progress?.events ?? 0} of ${this.#plan.events} events`);
      }
      await delay(POLL_MS, undefined, { signal: this.#context.signal });
    }
  }

  async #verify(): Promise<void> {
    const { manifest } = this.#draft;
    if (manifest === null) return;
    const { root, outDir, signal } = this.#context;
    await verifyMachines(this.#draft, manifest, {
      ...{ fleet: this.#fleet, layout: this.#layout, head: this.#head.id, outDir, signal },
      config: sshConfigPath(root),
      remoteOut: join(this.#layout.dir, OUT),
    });
  }

  /** A time of ours by the clock of the machine that the generator runs on, which is the clock of the result. */
  #onHead(timeMs: number): number {
    return timeMs + this.#fleet.clockOf(this.#head.id).offsetMs;
  }

  #ask: Fleet['ask'] = (...args) => {
    this.#context.signal.throwIfAborted();
    return this.#fleet.ask(...args);
  };
}
