// Everybody who is registered under one prefix. As with a single instance (members.ts), one that is missing is given
// up only after `absentMs` without a break, so that a registry that was wiped empties no cluster, also over a restart.

import { formatAddress } from '../config/address.ts';
import type { Instance, OnRoster } from './registry.ts';

interface Known {
  readonly instance: Instance;
  readonly absentSinceMs: number | undefined;
}

export class Roster {
  readonly #absentMs: number;
  readonly #followers = new Set<OnRoster>();
  #known = new Map<string, Known>();
  /** False until the registry has answered once. */
  #answered = false;

  constructor({ absentMs }: { absentMs: number }) {
    this.#absentMs = absentMs;
  }

  /** In the order of their ids. */
  get current(): readonly Instance[] {
    return [...this.#known.values()]
      .map(({ instance }) => instance)
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }

  get followed(): boolean {
    return this.#followers.size > 0;
  }

  follow(onRoster: OnRoster): () => void {
    const follower: OnRoster = (instances) => onRoster(instances); // its own identity, however often it is given
    this.#followers.add(follower);
    if (this.#answered) this.#tell(follower);
    return () => void this.#followers.delete(follower);
  }

  /** They were there when the registry was last heard of: the first answer need not name them yet. */
  expect(instances: readonly Instance[]): void {
    if (this.#answered) return;
    for (const instance of instances) this.#known.set(instance.id, { instance, absentSinceMs: undefined });
  }

  /** What the registry says at `nowMs`, a clock that only rises. True if anything changed. */
  observe(found: readonly Instance[], nowMs: number): boolean {
    const before = describe(this.current);
    const next = new Map<string, Known>();
    for (const [id, known] of this.#known) {
      const absentSinceMs = known.absentSinceMs ?? nowMs;
      if (nowMs - absentSinceMs < this.#absentMs) next.set(id, { instance: known.instance, absentSinceMs });
    }
    for (const instance of found) next.set(instance.id, { instance, absentSinceMs: undefined });
    this.#known = next;
    const isChanged = !this.#answered || describe(this.current) !== before;
    this.#answered = true;
    if (isChanged) for (const follower of this.#followers) this.#tell(follower);
    return isChanged;
  }

  // In a microtask: follow() has returned by then, and what a follower throws is its own.
  #tell(follower: OnRoster): void {
    const instances = this.current;
    queueMicrotask(() => {
      if (this.#followers.has(follower)) follower(instances);
    });
  }
}

function describe(instances: readonly Instance[]): string {
  return instances
    .map(({ id, address, draining, session = '' }) => {
      return `${id}=${formatAddress(address)} ${session}${draining ? ' draining' : ''}`;
    })
    .join(',');
}
