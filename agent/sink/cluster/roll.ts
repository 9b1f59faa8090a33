// Who of those that are registered under a prefix belongs to the cluster. Anyone who may write to the registry can add
// records: what is there already takes no notice of it. Members stay until they leave the registry; newcomers fill what
// is left of membersMax, and only with a name that a list could have, at an address that nobody else has.

import type { Logger } from 'pino';
import { formatAddress } from '../../config/address.ts';
import { isPlainName } from '../../config/scalars.ts';
import type { Instance } from '../../registry/registry.ts';
import type { Member } from './members.ts';

/** Refusals that are remembered, so that each is logged once. */
const SAID_MAX = 1024;

export class Roll {
  readonly #membersMax: number;
  readonly #logger: Logger;
  readonly #known: ReadonlySet<string>;
  /** By name, where each was last. */
  #members: ReadonlyMap<string, string> = new Map();
  readonly #said = new Set<string>();

  /** @param known who is taken before others that are not members yet */
  constructor(membersMax: number, logger: Logger, known: ReadonlySet<string>) {
    this.#membersMax = membersMax;
    this.#logger = logger;
    this.#known = known;
  }

  /** @returns in the order of their ids */
  next(instances: readonly Instance[]): readonly Member[] {
    const rank = (one: Instance): number => {
      const at = this.#members.get(one.id);
      if (at !== undefined) return at === formatAddress(one.address) ? 0 : 1;
      return this.#known.has(one.id) ? 2 : 3;
    };
    const owners = new Map<string, string>();
    for (const one of [...instances].sort((a, b) => rank(a) - rank(b))) {
      const address = formatAddress(one.address);
      const owner = owners.get(address);
      if (!isPlainName(one.id)) this.#refuse(one.id, 'its id is no name of a member', address);
      else if (owner !== undefined) this.#refuse(one.id, `${owner} has this address`, address);
      else if (owners.size < this.#membersMax) owners.set(address, one.id);
    }
    this.#members = new Map([...owners].map(([address, name]) => [name, address]));
    return instances.filter(({ id }) => this.#members.has(id)).map(memberOf);
  }

  #refuse(id: string, why: string, address: string): void {
    const key = JSON.stringify([id, why, address]);
    if (this.#said.has(key) || this.#said.size >= SAID_MAX) return;
    this.#said.add(key);
    this.#logger.warn({ id, address, why }, 'a registered instance is not taken as a member');
  }
}

function memberOf({ id, address: { host, port }, draining, session }: Instance): Member {
  return { name: id, host, port, draining, ...(session !== undefined && { session }) };
}
