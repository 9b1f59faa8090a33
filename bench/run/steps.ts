// The faults of a scenario in time: done when they are due, ended when they have lasted, recorded with the time they
// took effect, and undone at the end whatever happens. Faults of one target follow one another; those of different
// targets overlap. A fault that could not happen makes the run invalid.

import { setTimeout as delay } from 'node:timers/promises';
import type { FaultActions } from '../faults/effects.ts';
import { describeFault, type PlannedFault } from '../faults/plan.ts';
import type { FaultRecord } from '../faults/record.ts';
import { endOf, isRandom, type Step, type StepAction } from '../faults/step.ts';
import { BenchError, messageOf } from '../run-error.ts';

export interface TimedText {
  readonly timeMs: number;
  readonly text: string;
}

interface OpenFault {
  readonly action: StepAction;
  readonly target: string;
  readonly fromMs: number;
}

export class StepRunner {
  readonly #effects: FaultActions;
  readonly #faults: readonly PlannedFault[];
  readonly #onEvent: (event: TimedText) => void;
  readonly #queues = new Map<string, Promise<void>>();
  readonly #pending = new Set<PlannedFault>();
  readonly #failed: string[] = [];
  readonly #unproven: string[] = [];
  readonly #happened = new Map<Step, number>();
  readonly #touched = new Set<string>();
  readonly #records: FaultRecord[] = [];
  #open: OpenFault[] = [];

  constructor(effects: FaultActions, faults: readonly PlannedFault[], onEvent: (event: TimedText) => void) {
    this.#effects = effects;
    this.#faults = faults;
    this.#onEvent = onEvent;
    for (const fault of faults) this.#pending.add(fault);
  }

  /** Ends after the last fault, or when `signal` is aborted: then what lasts is left to `undo`. */
  async run(startMs: number, signal: AbortSignal): Promise<void> {
    for (const fault of this.#faults) {
      if (!(await sleepUntil(startMs + fault.atMs, signal))) break;
      const before = this.#queues.get(fault.target) ?? Promise.resolve();
      this.#queues.set(
        fault.target,
        before.then(() => this.#perform(fault, signal)),
      );
    }
    await Promise.all(this.#queues.values());
  }

  /** What was planned and did not happen: the reasons why the run is invalid. */
  get notDone(): readonly string[] {
    const skipped = [...this.#pending].map((fault) => `step '${describeFault(fault)}' never happened`);
    return [...this.#failed, ...skipped, ...this.#seldom()];
  }

  /** Faults that found nothing to break: the run cannot pass, but what was lost meanwhile was lost. */
  get unproven(): readonly string[] {
    return this.#unproven;
  }

  /** Steps with random targets of which less than half happened. */
  #seldom(): string[] {
    const random = [...new Set(this.#faults.map(({ step }) => step))].filter(({ target }) =>
      isRandom(target),
    );
    return random.flatMap((step) => {
      const planned = this.#faults.filter((fault) => fault.step === step).length;
      const happened = this.#happened.get(step) ?? 0;
      if (happened * 2 >= planned) return [];
      return [`only ${happened} of ${planned} random steps '${step.do}' happened`];
    });
  }

  get records(): readonly FaultRecord[] {
    return this.#records;
  }

  /** Starts what is stopped, continues what is paused, heals and frees. Call it when `run` has ended. */
  async undo(signal: AbortSignal): Promise<void> {
    for (const target of this.#touched) {
      for (const text of await this.#effects.restore(target, signal)) this.#record(text);
    }
    for (const { action, target, fromMs } of this.#open) {
      this.#records.push({ action, target, node: nodeOf(target), fromMs, toMs: Date.now() });
    }
    this.#open = [];
  }

  async #perform(fault: PlannedFault, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#pending.delete(fault);
    const { step, target, lastsMs } = fault;
    this.#touched.add(target);
    let began = false;
    try {
      const detail = await this.#effects.do(step, target, signal);
      began = true;
      this.#happened.set(step, (this.#happened.get(step) ?? 0) + 1);
      this.#record(`${describeFault(fault)}${detail === '' ? '' : ` (${detail})`}`);
      this.#note(step.do, target);
      const end = endOf(step.do);
      if (lastsMs === null || end === null) return;
      if (!(await sleepUntil(Date.now() + lastsMs, signal))) return;
      await this.#effects.end(end, target, signal);
      if (lastsMs > 0) this.#record(`${end} ${target}`);
      this.#note(end, target);
    } catch (error) {
      // The load ended while a fault was being ended: undo does the rest.
      if (signal.aborted && began) return;
      if (isRandom(step.target) && !began && isChance(error)) {
        // Most must find something to break: see notDone.
        this.#record(`${describeFault(fault)}: ${messageOf(error)}`);
        return;
      }
      const reasons = !began && isChance(error) ? this.#unproven : this.#failed;
      reasons.push(`step '${describeFault(fault)}' failed: ${messageOf(error)}`);
      this.#record(`${describeFault(fault)}: failed`);
    }
  }

  /** Pairs a fault with what ends it. */
  #note(action: StepAction, target: string): void {
    const timeMs = Date.now();
    const node = nodeOf(target);
    const ended = this.#open.filter((open) => open.target === target && endOf(open.action) === action);
    for (const { action: began, fromMs } of ended) {
      this.#records.push({ action: began, target, node, fromMs, toMs: timeMs });
    }
    this.#open = this.#open.filter((open) => !ended.includes(open));
    if (endOf(action) !== null) this.#open.push({ action, target, fromMs: timeMs });
    else if (ended.length === 0) this.#records.push({ action, target, node, fromMs: timeMs, toMs: null });
  }

  #record(text: string): void {
    this.#onEvent({ timeMs: Date.now(), text });
  }
}

/** What was picked at random was broken already. That a fault could not be ended is never chance. */
function isChance(error: unknown): boolean {
  return error instanceof BenchError && error.code === 'nothing-to-break';
}

function nodeOf(target: string): string {
  return target.split(' -> ').at(-1) ?? target;
}

/** False when aborted. */
async function sleepUntil(timeMs: number, signal: AbortSignal): Promise<boolean> {
  const wait = timeMs - Date.now();
  if (wait > 0) await delay(wait, undefined, { signal }).catch(() => undefined);
  return !signal.aborted;
}
