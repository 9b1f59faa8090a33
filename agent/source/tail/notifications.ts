// Notifications of one directory: that a name in it has come, gone or now stands for another file, or that the file
// under it may have grown. They are hints, to look sooner; losing one costs time.
//
// What the watcher makes of them is not used, only what the system says (`raw`): the watcher looks at every file to
// tell `add` from `change`, comes late by that, calls a file that was replaced under its name a change, and gives up on
// a link that leads to itself. So it is shown none of the files.

import { resolve } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

export interface Hints {
  /** A name came, went or was given to another file; null: any of them may have. */
  readonly onName: (name: string | null) => void;
  readonly onGrown: (name: string) => void;
  /** Only hints are lost; said once, not with every try. */
  readonly onError: (error: unknown) => void;
}

export class Notifications {
  readonly #dir: string;
  readonly #hints: Hints;
  #watcher: FSWatcher | null = null;
  /** The directory that is watched, as it was listed; another one may get its name. */
  #directory: string | null = null;
  #hasFailed = false;

  constructor(dir: string, hints: Hints) {
    this.#dir = resolve(dir);
    this.#hints = hints;
  }

  open(): void {
    const watcher = watch(this.#dir, {
      depth: 0,
      atomic: false,
      ignoreInitial: true,
      ignored: (path) => path !== this.#dir,
    });
    // what came before it was watched
    watcher.on('ready', () => this.#hints.onName(null));
    watcher.on('raw', (event, name) => this.#notice(event, name));
    watcher.on('error', (error) => this.#fail(error));
    this.#watcher = watcher;
  }

  /** What was listed; watches it, where it is not the directory that is watched. */
  async follow(directory: string): Promise<void> {
    if (this.#directory !== null && this.#directory !== directory) {
      await this.close();
      this.open();
    }
    this.#directory = directory;
  }

  async close(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = null;
    await watcher?.close();
  }

  #notice(event: string, name: string | null): void {
    if (event === 'change' && name !== null) this.#hints.onGrown(name);
    else this.#hints.onName(name);
  }

  #fail(error: unknown): void {
    if (!this.#hasFailed) this.#hints.onError(error);
    this.#hasFailed = true;
  }
}
