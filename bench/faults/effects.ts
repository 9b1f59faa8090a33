// Doing one fault to the chain, and ending it. Each effect throws when it could not be had (nothing there to stop,
// no connection to cut): a fault that never happened must not count as survived.

import type { LocalChain } from '../chain/chain.ts';
import { ETCD } from '../chain/registry.ts';
import { seededRandom } from '../generator/random.ts';
import { BenchError } from '../run-error.ts';
import type { Tool } from '../tools/tool.ts';
import { damage } from './damage.ts';
import { diskFolder, type SmallDisk } from './disk.ts';
import type { FaultLink } from './link.ts';
import type { LinkFault } from './proxy/fault.ts';
import { type ReloadStep, Reloads } from './reload.ts';
import type { EndAction, Step } from './step.ts';

export interface Breakable {
  readonly chain: LocalChain;
  readonly tool: Tool;
  readonly links: readonly FaultLink[];
  readonly disks: readonly SmallDisk[];
  readonly seed: number;
  /** A tool that did not do what it should while something was done to it. */
  readonly onMisbehaved: (text: string) => void;
}

/** What a scenario's steps are done by. */
export type FaultActions = Pick<FaultEffects, 'do' | 'end' | 'restore'>;

export class FaultEffects {
  readonly #on: Breakable;
  readonly #random: () => number;
  readonly #reloads: Reloads;

  constructor(on: Breakable) {
    this.#on = on;
    this.#reloads = new Reloads(on.chain, on.tool);
    this.#random = seededRandom(on.seed ^ 0x5eed);
  }

  /**
   * Returns what is worth telling beside that it happened.
   * @throws BenchError `nothing-to-break`, which chance may run into; every other error means that the rig is broken.
   */
  async do(step: Step, target: string, signal: AbortSignal): Promise<string> {
    const { chain } = this.#on;
    switch (step.do) {
      case 'stop':
        this.#mustBeUp(target);
        for (const name of await chain.stopNode(target)) {
          this.#on.onMisbehaved(`${name} did not end on SIGTERM and was killed`);
        }
        return '';
      case 'kill':
        this.#mustBeUp(target);
        await chain.killNode(target);
        return '';
      case 'pause':
        this.#mustBeUp(target);
        await chain.signalNode(target, 'SIGSTOP');
        return '';
      case 'wipe':
        return this.#wipe(target);
      case 'join':
        if (chain.isUp(target)) throw new BenchError('run', `${target} is up already`);
        await this.#comesUp(chain.start([target], signal));
        return '';
      case 'drain':
        this.#mustBeUp(target);
        await chain.drainNode(target, true);
        return '';
      case 'cut':
        return this.#break(target, { kind: 'cut' });
      case 'half-open':
        return this.#break(target, { kind: 'half-open', direction: step.direction });
      case 'slow':
        return this.#break(target, { kind: 'slow', bytesPerSecond: step.bytesPerSecond });
      case 'reset':
        return this.#reset(target);
      case 'fill':
        return `${await this.#disk(target).fill(step.leave)} bytes of ballast`;
      case 'damage':
        return this.#damage(step, target);
      case 'reload':
        return this.#reload(step, target, signal);
      case 'start':
      case 'resume':
      case 'undrain':
      case 'heal':
      case 'free':
        await this.end(step.do, target, signal);
        return '';
      default:
        return step satisfies never;
    }
  }

  /** Ends a fault. */
  async end(action: EndAction, target: string, signal: AbortSignal): Promise<void> {
    const { chain } = this.#on;
    switch (action) {
      case 'start':
        if (chain.isUp(target)) throw new BenchError('run', `${target} is up already`);
        await this.#comesUp(chain.launch(target, signal));
        return;
      case 'resume':
        this.#mustBeUp(target);
        await chain.signalNode(target, 'SIGCONT');
        return;
      case 'undrain':
        await chain.drainNode(target, false);
        return;
      case 'heal':
        await this.#link(target).apply({ kind: 'none' });
        return;
      case 'free':
        await this.#disk(target).free();
        return;
      default:
        action satisfies never;
    }
  }

