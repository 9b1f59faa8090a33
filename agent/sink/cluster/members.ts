// Who belongs to a cluster: a list in the configuration, or whoever is registered under a prefix in etcd. A host stays
// a name here and is looked up by every attempt to connect, so that a member may move.

import type { Logger } from 'pino';
import type { ClusterConfig } from '../../config/cluster.ts';
import type { Instance, Registry } from '../../registry/registry.ts';
import { Roll } from './roll.ts';

export interface Member {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** To be given nothing more; what it has under way it may finish. */
  readonly draining: boolean;
  /** Another one: it was started again. */
  readonly session?: string;
  /** From before a start, and not confirmed by the registry yet. */
  readonly isRecalled?: boolean;
}

export interface Members {
  /** In the configured order; those of a prefix in the order of their ids. */
  readonly current: readonly Member[];
  /** Whether anyone has said yet who belongs to it: until then who is not in `current` may still be a member. */
  readonly isKnown: boolean;
  /** Told whenever `current` changed, until the function it returns is called. */
  onChange(listener: (members: readonly Member[]) => void): () => void;
  close(): void;
}

type Origin = Pick<ClusterConfig, 'from' | 'membersMax'>;

export function openMembers(
  { from, membersMax }: Origin,
  registry: Pick<Registry, 'follow'>,
  logger: Logger,
  /** Whose bytes they have had: of more than the limit these are taken first. */
  known: ReadonlySet<string> = new Set(),
  /** Who they were when the registry was last heard of: they are it until it answers. */
  recalled: readonly Member[] = [],
): Members {
  if (from.by === 'list') return listed(from.members);
  return new RegisteredMembers(from.prefix, registry, new Roll(membersMax, logger, known), recalled);
}

function listed(members: readonly Member[]): Members {
  return { current: members, isKnown: true, onChange: () => () => undefined, close() {} };
}

class RegisteredMembers implements Members {
  readonly #listeners = new Set<(members: readonly Member[]) => void>();
  readonly #unfollow: () => void;
  #current: readonly Member[] = [];
  #isKnown = false;

  constructor(prefix: string, registry: Pick<Registry, 'follow'>, roll: Roll, recalled: readonly Member[]) {
    const known = recalled.map(({ name, host, port, draining }) => {
      return { id: name, address: { host, port }, draining };
    });
    this.#current = roll.next(known).map((member) => ({ ...member, isRecalled: true }));
    const onRoster = (instances: readonly Instance[]) => {
      this.#isKnown = true;
      this.#current = roll.next(instances);
      for (const listener of [...this.#listeners]) listener(this.#current);
    };
    this.#unfollow = registry.follow(prefix, onRoster, known);
  }

  get current(): readonly Member[] {
    return this.#current;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  onChange(listener: (members: readonly Member[]) => void): () => void {
    const own = (members: readonly Member[]) => listener(members); // its own identity, however often it is given
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  close(): void {
    this.#unfollow();
    this.#listeners.clear();
  }
}
