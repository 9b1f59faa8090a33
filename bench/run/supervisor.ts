// Starts again what ended without the rig having asked for it, as systemd would with Restart=always: a kill -9 by hand
// in the middle of a run is a fault like any other, recorded with its time, and judged by what it lost. A process that
// ended on its own account (an exit status, a crash) is started again too, and counts against the tool.

import { setTimeout as delay } from 'node:timers/promises';
import type { LocalChain } from '../chain/chain.ts';
import { messageOf } from '../run-error.ts';

const LOOK_MS = 250;
/** A process that ends faster than it can be started is left down. */
const RESTARTS_MAX = 500;

export interface SupervisorEvents {
  readonly onEvent: (text: string) => void;
  readonly onFailure: (text: string) => void;
}

export class Supervisor {
  readonly #chain: LocalChain;
  readonly #events: SupervisorEvents;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #restarts = 0;

  constructor(chain: LocalChain, events: SupervisorEvents) {
    this.#chain = chain;
    this.#events = events;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
      for (const id of await this.#chain.fallen()) {
        if (!signal.aborted) await this.#restart(id, signal);
      }
    }
  }

  async #restart(id: string, signal: AbortSignal): Promise<void> {
    if (this.#restarts >= RESTARTS_MAX) return;
    this.#restarts++;
    try {
      await this.#chain.restart(id, signal);
      this.#events.onEvent(`${id} started again`);
    } catch (error) {
      if (!signal.aborted) this.#events.onFailure(`${id} could not be started again: ${messageOf(error)}`);
    }
  }
}
