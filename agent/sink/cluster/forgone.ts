// What of a cluster's doubts nobody will settle any more: its lanes end (it becomes one endpoint, or goes back), or begin
// anew in another way to share. Said with its number, because it may be doubled and stands in no counter afterwards.

import type { Logger } from 'pino';
import type { ClusterCursor } from '../../log/cursor.ts';
import type { Counts } from '../../log/sources.ts';
import { countsOf, fromRecord, sumOf } from './range.ts';

/** Copies beyond the first that members may have, of all of them together. */
export function doubtsOf({ members }: ClusterCursor): Counts {
  return sumOf(
    Object.values(members).flatMap(({ doubts, unlisted }) => [
      unlisted,
      ...doubts.map(([, , ...range]) => countsOf(fromRecord(range))),
    ]),
  );
}

/** The cluster becomes one endpoint. */
export function tellGivenUp(cluster: ClusterCursor | undefined, logger: Logger): void {
  const inDoubt = cluster === undefined ? null : doubtsOf(cluster);
  if (inDoubt === null || inDoubt.bytes === 0) return;
  logger.warn(
    { inDoubt },
    'it is no cluster any more: what its members may have beyond the first copy is given up, and stays doubled where they have it',
  );
}

/** Its events are shared in another way. */
export function tellForGood(before: ClusterCursor | undefined, now: ClusterCursor, logger: Logger): void {
  if (before === undefined || (before.slotSets === undefined) === (now.slotSets === undefined)) return;
  const inDoubt = doubtsOf(now);
  if (inDoubt.bytes === 0) return;
  logger.warn(
    { inDoubt },
    'events are shared in another way: what members may have beyond the first copy stays in doubt for good',
  );
}
