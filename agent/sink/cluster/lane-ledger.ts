// What a member's lane and the book need of a ledger, whether it gives out ranges whole (ledger.ts) or by slots
// (key-ledger.ts).

import type { ClusterCursor } from '../../log/cursor.ts';
import type { Mark } from '../../log/marks.ts';
import type { Counts } from '../../log/sources.ts';
import type { Held, Lane, LaneLoss, Reached } from './lane.ts';
import type { Range } from './range.ts';

export type Settlement =
  | { readonly kind: 'settled' }
  /** The lane was begun anew, and the receiver must be greeted again. */
  | { readonly kind: 'anew'; readonly why: string; readonly lost: LaneLoss | null };

export interface LaneLedger {
  /** As it is written down. */
  cursor(): ClusterCursor;
  /** A member's lane, begun where it has none. */
  lane(member: string): Lane;
  readonly lanes: ReadonlyMap<string, Lane>;
  forget(member: string): void;
  /** Behind it nothing was given out, except what is live. */
  readonly frontier: Mark;
  readonly live: Held | null;
  closeLive(to: Mark): void;
  pass(to: Mark): void;
  /** The lowest byte that is not done. */
  readonly position: Mark;
  /** Up to here the log is given out, and sent as far as it is live. */
  readonly sentTo: Mark;
  readonly had: Readonly<Counts>;
  /** To be given out again. */
  readonly returned: readonly Range[];
  inDoubt(member: string): Counts;
  giveBack(member: string): void;
  acknowledge(member: string, end: { sequence: number; end: Mark; crc: number | null }): Counts;
  lose(member: string): void;
  settle(member: string, has: Reached, eventsBefore: number | null): Settlement;
}
