// A member that is not connected has some time to come back before others carry its load; begun anew with every connection
// that ends.

export class Absence {
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** It goes on where it has begun already. */
  begin(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#onOver();
    }, ms);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
