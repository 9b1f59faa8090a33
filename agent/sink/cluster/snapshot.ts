// What a cluster shows of its members: those it has, and those that left and of which something is held, in doubt or lost.

import type { ClusterSnapshot } from '../../http/snapshot.ts';
import { isBlank } from './lane.ts';
import type { LaneLedger } from './lane-ledger.ts';
import type { ClusterMember } from './member.ts';

export function clusterSnapshot(ledger: LaneLedger, members: readonly ClusterMember[]): ClusterSnapshot {
  const former = [...ledger.lanes].filter(([, lane]) => !isBlank(lane)).map(([name]) => name);
  const names = new Set([...members.map(({ name }) => name), ...former]);
  const shown = [...names].map((name) => {
    const member = members.find((one) => one.name === name);
    return {
      name,
      state: member?.health.state ?? ('gone' as const),
      reason: member === undefined ? 'it left the cluster' : member.health.reason,
      connected: member?.connected ?? false,
      acknowledged: { ...(member?.acknowledged ?? { events: 0, bytes: 0 }) },
      inDoubt: ledger.inDoubt(name),
      lostEvents: ledger.lanes.get(name)?.lostEvents ?? 0,
    };
  });
  return { had: ledger.had, members: shown };
}
