// The member with the least under way, in proportion to its share: who acknowledges faster gets more. Equals,
// and on a quiet link all are equal at zero, take turns, so that the first in the list does not get everything.

import type { MemberLoad, Strategy } from './strategy.ts';
import { Turns } from './turns.ts';

export function leastInflight(): Strategy {
  const turns = new Turns();
  return {
    among: 'credit',
    choose(members, { bytes }) {
      let least = Number.POSITIVE_INFINITY;
      for (const member of members) least = Math.min(least, loadOf(member));
      const chosen = turns.next(members.filter((member) => loadOf(member) === least));
      if (chosen === null) return null;
      turns.took(chosen, bytes);
      return chosen.name;
    },
    correct: (member, moreBytes) => turns.correct(member, moreBytes),
  };
}

function loadOf({ inflightBytes, share }: MemberLoad): number {
  return inflightBytes / share;
}
