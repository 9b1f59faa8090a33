// The lanes of a cluster's members: what the ledger that gives out ranges whole (ledger.ts) and the one that does by slots
// (key-ledger.ts) have in common. Who has a lane, what is in doubt, and what a member's answer says of all it was sent.
//
// The lane of a member that left is kept: should it return with less than it had acknowledged, that is known. Of more than
// `lanesMax` those of members that left longest ago go; what they may have is then counted under one name, for good.

import type { ClusterCursor } from '../../log/cursor.ts';
import { FORMER } from '../../log/cursor-terms.ts';
import type { Mark } from '../../log/marks.ts';
import type { Counts } from '../../log/sources.ts';
import {
  beginAnew,
  boundDoubts,
  type Doubt,
  faultOf,
  freshLane,
  type Held,
  hadOf,
  isBlank,
  type Lane,
  type LaneLoss,
  type Reached,
} from './lane.ts';
import { countsOf, isEmpty, type Range, sumOf } from './range.ts';

export type Settlement =
  | { readonly kind: 'settled' }
  /** The lane was begun anew, and the receiver must be greeted again. */
  | { readonly kind: 'anew'; readonly why: string; readonly lost: LaneLoss | null };

export abstract class LaneLedger<H extends Held = Held, D extends Doubt = Doubt> {
  readonly #doubtsMax: number;
  readonly #lanes: Map<string, Lane<H, D>>;
  #sequence: number;
  #epoch: number;

  /** @param doubtsMax ranges in doubt that are listed */
  constructor(cursor: ClusterCursor, lanes: Map<string, Lane<H, D>>, doubtsMax: number) {
    this.#sequence = cursor.sequence;
    this.#epoch = cursor.epoch;
    this.#lanes = lanes;
    this.#doubtsMax = doubtsMax;
  }

  /** As it is written down. */
  abstract cursor(): ClusterCursor;
  /** Behind it nothing was given out, except what is live. */
  abstract readonly frontier: Mark;
  abstract readonly live: Held | null;
  abstract closeLive(to: Mark): void;
  abstract pass(to: Mark): void;
  /** The lowest byte that is not done. */
  abstract readonly position: Mark;
  /** Up to here the log is given out, and sent as far as it is live. */
  abstract readonly sentTo: Mark;
  abstract readonly had: Readonly<Counts>;
  /** To be given out again. */
  abstract readonly returned: readonly Range[];
  abstract giveBack(member: string): void;
  abstract acknowledge(member: string, end: { sequence: number; end: Mark; crc: number | null }): Counts;
  abstract lose(member: string): void;
  /** A member who was lost had a part of what is in doubt. */
  protected abstract settleHad(lane: Lane<H, D>, doubt: D, had: Range): void;

  /** The last one that was given. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The last one of a lane. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A member's lane, begun where it has none. */
  lane(member: string): Lane<H, D> {
    const known = this.#lanes.get(member);
    if (known !== undefined) return known;
    const lane: Lane<H, D> = freshLane(++this.#epoch);
    this.#lanes.set(member, lane);
    return lane;
  }

  get lanes(): ReadonlyMap<string, Lane<H, D>> {
    return this.#lanes;
  }

  inDoubt(member: string): Counts {
    const lane = this.#lanes.get(member);
    return lane === undefined ? sumOf([]) : sumOf([lane.unlisted, ...lane.doubts.map(countsOf)]);
  }

  /** Lanes of members that left go until there are no more than `lanesMax`: first those with nothing to tell. */
  bound(lanesMax: number, isMember: (name: string) => boolean): void {
    if (this.#lanes.size <= lanesMax) return;
    const former = [...this.#lanes].filter(
      ([name, { held, doubts }]) =>
        name !== FORMER && !isMember(name) && held.length === 0 && !doubts.some(({ confirmed }) => confirmed),
    );
    former.sort(([, a], [, b]) => Number(isBlank(b)) - Number(isBlank(a)) || a.given - b.given);
    for (const [name, lane] of former) {
      if (this.#lanes.size <= lanesMax) return;
      this.#lanes.delete(name);
      if (isBlank(lane)) continue;
      const all = this.lane(FORMER);
      all.unlisted = sumOf([all.unlisted, lane.unlisted, ...lane.doubts.map(countsOf)]);
      all.lostEvents += lane.lostEvents;
    }
  }

  /**
   * What the member's answer says of everything it was ever sent.
   * @param eventsBefore in the log before the place; null where the log does not know: then by what the member counted
   */
  settle(member: string, has: Reached, eventsBefore: number | null): Settlement {
    const lane = this.lane(member);
    const fault = faultOf(lane, has);
    if (fault !== null) {
      const lost = beginAnew(lane, { epoch: ++this.#epoch, has, isLoss: fault.isLoss });
      return { kind: 'anew', why: fault.why, lost };
    }
    let events = has.events - lane.reached.events;
    const { doubts, held } = lane;
    const open = [
      ...doubts.filter(({ confirmed }) => !confirmed).map((range) => ({ kind: 'doubt' as const, range })),
      ...held.map((range) => ({ kind: 'held' as const, range })),
    ].sort((a, b) => a.range.sequence - b.range.sequence);
    lane.doubts = doubts.filter(({ confirmed }) => confirmed);
    for (const one of open) {
      const had = hadOf(one.range, has, (from) => eventsBefore ?? from + Math.max(0, events));
      events -= countsOf(had).events;
      if (one.kind === 'held') one.range.sent = had.to;
      if (isEmpty(had)) continue;
      if (one.kind === 'doubt') this.settleHad(lane, one.range, had);
      else this.acknowledge(member, { sequence: one.range.sequence, end: had.to, crc: null });
    }
    lane.reached = has;
    return { kind: 'settled' };
  }

  protected nextSequence(lane: Lane<H, D>): number {
    lane.given = ++this.#sequence;
    return lane.given;
  }

  /** Of too many doubts the oldest are only counted from now on. */
  protected boundDoubts(): void {
    boundDoubts(this.#lanes, this.#doubtsMax);
  }
}
