// How much a member holds of what it was given, and whether it can be given more: by its credit, and by the limits of the
// destination. A member without credit is full, not ill; what it was given and cannot take in time others may have.

import type { Lane } from './lane.ts';

export class MemberRoom {
  readonly #lane: () => Lane;
  readonly #inflightBytesMax: number;
  /** Since when it has had no credit for what it was given. */
  #stuckSince: number | null = null;

  constructor(lane: () => Lane, inflightBytesMax: number) {
    this.#lane = lane;
    this.#inflightBytesMax = inflightBytesMax;
  }

  get lane(): Lane {
    return this.#lane();
  }

  /** Given and not acknowledged; of what is live, as far as it was sent. */
  get heldBytes(): number {
    return this.lane.held.reduce((sum, { from, to, sent }) => sum + (to ?? sent).offset - from.offset, 0);
  }

  /** Whether there is credit for more than it holds already. */
  isLeft(creditLeft: number, rangesMax: number): boolean {
    const { held } = this.lane;
    if (held.length >= rangesMax) return false;
    const unsent = held.reduce((sum, { to, limit, sent }) => sum + (to?.offset ?? limit) - sent.offset, 0);
    return unsent < creditLeft && this.heldBytes < this.#inflightBytesMax;
  }

  /** @param creditLeft null: it is not connected. True once for every `ms` that it had none for what it was given */
  isStuck(creditLeft: number | null, now: number, ms: number): boolean {
    const isWaiting = this.lane.held.some(({ to, sent }) => to === null || sent.offset < to.offset);
    if (creditLeft === null || creditLeft > 0 || !isWaiting) {
      this.#stuckSince = null;
      return false;
    }
    this.#stuckSince ??= now;
    if (now - this.#stuckSince < ms) return false;
    this.#stuckSince = null;
    return true;
  }
}
