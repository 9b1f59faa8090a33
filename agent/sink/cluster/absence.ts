// The time that a member which is not connected has to come back before others carry its load. It begins when a
// connection ends, goes on through attempts that fail, and is over with the next connection. While an attempt waits for
// this side's own disk it stands still: the member could not have answered in it.

export class Absence {
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | null = null;
  /** When it last went on, this was left of it; null: it has not begun. */
  #leftMs: number | null = null;
  #sinceMs = 0;
  #isStill = false;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** It goes on where it has begun already. */
  begin(ms: number): void {
    if (this.#leftMs !== null) return;
    this.#leftMs = ms;
    this.#goOn();
  }

  end(): void {
    this.#stop();
    this.#leftMs = null;
  }

  /** Stands still until the work is done. */
  async aside<T>(work: Promise<T>): Promise<T> {
    if (this.#timer !== null && this.#leftMs !== null)
      this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - this.#sinceMs));
    this.#stop();
    this.#isStill = true;
    try {
      return await work;
    } finally {
      this.#isStill = false;
      this.#goOn();
    }
  }

  #goOn(): void {
    if (this.#leftMs === null || this.#isStill) return;
    this.#sinceMs = performance.now();
    this.#timer = setTimeout(() => {
      this.end();
      this.#onOver();
    }, this.#leftMs);
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
