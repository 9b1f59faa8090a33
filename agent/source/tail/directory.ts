// Which files a tail follows: the names in one directory that match, with what stat says of each. Notifications only
// say when to look; what is there is decided by looking.
//
// A name need not be text. One that is no UTF-8 is matched, shown and hinted at with U+FFFD for what cannot be read of
// it, and the system is asked with its bytes.

import type { BigIntStats } from 'node:fs';
import fs from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';

export interface NamedFile {
  /** For people and for hints. */
  readonly path: string;
  /** For the system. */
  readonly at: string | Buffer;
}

export interface ListedFile extends NamedFile {
  readonly name: string;
  readonly stats: BigIntStats;
}

export interface Listing {
  readonly files: readonly ListedFile[];
  /** Whether nothing that is there can have been missed. */
  readonly whole: boolean;
  /** Which directory has the name now; null: none. */
  readonly directory: string | null;
}

export interface DirectoryOptions {
  readonly dir: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

const LOOKS_MAX = 5;
const SEPARATOR = Buffer.from('/');
const UNREADABLE = '\uFFFD';

export class SpoolDirectory {
  readonly #dir: string;
  readonly #matches: (name: string) => boolean;

  constructor({ dir, include, exclude }: DirectoryOptions) {
    this.#dir = dir;
    this.#matches = picomatch([...include], { ignore: [...exclude], dot: true });
  }

  matches(name: string): boolean {
    return this.#matches(name);
  }

  /**
   * The regular files that match, oldest first. Files that are renamed while we look can be missed or seen twice, so
   * it is looked again when the directory has changed meanwhile; `whole` is false where it never stood still.
   */
  async list(): Promise<Listing> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#stat();
      const files = await this.#look();
      const after = await this.#stat();
      const directory = identityOf(after);
      const whole = after.mtimeNs === before.mtimeNs && directory === identityOf(before);
      if (whole || attempt === LOOKS_MAX) return { files: files.sort(byAge), whole, directory };
    }
  }

  #stat(): Promise<BigIntStats> {
    return fs.stat(this.#dir, { bigint: true });
  }

  async #look(): Promise<ListedFile[]> {
    const files: ListedFile[] = [];
    for (const bytes of await fs.readdir(this.#dir, { encoding: 'buffer' })) {
      const name = bytes.toString();
      if (!this.#matches(name)) continue;
      const path = join(this.#dir, name);
      const at = name.includes(UNREADABLE) ? Buffer.concat([Buffer.from(this.#dir), SEPARATOR, bytes]) : path;
      const stats = await fs.stat(at, { bigint: true }).catch(() => null);
      if (stats?.isFile()) files.push({ name, path, at, stats });
    }
    return files;
  }
}

function identityOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}

/** Files born in one tick of the kernel's clock (up to 10 ms) have no order that anyone can know. */
function byAge(a: ListedFile, b: ListedFile): number {
  if (a.stats.birthtimeNs !== b.stats.birthtimeNs) return a.stats.birthtimeNs < b.stats.birthtimeNs ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
