// Everything to the first healthy member in the configured order; the others wait for it to fail.

import type { Strategy } from './strategy.ts';

export function failover(): Strategy {
  return {
    among: 'health',
    choose(members) {
      let first = members[0];
      for (const member of members) if (first === undefined || member.order < first.order) first = member;
      return first?.name ?? null;
    },
    correct: () => undefined,
  };
}
