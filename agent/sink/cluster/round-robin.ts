// Each member in its turn. Turns are counted in bytes, since batches differ in size: in batches, a big and a small
// one in alternation would give all the big ones to the same member.

import type { Strategy } from './strategy.ts';
import { Turns } from './turns.ts';

export function roundRobin(): Strategy {
  const turns = new Turns();
  return {
    among: 'credit',
    choose(members, { bytes }) {
      const chosen = turns.next(members);
      if (chosen === null) return null;
      turns.took(chosen, bytes);
      return chosen.name;
    },
    correct: (member, moreBytes) => turns.correct(member, moreBytes),
  };
}
