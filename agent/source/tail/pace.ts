// How long a tail waits between two looks at files that grow. Every look that finds something costs a commit, a batch
// and an acknowledgement, here and at every receiver, however little it was: where little comes, it is gathered longer.

/** Below this, what a look finds is small beside what it costs. */
const DENSE_BYTES_PER_SECOND = 8 * 1024 * 1024;
const SPARSE_FACTOR = 2.5;

export class Pace {
  readonly #pollMs: number;
  #isDense = false;
  #since: number;

  /** @param now by the monotonic clock, as everywhere here */
  constructor(pollMs: number, now: number) {
    this.#pollMs = pollMs;
    this.#since = now;
  }

  /** A round that ends now has read so many bytes. */
  round(bytes: number, now: number): void {
    const seconds = Math.max(1, now - this.#since) / 1000;
    this.#since = now;
    this.#isDense = bytes >= seconds * DENSE_BYTES_PER_SECOND;
  }

  get intervalMs(): number {
    return this.#isDense ? this.#pollMs : SPARSE_FACTOR * this.#pollMs;
  }
}
