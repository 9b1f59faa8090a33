// Which member has which slots now. Those who are there before anything is given out have full shares, and keep them while they stay,
// also if they are away for a moment: their slots wait until they are lost or back. Who comes later has a share that rises,
// in steps, because every new deal waits until those who had a slot are through with it.

import { dealSlots, type SlotMember } from './key-slots.ts';
import { type SlotSet, slotSet } from './slot-set.ts';

/** How a member stands. */
export interface Dealt {
  readonly name: string;
  readonly usable: boolean;
  /** Not connected, and given time to come back. */
  readonly awaited: boolean;
  readonly share: number;
}

export interface Deal {
  readonly key: string;
  readonly members: readonly string[];
  readonly sets: readonly SlotSet[];
}

/** Steps in which a share rises. */
const SHARE_STEPS = 8;

export class Dealer {
  #deal: Deal | null = null;
  #begun = false;
  /** They have what is theirs, and lose it only by leaving. */
  readonly #full = new Set<string>();

  /** Something is given out by a deal: who comes from now on takes its slots slowly. */
  begin(): void {
    this.#begun = true;
  }

  /** Null: there is nobody, or who there is will be known in a moment. */
  next(all: readonly Dealt[]): Deal | null {
    const members = all.filter(({ usable, awaited }) => usable || awaited);
    if (!members.some(({ usable }) => usable)) return null;
    const names = new Set(members.map(({ name }) => name));
    if (members.some(({ usable }) => !usable)) {
      const isSame = this.#deal?.members.every((name) => names.has(name)) ?? true;
      if (isSame) return this.#deal;
    }
    for (const name of this.#full) if (!names.has(name)) this.#full.delete(name);
    for (const { name, share } of members) if (!this.#begun || share === 1) this.#full.add(name);
    const shares = members.map(({ name, share }) => {
      return { name, share: this.#full.has(name) ? 1 : stepOf(share) };
    });
    const key = JSON.stringify(shares);
    if (this.#deal?.key !== key) this.#deal = dealt(key, shares);
    return this.#deal;
  }
}

function stepOf(share: number): number {
  return Math.max(1, Math.floor(share * SHARE_STEPS)) / SHARE_STEPS;
}

function dealt(key: string, shares: readonly SlotMember[]): Deal {
  const members = shares.map(({ name }) => name);
  const slots = new Map<string, number[]>(members.map((name) => [name, []]));
  for (const [slot, name] of (dealSlots(shares) ?? []).entries()) slots.get(name)?.push(slot);
  return { key, members, sets: members.map((name) => slotSet(slots.get(name) ?? [])) };
}
