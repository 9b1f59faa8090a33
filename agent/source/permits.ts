// How many of something there may be in a second: a bucket that fills up within one.

export class Permits {
  readonly #perSecondMax: number;
  #left: number;
  #at = performance.now();

  constructor(perSecondMax: number) {
    this.#perSecondMax = perSecondMax;
    this.#left = perSecondMax;
  }

  /** False: there were too many already. */
  take(): boolean {
    const now = performance.now();
    const earned = ((now - this.#at) / 1000) * this.#perSecondMax;
    this.#left = Math.min(this.#perSecondMax, this.#left + earned);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
