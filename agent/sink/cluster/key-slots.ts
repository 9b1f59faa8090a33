// keyHash: which member has which slot. A key has one of 256 slots for good (key.ts); here the slots are dealt
// to the members by weighted rendezvous hashing (Thaler, Ravishankar 1998; Schindelhauer, Schomaker 2005): every
// member draws a number for the slot from its own name, and the highest has it. So the deal is the same in every
// process and after every restart; when a member goes only its slots move, to all the others; when one comes it only
// takes; and while its share rises (slow start) it takes its slots one after the other.

import { hashOf } from './key-hash.ts';

export const SLOTS = 256;

export interface SlotMember {
  readonly name: string;
  /** Above 0 and up to 1. */
  readonly share: number;
}

/** The name of the member that has each slot; null: there is no member. */
export function dealSlots(members: readonly SlotMember[]): readonly string[] | null {
  const dealt: string[] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    let best: SlotMember | undefined;
    let highest = Number.NEGATIVE_INFINITY;
    for (const member of members) {
      const score = scoreOf(member, slot);
      if (score > highest || (score === highest && best !== undefined && member.name < best.name)) {
        best = member;
        highest = score;
      }
    }
    if (best === undefined) return null;
    dealt.push(best.name);
  }
  return dealt;
}

/** share / -ln(u) with u evenly spread over (0, 1): the member's chance of the slot is its part of all shares. */
function scoreOf({ name, share }: SlotMember, slot: number): number {
  const drawn = Buffer.from(`${name}/${slot}`);
  const u = (hashOf(drawn, 0, drawn.length) + 0.5) / 2 ** 32;
  return share / -Math.log(u);
}
