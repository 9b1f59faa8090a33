// Files that have just appeared, opened with the notification, before anything else is done: should the name be given
// to another file, or the file be deleted, before the directory is listed, it is still read through its descriptor.
//
// There is room for few; what finds none is opened when it has been listed, if it is there still.

import type fs from 'node:fs/promises';
import { basename } from 'node:path';
import type { ListedFile } from './directory.ts';
import { fileKey, identityOf, openToRead } from './identity.ts';

export interface Arrival {
  readonly entry: ListedFile;
  readonly handle: fs.FileHandle;
}

export class Arrivals {
  readonly #max: number;
  readonly #isOpen: (key: string) => boolean;
  readonly #held = new Map<string, Arrival>();
  readonly #opening = new Set<Promise<void>>();
  #closed = false;

  /** @param isOpen whether the file is followed and open; by inode and birth. */
  constructor(max: number, isOpen: (key: string) => boolean) {
    this.#max = max;
    this.#isOpen = isOpen;
  }

  /** Opens what now has the path, if it is a file. */
  meet(path: string): void {
    if (this.#closed || this.#held.size + this.#opening.size >= this.#max) return;
    const opening = this.#open(path)
      // gone already, or not to be opened: who lists it finds out, and says so
      .catch(() => undefined)
      .finally(() => this.#opening.delete(opening));
    this.#opening.add(opening);
  }

  /** Until they are taken, in the order in which they came. */
  [Symbol.iterator](): Iterator<Arrival> {
    return [...this.#held.values()].values();
  }

  /** From now on its descriptor is the caller's to close. */
  take({ entry }: Arrival): void {
    this.#held.delete(fileKey(identityOf(entry.stats)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#opening);
    for (const { handle } of this.#held.values()) await handle.close();
    this.#held.clear();
  }

  async #open(path: string): Promise<void> {
    const handle = await openToRead(path);
    try {
      const stats = await handle.stat({ bigint: true });
      const entry = { name: basename(path), path, at: path, stats };
      const key = fileKey(identityOf(entry.stats));
      if (stats.isFile() && !this.#closed && !this.#isOpen(key) && !this.#held.has(key)) {
        this.#held.set(key, { entry, handle });
        return;
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
  }
}
