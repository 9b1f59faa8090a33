// One attempt to connect: given up where the receiver is elsewhere by now, or whoever wanted the connection is to stop.

import type { Address } from '../config/address.ts';

/** A connection of either protocol. */
export interface Connection {
  run(): Promise<void>;
  stop(once: 'drained' | 'acknowledged'): void;
  cut(): void;
}

export class Attempt {
  readonly #address: Address;
  readonly #stop: AbortSignal;
  readonly #end = new AbortController();

  constructor(address: Address, stop: AbortSignal) {
    this.#address = address;
    this.#stop = stop;
  }

  /** The receiver is there now. */
  moveTo({ host, port }: Address): void {
    if (host !== this.#address.host || port !== this.#address.port) this.#end.abort();
  }

  /** Null: it was given up. */
  async make<T extends { readonly outbound: Connection }>(
    connect: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | null> {
    const { signal } = this.#end;
    const giveUp = () => this.#end.abort();
    this.#stop.addEventListener('abort', giveUp);
    if (this.#stop.aborted) giveUp();
    try {
      const made = await connect(signal);
      if (!signal.aborted) return made;
      made.outbound.cut();
      return null;
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    } finally {
      this.#stop.removeEventListener('abort', giveUp);
    }
  }
}
