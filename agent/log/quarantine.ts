// Where bytes go that are no event for us (too long) or not what was written (rot): <dir>/quarantine/, up to a bound,
// beyond which they are only counted. It counts against the cap like everything else in the directory.

import { join } from 'node:path';
import { bytesIn, type Disk } from './disk.ts';

export const QUARANTINE_DIRECTORY = 'quarantine';
export const QUARANTINE_BYTES_MAX = 64 * 1024 * 1024;

/** What is set aside in a log directory, in bytes. */
export function quarantinedBytes(disk: Disk, dir: string): Promise<number> {
  return bytesIn(disk, join(dir, QUARANTINE_DIRECTORY));
}

/** Room that bytes set aside take from the log. */
export interface QuarantineSpace {
  fits(bytes: number): boolean;
  quarantineBytes: number;
}

export class Quarantine {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #space: QuarantineSpace;
  /** One writer at a time: pieces of one event must not mix with others. */
  #writing: Promise<void> = Promise.resolve();

  constructor(disk: Disk, dir: string, space: QuarantineSpace) {
    this.#disk = disk;
    this.#space = space;
    this.#dir = dir;
  }

  /** Appends to the file of that name. @throws what the disk has against it; then the bytes are only counted. */
  add(name: string, bytes: Buffer): Promise<void> {
    const next = this.#writing.catch(() => undefined).then(() => this.#append(name, bytes));
    this.#writing = next;
    return next;
  }

  async #append(name: string, bytes: Buffer): Promise<void> {
    const directory = join(this.#dir, QUARANTINE_DIRECTORY);
    await this.#disk.makeDirectory(directory);
    const within = this.#space.quarantineBytes + bytes.length <= QUARANTINE_BYTES_MAX;
    if (!within || !this.#space.fits(bytes.length)) return;
    this.#space.quarantineBytes += bytes.length;
    const path = join(directory, name);
    const size = await this.#disk.facts(path).then(
      (facts) => facts.size,
      () => null,
    );
    const fd = await this.#disk.open(path, size === null ? 'w+' : 'r+');
    try {
      await this.#disk.write(fd, bytes, size ?? 0);
    } finally {
      await this.#disk.close(fd);
    }
  }
}