  /** Whatever was done to it: as it was at the beginning. Returns what had to be done. */
  async restore(target: string, signal: AbortSignal): Promise<readonly string[]> {
    const { chain, links, disks } = this.#on;
    const done: string[] = [];
    const link = links.find(({ name }) => name === target);
    if (link !== undefined) {
      const { fault } = await link.state();
      if (fault.kind !== 'none') done.push(`${target}: healed at the end`);
      await link.apply({ kind: 'none' });
      return done;
    }
    await disks.find(({ node }) => node === target)?.free();
    await chain.signalNode(target, 'SIGCONT');
    if (await this.#reloads.restore(target, signal)) done.push(`${target}: got its configuration back`);
    if (chain.isDraining(target)) {
      await chain.drainNode(target, false);
      done.push(`${target}: drains no more at the end`);
    }
    if (!chain.isUp(target)) {
      const isUp = await this.#comesUp(chain.start([target], signal));
      done.push(isUp ? `${target}: started again at the end` : `${target}: did not start again at the end`);
    }
    return done;
  }

  /** Reasons why a link's faults prove nothing. */
  async unused(): Promise<string[]> {
    const reasons: string[] = [];
    for (const link of this.#on.links) {
      const { forwardBytes, affected } = await link.state();
      if (forwardBytes === 0) reasons.push(`no byte crossed the fault proxy of ${link.name}`);
      else if (affected === 0) reasons.push(`no connection of ${link.name} was affected by its faults`);
    }
    return reasons;
  }

  async #wipe(target: string): Promise<string> {
    const { chain } = this.#on;
    const bytes = await chain.wipe(target);
    if (bytes === 0) throw new BenchError('nothing-to-break', `${target} had nothing on disk`);
    return `${bytes} bytes gone`;
  }

  async #break(target: string, fault: LinkFault): Promise<string> {
    const link = this.#link(target);
    const connections = await link.apply(fault);
    if (connections === 0) {
      await link.apply({ kind: 'none' });
      throw new BenchError('nothing-to-break', `no connection stands on ${target}`);
    }
    return `${connections} connection${connections === 1 ? '' : 's'}`;
  }

  async #reset(target: string): Promise<string> {
    const connections = await this.#link(target).reset();
    if (connections === 0) throw new BenchError('nothing-to-break', `no connection stands on ${target}`);
    return `${connections} connection${connections === 1 ? '' : 's'}`;
  }

  async #damage(step: Extract<Step, { do: 'damage' }>, target: string): Promise<string> {
    const { chain } = this.#on;
    if (chain.isUp(target)) throw new BenchError('run', `${target} is up: stop it first`);
    const node = chain.layout.nodes.find(({ id }) => id === target);
    if (node === undefined) throw new BenchError('run', `${target} is not in the chain`);
    const log = chain.nodes.find((prepared) => prepared.node.id === target)?.plan.log ?? diskFolder(node);
    return (await damage(log, step, this.#random)).join('; ');
  }

  async #reload(step: ReloadStep, target: string, signal: AbortSignal): Promise<string> {
    this.#mustBeUp(target);
    const wrong = await this.#reloads.change(step, target, signal);
    if (wrong !== null) this.#on.onMisbehaved(wrong);
    return wrong === null ? step.expect : wrong;
  }

  /** A tool that does not come back from a fault has failed, and the fault has happened. */
  async #comesUp(starting: Promise<void>): Promise<boolean> {
    try {
      await starting;
      return true;
    } catch (error) {
      if (!(error instanceof BenchError) || error.code !== 'tool-failed') throw error;
      this.#on.onMisbehaved(error.message);
      return false;
    }
  }

  /** What fell by itself is as good as broken on purpose, and counted against the tool already. */
  #mustBeUp(target: string): void {
    if (this.#on.chain.isUp(target) || this.#on.chain.isWanted(target)) return;
    const why = target === ETCD ? ' (the chain runs on the static registry)' : '';
    throw new BenchError('nothing-to-break', `${target} is not up${why}`);
  }

  #link(target: string): FaultLink {
    const link = this.#on.links.find(({ name }) => name === target);
    if (link === undefined) throw new BenchError('run', `${target} has no fault proxy`);
    return link;
  }

  #disk(target: string): SmallDisk {
    const disk = this.#on.disks.find(({ node }) => node === target);
    if (disk === undefined) throw new BenchError('run', `${target} has no filesystem of its own`);
    return disk;
  }
}
