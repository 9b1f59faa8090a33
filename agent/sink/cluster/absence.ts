// A member that is not connected has `ms` to come back before others carry its load; begun anew with every connection that
// ends.

export class Absence {
  readonly #ms: number;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
  }

  /** It goes on where it has begun already. */
  begin(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#onOver();
    }, this.#ms);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
