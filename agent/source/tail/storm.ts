// Whether notifications come many a second: a program that writes line by line makes one for each.

const WINDOW_MS = 1000;
const STORM_PER_SECOND = 50;
/** Below this it is over; between the two it stays what it is. */
const CALM_PER_SECOND = 10;

export class Storm {
  #since: number;
  #count = 0;
  #isStorm = false;

  constructor(now: number) {
    this.#since = now;
  }

  /** Counts a notification. @returns whether it is one of a storm, as far as the last whole window shows. */
  met(now: number): boolean {
    this.#count++;
    const elapsed = now - this.#since;
    if (elapsed >= WINDOW_MS) {
      const perSecond = (this.#count * 1000) / elapsed;
      this.#isStorm = perSecond >= (this.#isStorm ? CALM_PER_SECOND : STORM_PER_SECOND);
      this.#since = now;
      this.#count = 0;
    }
    return this.#isStorm;
  }
}
