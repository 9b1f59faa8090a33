// The cursors of a log directory, one file a destination, also of destinations that the configuration no longer names.

import { join } from 'node:path';
import type { LockHeld } from '../lock.ts';
import { CURSOR_DIRECTORY, CursorFile, type CursorState, cursorBytes } from './cursor.ts';
import type { Disk } from './disk.ts';
import { cursorPath, surveyCursor, surveyNames } from './survey.ts';
import { Turnstile } from './turnstile.ts';

export interface CursorsOptions {
  readonly disk: Disk;
  readonly dir: string;
  readonly durable: boolean;
  readonly takeLock: (dir: string) => Promise<LockHeld>;
  /** Told what all of them take, whenever there are more or fewer. */
  readonly onBytes: (bytes: number) => void;
}

export class Cursors {
  readonly #options: CursorsOptions;
  /** For writes that nobody waits for. */
  readonly lazily = new Turnstile(1);

  constructor(options: CursorsOptions) {
    this.#options = options;
  }

  /** Opens the cursor of a destination, or makes it with what `fresh` says. */
  async open(destination: string, fresh: () => CursorState) {
    const { disk, dir, durable } = this.#options;
    const cursor = await CursorFile.open(disk, { dir, destination, durable, fresh });
    await this.#count();
    return cursor;
  }

  /**
   * For who adopts an orphan, and for who drops one beside a running agent: never both.
   * @throws SpillwayError `locked`
   */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const { dir, takeLock } = this.#options;
    await using _lock = await takeLock(join(dir, CURSOR_DIRECTORY));
    return await work();
  }

  /** Destinations that have one. */
  async names(): Promise<readonly string[]> {
    const { disk, dir } = this.#options;
    return (await surveyNames(disk, dir)).cursors;
  }

  /** What the file says now; null where it is gone or cannot be read. */
  async read(destination: string): Promise<CursorState | null> {
    const { disk, dir } = this.#options;
    return (await surveyCursor(disk, dir, destination))?.state ?? null;
  }

  /** For a cursor that nobody has open. */
  async write(state: CursorState): Promise<void> {
    const { file } = await this.open(state.destination, () => state);
    try {
      await file.write(state);
    } finally {
      await file.close();
    }
  }

  async remove(destination: string): Promise<void> {
    const { disk, dir, durable } = this.#options;
    await disk.remove(cursorPath(dir, destination));
    if (durable) await disk.syncDirectory(join(dir, CURSOR_DIRECTORY));
    await this.#count();
  }

  async #count(): Promise<void> {
    const { disk, dir, onBytes } = this.#options;
    onBytes(await cursorBytes(disk, dir));
  }
}
