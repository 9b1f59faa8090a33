// Where the endpoint of a destination is: at a fixed address, or where the registry last knew its instance. The last
// known place is kept when the registry loses it: the data plane outlives the registry.

import type { Address } from '../config/address.ts';
import type { SingleTarget } from '../config/schema.ts';
import type { Registry } from '../registry/registry.ts';
import type { Position } from './position.ts';

export class Whereabouts {
  readonly #to: SingleTarget;
  readonly #registry: Registry;
  readonly #position: Position;
  #found: Address | null;

  constructor(to: SingleTarget, registry: Registry, position: Position) {
    this.#to = to;
    this.#registry = registry;
    this.#position = position;
    this.#found = to.by === 'address' ? to.address : null;
  }

  /** Null: the registry does not know the instance yet. */
  get address(): Address | null {
    return this.#found;
  }

  /** Calls back when the instance is found somewhere, or was started again there, until the function it returns is called. */
  follow(onFound: (address: Address) => void): () => void {
    if (this.#to.by === 'address') return () => undefined;
    const { instance } = this.#to;
    // a restart while the registry is away tries it where it was
    const remembered = this.#position.state.lastAddress ?? null;
    this.#found = this.#registry.lookup(instance)?.address ?? remembered;
    return this.#registry.watch(instance, (endpoint) => {
      if (endpoint === null) return;
      this.#found = endpoint.address;
      this.#position.foundAt(endpoint.address);
      onFound(endpoint.address);
    });
  }
}
