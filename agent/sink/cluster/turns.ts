// Whose turn it is: start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queuing", 1996) with a member's
// share as its weight. Each member has a time that runs on by bytes/share with every batch it takes, and the one
// whose time is lowest is next. What its last batch cost it is reckoned with the share it has now: a share that rises
// frees it from the debt that it made while it was small. A member that was away begins where the others are: it is owed nothing for the
// time it could take nothing, and does not get everything when it returns.

import type { MemberLoad } from './strategy.ts';

/** Of so many members the last turns are known, those of members that are gone included; then all begin anew. */
const REMEMBERED_MAX = 4096;

interface Taken {
  /** Its time when it took its last batch, and the size of that. */
  readonly at: number;
  readonly bytes: number;
}

export class Turns {
  readonly #taken = new Map<string, Taken>();
  /** The time at which the last batch was taken. */
  #now = 0;

  /** The member whose turn it is; of equals the first in the configured order. */
  next(members: readonly MemberLoad[]): MemberLoad | null {
    let next: MemberLoad | null = null;
    let earliest = Number.POSITIVE_INFINITY;
    for (const member of members) {
      const time = this.#timeOf(member);
      if (time < earliest || (time === earliest && next !== null && member.order < next.order)) {
        next = member;
        earliest = time;
      }
    }
    return next;
  }

  took(member: MemberLoad, bytes: number): void {
    this.#now = this.#timeOf(member);
    if (this.#taken.size >= REMEMBERED_MAX) this.#taken.clear();
    this.#taken.set(member.name, { at: this.#now, bytes });
  }

  /** A range that goes on beyond the end of the log is given out before anybody knows how large it gets. */
  correct(name: string, moreBytes: number): void {
    const last = this.#taken.get(name);
    if (last !== undefined) this.#taken.set(name, { ...last, bytes: Math.max(0, last.bytes + moreBytes) });
  }

  #timeOf({ name, share }: MemberLoad): number {
    const last = this.#taken.get(name);
    return last === undefined ? this.#now : Math.max(this.#now, last.at + last.bytes / share);
  }
}
