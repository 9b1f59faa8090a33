// The timed steps of a scenario: done when they are due, recorded with the time they took effect, and undone at the
// end whatever happens. A step that could not do what it says (nothing there to stop) makes the run invalid.

import { setTimeout as delay } from 'node:timers/promises';
import type { LocalChain } from '../chain/chain.ts';
import { BenchError, messageOf } from '../run-error.ts';
import type { Step } from '../scenario.ts';

export interface TimedText {
  readonly timeMs: number;
  readonly text: string;
}

export class StepRunner {
  readonly #chain: LocalChain;
  readonly #steps: readonly Step[];
  readonly #onEvent: (event: TimedText) => void;
  /** Index of the first step that has not been done. */
  #next = 0;
  readonly #failed: string[] = [];

  constructor(chain: LocalChain, steps: readonly Step[], onEvent: (event: TimedText) => void) {
    this.#chain = chain;
    this.#steps = steps.toSorted((a, b) => a.at - b.at);
    this.#onEvent = onEvent;
  }

  /** Ends after the last step, or quietly when `signal` is aborted. */
  async run(startMs: number, signal: AbortSignal): Promise<void> {
    for (const step of this.#steps) {
      const wait = startMs + step.at - Date.now();
      try {
        if (wait > 0) await delay(wait, undefined, { signal });
      } catch {
        return;
      }
      if (signal.aborted) return;
      await this.#do(step, signal);
      this.#next++;
    }
  }

  /** What was planned and did not happen: the reasons why the run is invalid. */
  get notDone(): readonly string[] {
    const skipped = this.#steps.slice(this.#next).map((step) => `step '${describe(step)}' never happened`);
    return [...this.#failed, ...skipped];
  }

  /** Starts what a step left stopped, and continues what it left paused. */
  async undo(signal: AbortSignal): Promise<void> {
    const targets = new Set(this.#steps.slice(0, this.#next).map((step) => step.target));
    for (const target of targets) {
      await this.#chain.signalNode(target, 'SIGCONT');
      if (this.#chain.isUp(target)) continue;
      await this.#chain.start([target], signal);
      this.#record(`${target}: started again at the end`);
    }
  }

  async #do(step: Step, signal: AbortSignal): Promise<void> {
    try {
      await this.#effect(step, signal);
      this.#record(describe(step));
    } catch (error) {
      this.#failed.push(`step '${describe(step)}' failed: ${messageOf(error)}`);
      this.#record(`${describe(step)}: failed`);
    }
  }

  async #effect({ do: action, target }: Step, signal: AbortSignal): Promise<void> {
    const up = this.#chain.isUp(target);
    if (up === (action === 'start'))
      throw new BenchError('run', `${target} is ${up ? 'up already' : 'not up'}`);
    switch (action) {
      case 'stop':
        await this.#chain.stopNode(target);
        return;
      case 'kill':
        await this.#chain.killNode(target);
        return;
      case 'start':
        await this.#chain.start([target], signal);
        return;
      case 'pause':
        await this.#chain.signalNode(target, 'SIGSTOP');
        return;
      case 'resume':
        await this.#chain.signalNode(target, 'SIGCONT');
        return;
      default:
        action satisfies never;
    }
  }

  #record(text: string): void {
    this.#onEvent({ timeMs: Date.now(), text });
  }
}

function describe(step: Step): string {
  return `${step.do} ${step.target} at ${step.at / 1000} s`;
}
