// Which member of a cluster gets the next batch. A strategy sees loads and names, no sockets and no clock, and
// what it remembers is its own: the same calls give the same choices.

import { failover } from './failover.ts';
import { leastInflight } from './least-inflight.ts';
import { roundRobin } from './round-robin.ts';

export interface MemberLoad {
  readonly name: string;
  /** Sent and not yet acknowledged. */
  readonly inflightBytes: number;
  /** How much of a full member's load it shall carry, above 0 and up to 1: less while it starts slowly. */
  readonly share: number;
  /** Its place in the configuration. */
  readonly order: number;
}

export interface Strategy {
  /**
   * `credit`: choose among the members that are healthy and have credit for the batch. `health`: choose among all
   * healthy ones, and wait for the credit of the one chosen: a member that is full is not a reason to go elsewhere.
   */
  readonly among: 'credit' | 'health';
  /** The member for the next batch, which is sent if `choose` names one; null where nobody can be chosen. */
  choose(members: readonly MemberLoad[], batch: { readonly bytes: number }): string | null;
  /** What the member was last chosen for turned out to be larger than was said, or smaller. */
  correct(member: string, moreBytes: number): void;
}

/** The strategies that give whole batches; keyHash, which splits them by key, is in key-slots.ts. */
export const STRATEGIES = { leastInflight, roundRobin, failover } as const;

export type BatchStrategyName = keyof typeof STRATEGIES;
