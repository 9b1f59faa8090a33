// Notifications of one directory: that a name in it has come, gone or now stands for another file, or that the file
// under it may have grown. They are hints, to look sooner; losing one costs time.
//
// What the watcher makes of them is not used, only what the system says (`raw`): the watcher looks at every file to
// tell `add` from `change`, comes late by that, calls a file that was replaced under its name a change, and gives up on
// a link that leads to itself. So it is shown none of the files. It knows what to do where the directory is not there
// or goes away, but ponders every notification; from 50 a second on, until there are fewer than 10, the system is listened
// to without it.

import { watch as systemWatch } from 'node:fs';
import { resolve } from 'node:path';
import { watch } from 'chokidar';
import { Storm } from './storm.ts';

export interface Hints {
  /** A name came, went or was given to another file; null: any of them may have. */
  readonly onName: (name: string | null) => void;
  readonly onGrown: (name: string) => void;
  /** Only hints are lost; said once, not with every try. */
  readonly onError: (error: unknown) => void;
}

interface Listening {
  readonly isBare: boolean;
  readonly close: () => void | Promise<void>;
}

export class Notifications {
  readonly #dir: string;
  readonly #hints: Hints;
  readonly #storm = new Storm(performance.now());
  #listening: Listening | null = null;
  /** Resolves when those that were listened to before are closed. */
  #closing: Promise<void> = Promise.resolve();
  /** The directory that is watched, as it was listed; another one may get its name. */
  #directory: string | null = null;
  #hasFailed = false;

  constructor(dir: string, hints: Hints) {
    this.#dir = resolve(dir);
    this.#hints = hints;
  }

  /** Whether the system is listened to without the watcher. */
  get isBare(): boolean {
    return this.#listening?.isBare ?? false;
  }

  open(): void {
    this.#replace(this.#watched());
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
    this.#replace(null);
    await this.#closing;
  }

  #watched(): Listening {
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
    return { isBare: false, close: () => watcher.close() };
  }

  /** @throws the system's error where the directory is gone, or may not be watched. */
  #bare(): Listening {
    const watcher = systemWatch(this.#dir, (event, name) => this.#notice(event, name));
    watcher.on('error', () => {
      // the watcher knows better what to do about it
      if (this.isBare) this.open();
    });
    return { isBare: true, close: () => watcher.close() };
  }

  #notice(event: string, name: string | null): void {
    this.#weather();
    if (event === 'change' && name !== null) this.#hints.onGrown(name);
    else this.#hints.onName(name);
  }

  #weather(): void {
    const isStormy = this.#storm.met(performance.now());
    if (isStormy === this.isBare || this.#listening === null) return;
    try {
      this.#replace(isStormy ? this.#bare() : this.#watched());
      // a name that came between the two
      this.#hints.onName(null);
    } catch {
      // as it is, then
    }
  }

  /** The new one listens before the old one ends. */
  #replace(next: Listening | null): void {
    const last = this.#listening;
    this.#listening = next;
    const closed = this.#closing;
    this.#closing = Promise.resolve(last?.close()).then(() => closed);
  }

  #fail(error: unknown): void {
    if (!this.#hasFailed) this.#hints.onError(error);
    this.#hasFailed = true;
  }
}
