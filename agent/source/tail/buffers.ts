// The few large buffers that files are read into. A buffer is out until what was read into it is committed, so their
// number bounds what a tail has under way.

export class BufferPool {
  readonly #size: number;
  readonly #free: Buffer[] = [];
  #unmade: number;
  #waiting: PromiseWithResolvers<void> | null = null;

  constructor(size: number, count: number) {
    this.#size = size;
    this.#unmade = count;
  }

  async take(): Promise<Buffer> {
    for (;;) {
      const buffer = this.#free.pop();
      if (buffer !== undefined) return buffer;
      if (this.#unmade > 0) {
        this.#unmade--;
        return Buffer.allocUnsafeSlow(this.#size);
      }
      this.#waiting ??= Promise.withResolvers();
      await this.#waiting.promise;
    }
  }

  giveBack(buffer: Buffer): void {
    this.#free.push(buffer);
    this.#waiting?.resolve();
    this.#waiting = null;
  }
}
