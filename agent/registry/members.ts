// The last known place of every instance that somebody watches. A place is given up only after it has been
// missing for `absentMs` without a break: an etcd that was wiped, or an agent that re-registers, leaves a
// gap in the registry and must leave none in the data plane.

import { formatAddress } from '../config/address.ts';
import type { Endpoint, OnChange } from './registry.ts';

interface Member {
  readonly watchers: Set<OnChange>;
  /** undefined: nobody has answered yet; null: known to be nowhere. */
  endpoint: Endpoint | null | undefined;
  absentSinceMs: number | undefined;
}

export class Members {
  readonly #absentMs: number;
  readonly #members = new Map<string, Member>();

  constructor({ absentMs }: { absentMs: number }) {
    this.#absentMs = absentMs;
  }

  watch(id: string, onChange: OnChange): () => void {
    const member = this.#members.get(id) ?? {
      watchers: new Set(),
      endpoint: undefined,
      absentSinceMs: undefined,
    };
    this.#members.set(id, member);
    const watcher: OnChange = (endpoint) => onChange(endpoint); // its own identity, however often it is given
    member.watchers.add(watcher);
    if (member.endpoint !== undefined) tell(member, watcher, member.endpoint);
    return () => {
      member.watchers.delete(watcher);
      if (member.watchers.size === 0 && this.#members.get(id) === member) this.#members.delete(id);
    };
  }

  lookup(id: string): Endpoint | null {
    return this.#members.get(id)?.endpoint ?? null;
  }

  ids(): readonly string[] {
    return [...this.#members.keys()];
  }

  has(id: string): boolean {
    return this.#members.has(id);
  }

  /** What the registry says of an instance at `nowMs`, a clock that only rises. True if the place changed. */
  observe(id: string, found: Endpoint | null, nowMs: number): boolean {
    const member = this.#members.get(id);
    if (member === undefined) return false;
    if (found !== null) member.absentSinceMs = undefined;
    else if (member.endpoint) {
      member.absentSinceMs ??= nowMs;
      if (nowMs - member.absentSinceMs < this.#absentMs) return false;
    }
    if (isSame(member.endpoint, found)) return false;
    member.endpoint = found;
    for (const watcher of member.watchers) tell(member, watcher, found);
    return true;
  }

  clear(): void {
    for (const member of this.#members.values()) member.watchers.clear();
    this.#members.clear();
  }
}

// In a microtask: watch() has returned by then, and what a watcher throws is its own.
function tell(member: Member, watcher: OnChange, endpoint: Endpoint | null): void {
  queueMicrotask(() => {
    if (member.watchers.has(watcher)) watcher(endpoint);
  });
}

function isSame(a: Endpoint | null | undefined, b: Endpoint | null): boolean {
  if (!a || b === null) return a === b;
  return formatAddress(a.address) === formatAddress(b.address) && a.session === b.session;
}
