// Connections that have not said yet who they are, oldest first. There is room for so many; one more takes the place of
// the oldest, so that strangers who say nothing keep out nobody who has something to say, and nobody who said it is here.

export class WaitingRoom {
  readonly #places: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#places = places;
  }

  /**
   * @param leave closes the connection
   * @returns gives the place back; idempotent
   */
  enter(leave: () => void): () => void {
    this.#waiting.add(leave);
    if (this.#waiting.size > this.#places) {
      const [oldest = leave] = this.#waiting;
      this.#waiting.delete(oldest);
      oldest();
    }
    return () => void this.#waiting.delete(leave);
  }

  clear(): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const leave of all) leave();
  }
}
