// A registry for who has no etcd: the places stand in the configuration and never change. Nothing is
// registered, and a second agent with the same id goes unnoticed here.

import type { StaticConfig } from '../config/schema.ts';
import { Members } from './members.ts';
import type { Endpoint, OnChange, Registry, RegistryState } from './registry.ts';

export class StaticRegistry implements Registry {
  readonly #instances: StaticConfig['instances'];
  readonly #members = new Members({ absentMs: 0 });
  #closed = false;

  constructor(instances: StaticConfig['instances']) {
    this.#instances = instances;
  }

  async register(): Promise<void> {}

  watch(id: string, onChange: OnChange): () => void {
    const stop = this.#members.watch(id, onChange);
    this.#members.observe(id, this.lookup(id), 0);
    return stop;
  }

  /** The list has no prefixes: members that never change stand with their cluster. */
  follow(): () => void {
    return () => undefined;
  }

  setDraining(): void {}

  lookup(id: string): Endpoint | null {
    const address = Object.hasOwn(this.#instances, id) ? this.#instances[id] : undefined;
    return address === undefined ? null : { id, address };
  }

  state(): RegistryState {
    return { status: this.#closed ? 'closed' : 'ok', registered: false };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#members.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
