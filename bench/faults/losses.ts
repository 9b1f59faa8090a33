// `lost: counted`: what a destination has not got must be what the counters on its way say was dropped, skipped or
// set aside, to the event.

import type { AccountedNode } from '../run/conservation.ts';
import type { Evidence } from '../run/evidence.ts';

export function lossFailures({ plan, books, destinations }: Evidence): string[] {
  if (plan.scenario.asserts.lost !== 'counted') return [];
  return destinations.flatMap(({ name, lost, torn }) => {
    const parts = lossesOnTheWayTo(name, books.nodes);
    const counted = parts.reduce((sum, { events }) => sum + events, 0);
    // A damaged line that was delivered is both lost and torn; torn ones have their own assertion.
    if (lost.events === counted) return [];
    const text = parts.map(({ where, events }) => `${where} ${events}`).join(', ') || 'none';
    return [`${name}: ${lost.events} lost (${torn} torn), but the counters say ${counted}: ${text}`];
  });
}

export interface CountedLoss {
  readonly where: string;
  readonly events: number;
}

/** Of every hop from the generator to this destination, those with losses. */
export function lossesOnTheWayTo(id: string, nodes: readonly AccountedNode[]): CountedLoss[] {
  // The members of a cluster are one destination.
  const there = nodes.filter((node) => node.id === id || node.destination === id);
  const [node] = there;
  if (node === undefined) return [];
  // What a listener refuses its sender keeps, and sends again.
  const own = there.flatMap((one) =>
    (one.account?.sources ?? []).map(({ name, quarantined, refused }) => ({
      where: `${one.id}, source ${name} set aside`,
      events: quarantined + (one.from === null ? refused : 0),
    })),
  );
  const sender = nodes.find((candidate) => candidate.id === node.from);
  const lane = sender?.account?.destinations.find(({ name }) => name === id);
  const reasons = Object.entries(lane?.reasons ?? {});
  const dropped =
    reasons.length > 0
      ? reasons.map(([reason, events]) => ({ where: `${node.from} -> ${id} ${reason}`, events }))
      : [{ where: `${node.from} -> ${id} dropped`, events: (lane?.dropped ?? 0) + (lane?.skipped ?? 0) }];
  const before = node.from === null ? [] : lossesOnTheWayTo(node.from, nodes);
  return [...before, ...dropped, ...own].filter(({ events }) => events !== 0);
}
