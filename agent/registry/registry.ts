// Who is where. An agent registers itself and watches the instances that it sends to. The data plane
// outlives the registry: a watcher keeps the last known place of an instance while the registry is away,
// and no call here ever has to succeed for bytes to go on flowing.

import type { Address } from '../config/address.ts';

/** What an agent says of itself. */
export interface Self {
  readonly id: string;
  /** What others connect to: an agent that listens nowhere has none. */
  readonly address?: Address;
  readonly role: string;
  readonly version: string;
  /** The id of the event log's stream: the same after a restart, another for a second agent. */
  readonly owner: string;
}

/** Where an instance can be reached. */
export interface Endpoint {
  readonly id: string;
  readonly address: Address;
  /** Of the process that registered: another one means that it was started again. Left out: its record does not say. */
  readonly session?: string;
}

/** One of several that do the same: a member of a cluster. */
export interface Instance extends Endpoint {
  /** It wants to be given nothing more. */
  readonly draining: boolean;
}

export interface RegistryState {
  /** `ok`; `waiting`: not reached yet; `away`: reached before, not now; `refused`; `closed`. */
  readonly status: 'ok' | 'waiting' | 'away' | 'refused' | 'closed';
  /** For /healthz: what is wrong, where something is. */
  readonly reason?: string;
  readonly registered: boolean;
}

/** Called with every new place of an instance, when it was started again, and with null once it is known to be nowhere. */
export type OnChange = (endpoint: Endpoint | null) => void;

/** Called with all instances under a prefix, in the order of their ids, whenever one comes, goes, moves or drains. */
export type OnRoster = (instances: readonly Instance[]) => void;

export interface Registry extends AsyncDisposable {
  /**
   * Resolves when `self` is first registered, retrying for as long as it takes; from then on the
   * registration is kept up. Rejects with code `refused` when another live agent has the id, and with
   * `closed` when the registry is closed first. An agent does not wait for it to move data.
   */
  register(self: Self): Promise<void>;
  /** Follows one instance until the function it returns is called. Never calls back before it returns. */
  watch(id: string, onChange: OnChange): () => void;
  /**
   * Follows every instance that registers under `<prefix>/instances/`, whatever the agent's own prefix is, until the
   * function it returns is called. Never calls back before it returns; an instance that is missing is given up only
   * after a while, as in `watch`; so is one of `known`, who were there when the registry was last heard of.
   */
  follow(prefix: string, onRoster: OnRoster, known?: readonly Instance[]): () => void;
  /** Whether the registration says that this instance drains, from now on. Does not wait for it to be written. */
  setDraining(draining: boolean): void;
  /** What is known of an instance now, without asking anyone. */
  lookup(id: string): Endpoint | null;
  state(): RegistryState;
  /** Takes the registration back, so that it vanishes at once, and stops every watch. Idempotent. */
  close(): Promise<void>;
}

/** The few lines that a registry logs; pino's logger fits. */
export interface RegistryLog {
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
}
