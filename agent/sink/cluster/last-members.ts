// Who belonged to a cluster when the registry was last heard of, kept in the cursor of its destination: so that a sender that
// starts while the registry is away goes on with them, and one whose registry was wiped does not lose them all at once.

import type { ClusterConfig } from '../../config/cluster.ts';
import type { MemberRecord } from '../../log/cursor.ts';
import type { Position } from '../position.ts';
import type { Book } from './book.ts';
import type { Member } from './members.ts';

type Origin = ClusterConfig['from'];

/** Nobody where they come from a list, or from another prefix than before. */
export function recallMembers({ state: { lastMembers } }: Position, from: Origin): readonly Member[] {
  if (from.by === 'list' || lastMembers?.prefix !== from.prefix) return [];
  return lastMembers.members.map(([name, host, port, draining]) => {
    return { name, host, port, draining: draining === 1 };
  });
}

/** Members of before a restart that acknowledged anything. */
export function servedMembers({ ledger }: Pick<Book, 'ledger'>): ReadonlySet<string> {
  const served = [...ledger.lanes].filter(([, { reached, held }]) => reached.sequence > 0 || held.length > 0);
  return new Set(served.map(([name]) => name));
}

/** Written down with the cursor: nobody waits for it. */
export function keepMembers(position: Position, from: Origin, members: readonly Member[]): void {
  if (from.by === 'list') return;
  const records = members.map(({ name, host, port, draining }): MemberRecord => {
    return [name, host, port, draining ? 1 : 0];
  });
  const lastMembers = { prefix: from.prefix, members: records };
  if (JSON.stringify(lastMembers) !== JSON.stringify(position.state.lastMembers))
    position.update({ lastMembers });
}
