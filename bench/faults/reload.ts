// A node is told to read its configuration again: the file is changed, the signal sent, and what the node says of it
// waited for. One that does not answer, or answers otherwise than the scenario expects, has misbehaved.

import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LocalChain } from '../chain/chain.ts';
import type { PreparedNode } from '../chain/node-setup.ts';
import { BenchError } from '../run-error.ts';
import type { ReloadOutcomes, Tool, ToolReload } from '../tools/tool.ts';
import type { Step } from './step.ts';

export type ReloadStep = Extract<Step, { do: 'reload' }>;

const ANSWER_MS = 20_000;
const POLL_MS = 20;

export class Reloads {
  readonly #chain: LocalChain;
  readonly #tool: Tool;
  /** Nodes whose file is not what it was. */
  readonly #changed = new Set<string>();

  constructor(chain: LocalChain, tool: Tool) {
    this.#chain = chain;
    this.#tool = tool;
  }

  /** @returns what the node made of it, and why that is not what was expected, or null. */
  async change(step: ReloadStep, target: string, signal: AbortSignal): Promise<string | null> {
    const { reload, prepared, file } = this.#find(target);
    this.#changed.add(target);
    const { without, set } = step;
    const outcome = await this.#apply(
      prepared,
      file.path,
      reload.changed(file.text, { without, set }),
      signal,
    );
    if (outcome === step.expect) return null;
    return `${target} ${outcome} a configuration that it should have ${step.expect}`;
  }

  /** The configuration it had. False where it has it. */
  async restore(target: string, signal: AbortSignal): Promise<boolean> {
    if (!this.#changed.delete(target)) return false;
    const { prepared, file } = this.#find(target);
    if (this.#chain.isUp(target)) await this.#apply(prepared, file.path, file.text, signal);
    else await writeFile(file.path, file.text);
    return true;
  }

  async #apply(
    { node, view }: PreparedNode,
    path: string,
    text: string,
    signal: AbortSignal,
  ): Promise<keyof ReloadOutcomes> {
    const { reload } = this.#find(node.id);
    const before = await reload.outcomes(view);
    await writeFile(path, text);
    await this.#chain.signalNode(node.id, 'SIGHUP');
    const deadline = Date.now() + ANSWER_MS;
    for (;;) {
      const now = await reload.outcomes(view);
      for (const outcome of ['refused', 'applied', 'unchanged'] as const) {
        if (now[outcome] > before[outcome]) return outcome;
      }
      if (Date.now() > deadline) {
        throw new BenchError('run', `${node.id} did not read its configuration again in ${ANSWER_MS} ms`);
      }
      await delay(POLL_MS, undefined, { signal });
    }
  }

  #find(target: string): {
    reload: ToolReload;
    prepared: PreparedNode;
    file: { path: string; text: string };
  } {
    const { reload, name } = this.#tool;
    if (reload === undefined) {
      throw new BenchError('run', `${name} cannot be told to read its configuration again`);
    }
    const prepared = this.#chain.nodes.find(({ node }) => node.id === target);
    const [file] = prepared?.plan.files ?? [];
    if (prepared === undefined || file === undefined) {
      throw new BenchError('run', `${target} has no configuration file`);
    }
    return { reload, prepared, file };
  }
}
