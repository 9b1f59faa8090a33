// Lets so many through at once; who comes beyond waits, first come first served. Node does its file work on few threads
// (UV_THREADPOOL_SIZE, 4 by default), and one that waits for the disk is gone for everybody: what is in no hurry must
// never take the last of them from a commit.

export class Turnstile {
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(max: number) {
    this.#max = max;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#max) await new Promise<void>((enter) => this.#waiting.push(enter));
    else this.#inside++;
    try {
      return await work();
    } finally {
      // the place goes straight to who waits longest
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside--;
      else next();
    }
  }
}
