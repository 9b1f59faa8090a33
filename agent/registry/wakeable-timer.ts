// The pause of a loop: it ends by time, or early when somebody has news. News that comes while the loop is
// at work is not lost: the next pause that listens ends at once.

export class WakeableTimer {
  #pending = false;
  #closed = false;
  #end: ((reason: 'wake' | 'close') => void) | undefined;

  get closed(): boolean {
    return this.#closed;
  }

  /** Waits `ms`; a pause that is not wakeable (a back-off) keeps the news for the next one. */
  async wait(ms: number, { wakeable }: { wakeable: boolean }): Promise<void> {
    if (this.#closed || (wakeable && this.#pending)) {
      this.#pending = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#end?.('close'), ms);
      this.#end = (reason) => {
        if (reason === 'wake' && !wakeable) return;
        clearTimeout(timer);
        this.#end = undefined;
        resolve();
      };
    });
    if (wakeable) this.#pending = false;
  }

  wake(): void {
    this.#pending = true;
    this.#end?.('wake');
  }

  close(): void {
    this.#closed = true;
    this.#end?.('close');
  }
}
