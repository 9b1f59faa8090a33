// A byte rate for one direction of a link, shared by all its connections: how long whoever just passed so many
// bytes must wait until the rate is kept again.

export class Throttle {
  readonly #now: () => number;
  bytesPerSecond = Number.POSITIVE_INFINITY;
  #freeAtMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** ms to wait before the next bytes. */
  take(bytes: number): number {
    const now = this.#now();
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes / this.bytesPerSecond) * 1000;
    return this.#freeAtMs - now;
  }
}
