// Holds what arrived at the destinations to what the scenario asserts of it, and says at which of them it does not hold:
// damage that a scenario allows is no failure of a destination.

import { arrivalFailures } from '../faults/judge.ts';
import type { Result } from '../result.ts';
import type { Evidence } from './evidence.ts';

export function countFailures({ plan, destinations }: Evidence): string[] {
  const { asserts } = plan.scenario;
  // Order is asked of a tool whose documentation promises it; from others it is reported.
  const reorderedMax = plan.tool.features.keepsOrder ? asserts.reordered : 'any';
  return destinations.flatMap(({ name, lost, duplicated, reordered, torn, foreign }) => {
    const counts = [
      ['lost', lost.events, asserts.lost],
      ['duplicated', duplicated.events, asserts.duplicated],
      ['reordered', reordered.events, reorderedMax],
      ['torn', torn, asserts.torn],
      ['foreign', foreign, asserts.foreign],
    ] as const;
    return counts
      .filter(([, count, most]) => typeof most === 'number' && count > most)
      .map(([what, count, most]) => `${name}: ${count} ${what}, expected at most ${most}`);
  });
}

/** Names of the destinations at which an assertion about their events does not hold. */
export function failedAt(evidence: Evidence, window: Result['window']): string[] {
  return evidence.destinations
    .filter((destination) => {
      const alone = { ...evidence, destinations: [destination] };
      return countFailures(alone).length + arrivalFailures(alone, window).length > 0;
    })
    .map(({ name }) => name);
}
