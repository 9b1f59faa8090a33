// Something read from files that may change while we run: certificates, a token. What is read last and is in order is
// kept; a bad new file changes nothing and is told once. Two files that belong together cannot be replaced at one
// instant, so what looks bad is looked at again a moment later before anything is said.

import { setTimeout as pause } from 'node:timers/promises';
import type { SpillwayError } from '../errors.ts';

const SECOND_LOOK_MS = 250;

export class Kept<T> {
  readonly #read: (before: T | null) => Promise<T>;
  readonly #onTrouble: (error: SpillwayError) => void;
  #value: T | null = null;
  #told = '';
  #looking: Promise<T> | null = null;

  /**
   * @param read is told what is kept; rejects with a SpillwayError where the files are not in order
   * @param onTrouble told why what is kept stays; once for each reason
   */
  constructor(read: (before: T | null) => Promise<T>, onTrouble: (error: SpillwayError) => void) {
    this.#read = read;
    this.#onTrouble = onTrouble;
  }

  /** What was in order last, or null where nothing ever was. */
  get value(): T | null {
    return this.#value;
  }

  /** Looks at the files, once for all who ask meanwhile. @throws SpillwayError where nothing in order was ever there. */
  refresh(): Promise<T> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<T> {
    try {
      const before = this.#value;
      const value = await this.#read(before).catch(() =>
        pause(SECOND_LOOK_MS).then(() => this.#read(before)),
      );
      this.#value = value;
      this.#told = '';
      return value;
    } catch (error) {
      if (this.#value === null) throw error;
      const trouble = error as SpillwayError;
      if (trouble.message !== this.#told) this.#onTrouble(trouble);
      this.#told = trouble.message;
      return this.#value;
    }
  }
}
