// Which files a tail follows: the names in one directory that match, with what stat says of each. Notifications only
// say when to look; what is there is decided by looking.

import type { BigIntStats } from 'node:fs';
import fs from 'node:fs/promises';
import { join } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import picomatch from 'picomatch';

export interface ListedFile {
  readonly name: string;
  readonly path: string;
  readonly stats: BigIntStats;
}

export interface Listing {
  readonly files: readonly ListedFile[];
  /** Whether nothing that is there can have been missed. */
  readonly whole: boolean;
}

export interface DirectoryOptions {
  readonly dir: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

const LOOKS_MAX = 5;

export class WatchedDirectory {
  readonly #options: DirectoryOptions;
  readonly #matches: (name: string) => boolean;
  #watcher: FSWatcher | null = null;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#matches = picomatch([...options.include], { ignore: [...options.exclude], dot: true });
  }

  /** Hints that files came or went (null), or that the one at a path may have grown. Errors only cost hints. */
  watch(onHint: (grown: string | null) => void, onError: (error: unknown) => void): void {
    const watcher = watch(this.#options.dir, { depth: 0, atomic: false, ignoreInitial: true });
    watcher.on('add', () => onHint(null));
    watcher.on('unlink', () => onHint(null));
    watcher.on('change', (path) => onHint(path));
    watcher.on('error', onError);
    this.#watcher = watcher;
  }

  /**
   * The regular files that match, oldest first. Files that are renamed while we look can be missed or seen twice, so
   * it is looked again when the directory has changed meanwhile; `whole` is false where it never stood still.
   */
  async list(): Promise<Listing> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#changedAt();
      const files = await this.#look();
      const whole = (await this.#changedAt()) === before;
      if (whole || attempt === LOOKS_MAX) return { files: files.sort(byAge), whole };
    }
  }

  async close(): Promise<void> {
    await this.#watcher?.close();
  }

  async #changedAt(): Promise<bigint> {
    return (await fs.stat(this.#options.dir, { bigint: true })).mtimeNs;
  }

  async #look(): Promise<ListedFile[]> {
    const { dir } = this.#options;
    const files: ListedFile[] = [];
    for (const name of await fs.readdir(dir)) {
      if (!this.#matches(name)) continue;
      const path = join(dir, name);
      const stats = await fs.stat(path, { bigint: true }).catch(() => null);
      if (stats?.isFile()) files.push({ name, path, stats });
    }
    return files;
  }
}

/** Files born in one tick of the kernel's clock (up to 10 ms) have no order that anyone can know. */
function byAge(a: ListedFile, b: ListedFile): number {
  if (a.stats.birthtimeNs !== b.stats.birthtimeNs) return a.stats.birthtimeNs < b.stats.birthtimeNs ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
