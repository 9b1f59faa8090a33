// A little that the log holds waits a little for more, so that a trickle does not become a read and a frame an event.

import type { EventLog } from '../log/log.ts';

export interface LingerParts {
  readonly log: EventLog;
  /** How long less than readBytesMax waits for more. */
  readonly lingerMs: number;
  readonly readBytesMax: number;
  /** It has waited long enough. */
  readonly onFree: () => void;
}

export class Linger {
  readonly #parts: LingerParts;
  /** Since when something waits for more. */
  #sinceMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: LingerParts) {
    this.#parts = parts;
  }

  /** Whether what the log holds from this offset on is to wait still. */
  holds(offset: number): boolean {
    const { log, lingerMs, readBytesMax, onFree } = this.#parts;
    const now = performance.now();
    this.#sinceMs ??= now;
    const leftMs = this.#sinceMs + lingerMs - now;
    if (leftMs > 0 && log.endOffset - offset < readBytesMax) {
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        onFree();
      }, leftMs);
      return true;
    }
    this.#sinceMs = null;
    return false;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
