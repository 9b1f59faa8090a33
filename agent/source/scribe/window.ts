// What all connections of a Scribe source hold together: frames that are arriving, and calls that the log has not
// settled. Who finds it full waits a while, and is then told to try later.

export class Window {
  readonly #bytesMax: number;
  #bytes = 0;
  #freed = Promise.withResolvers<void>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    if (bytes === 0) return;
    this.#bytes -= bytes;
    const { resolve } = this.#freed;
    this.#freed = Promise.withResolvers();
    resolve();
  }

  /** Resolves once so many bytes are free, or after `waitMs`. */
  async free(bytes: number, waitMs: number): Promise<void> {
    if (this.#bytes + bytes <= this.#bytesMax) return;
    const late = Promise.withResolvers<void>();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      late.resolve();
    }, waitMs);
    while (!isLate && this.#bytes + bytes > this.#bytesMax) {
      await Promise.race([this.#freed.promise, late.promise]);
    }
    clearTimeout(timer);
  }
}
