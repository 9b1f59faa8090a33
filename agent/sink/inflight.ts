// What was sent and is not acknowledged yet, oldest first, and how far credit lets the sender go on.

import { protocolError } from '../wire/frame.ts';
import type { Acknowledged } from './position.ts';

/** Where something ends in a lane: first by its sequence, then by its offset. */
export interface Place {
  readonly sequence: number;
  readonly offset: number;
}

export type Sent = Acknowledged & { readonly sequence: number; readonly bytes: number };

/** Less than a receiver takes, and so few that the cursor has room for all that are announced. */
export const SKIPS_MAX = 256;

export interface InFlightLimits {
  readonly inflightBytesMax: number;
  readonly inflightBatchesMax: number;
}

export class InFlight {
  readonly #inflightBytesMax: number;
  #inflightBatchesMax: number;
  readonly #sent: Sent[] = [];
  #bytes = 0;
  #skips = 0;
  /** Running totals on this connection: body bytes sent, and how many the receiver has granted. */
  #sentBytes = 0;
  #credit = 0;
  /** When something was last acknowledged, or sent into emptiness. */
  movedAt = performance.now();

  constructor({ inflightBytesMax, inflightBatchesMax }: InFlightLimits) {
    this.#inflightBytesMax = inflightBytesMax;
    this.#inflightBatchesMax = inflightBatchesMax;
  }

  /** Whether one more skip may be sent: they cost no credit, and a receiver takes only so many at once. */
  get allowsSkip(): boolean {
    return this.#skips < SKIPS_MAX;
  }

  get empty(): boolean {
    return this.#sent.length === 0;
  }

  /** Body bytes that the receiver would still take. */
  get creditLeft(): number {
    return this.#credit - this.#sentBytes;
  }

  grant(credit: number): void {
    this.#credit = Math.max(this.#credit, credit);
  }

  /** The receiver takes no more batches than that at once. */
  limitBatches(most: number): void {
    this.#inflightBatchesMax = Math.min(this.#inflightBatchesMax, most);
  }

  /** Whether a batch of that size may be sent now. A single one always may, whatever inflightBytesMax says. */
  allows(bytes: number): boolean {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#inflightBytesMax) return false;
    if (this.#sent.length - this.#skips >= this.#inflightBatchesMax) return false;
    return this.#sentBytes + bytes <= this.#credit;
  }

  add(sent: Sent): void {
    if (this.empty) this.movedAt = performance.now();
    this.#sent.push(sent);
    this.#bytes += sent.bytes;
    this.#sentBytes += sent.bytes;
    if (sent.isSkip) this.#skips++;
  }

  /**
   * Takes out what is acknowledged by "everything up to `place`"; `reached` is what was acknowledged before.
   * @throws SpillwayError `protocol` where `place` is not where something ended that was sent.
   */
  acknowledge(place: Place, reached: Place): Sent[] {
    const behind = this.#sent.findIndex((sent) => isBehind(placeOf(sent), place));
    const done = this.#sent.splice(0, behind === -1 ? this.#sent.length : behind);
    const last = done.at(-1);
    if (isBehind(place, last === undefined ? reached : placeOf(last))) {
      const { sequence, offset } = place;
      throw protocolError(
        'ack-range',
        `acknowledged up to ${offset}, sequence ${sequence}, where nothing ended that was sent`,
      );
    }
    for (const { bytes, isSkip } of done) {
      this.#bytes -= bytes;
      if (isSkip) this.#skips--;
    }
    if (last !== undefined) this.movedAt = performance.now();
    return done;
  }
}

function placeOf({ sequence, end }: Sent): Place {
  return { sequence, offset: end.offset };
}

function isBehind(a: Place, b: Place): boolean {
  return a.sequence > b.sequence || (a.sequence === b.sequence && a.offset > b.offset);
}
