// Whose turn it is: start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queuing", 1996) with a member's
// share as its weight. Each member has a time that runs on by bytes/share with every batch it takes, and the one
// whose time is lowest is next. A member that was away begins where the others are: it is owed nothing for the
// time it could take nothing, and does not get everything when it returns.

import type { MemberLoad } from './strategy.ts';

/** Members that are gone are forgotten at this many; a cluster has at most as many members as its limit. */
const REMEMBERED_MAX = 4096;

export class Turns {
  readonly #times = new Map<string, number>();
  /** The time at which the last batch was taken. */
  #now = 0;

  /** The member whose turn it is; of equals the first in the configured order. */
  next(members: readonly MemberLoad[]): MemberLoad | null {
    let next: MemberLoad | null = null;
    let earliest = Number.POSITIVE_INFINITY;
    for (const member of members) {
      const time = this.#timeOf(member.name);
      if (time < earliest || (time === earliest && next !== null && member.order < next.order)) {
        next = member;
        earliest = time;
      }
    }
    return next;
  }

  took({ name, share }: MemberLoad, bytes: number): void {
    this.#now = this.#timeOf(name);
    if (this.#times.size >= REMEMBERED_MAX) this.#forget();
    this.#times.set(name, this.#now + bytes / share);
  }

  #timeOf(name: string): number {
    return Math.max(this.#now, this.#times.get(name) ?? 0);
  }

  /** Whose time has passed begins at the present one, known or not. */
  #forget(): void {
    for (const [name, time] of this.#times) if (time <= this.#now) this.#times.delete(name);
  }
}
