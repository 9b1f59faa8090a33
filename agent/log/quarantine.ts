// Where bytes go that are no event for us (too long) or not what was written (rot): <dir>/quarantine/. It is kept for
// someone to look at, never at the cost of data: it has a bound of its own, the oldest files give way to newer ones, and
// what it holds above what leaves four segments of the cap gives way to the first append that has no room. What is set
// aside when a log is opened (whole segments) lies here, too, and gives way in the same order. Everything is counted.

import { join } from 'node:path';
import type { Disk } from './disk.ts';
import type { Opening } from './opening.ts';

export const QUARANTINE_DIRECTORY = 'quarantine';
export const QUARANTINE_BYTES_MAX = 64 * 1024 * 1024;
/** Of the cap, where nobody says otherwise. */
const CAP_SHARE = 8;
/** Data always has room for so many segments. */
const SEGMENTS_MIN = 4;
/** A file is rolled at this part of the bound, so that the oldest can give way without all the rest. */
const FILE_SHARE = 4;

export interface QuarantineLimits {
  readonly capBytes: number;
  readonly segmentBytes: number;
  /** By default an eighth of the cap, at most 64 MiB. */
  readonly quarantineBytesMax?: number | undefined;
}

export interface QuarantineFacts {
  readonly files: number;
  readonly bytes: number;
  readonly bytesMax: number;
  /** Since the start, in bytes: what came, what of it or of earlier things gave way, what there was no room for. */
  readonly setAside: number;
  readonly thrownAway: number;
  readonly notKept: number;
  /** Of what was set aside: segments of which nothing is known, when the log was opened. */
  readonly unknownAtOpen: number;
}

interface Kept {
  readonly name: string;
  bytes: number;
}

export class Quarantine {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #fits: (bytes: number) => boolean;
  readonly #bytesMax: number;
  /** What it may hold while an append waits for room. */
  readonly #floor: number;
  /** Oldest first. */
  #kept: Kept[] = [];
  #setAside = 0;
  #thrownAway = 0;
  #notKept = 0;
  #unknownAtOpen = 0;
  /** One at a time: pieces of one event must not mix with others, nor a file go while it is written. */
  #working: Promise<void> = Promise.resolve();

  /** @param fits whether so many bytes more stay under the cap */
  constructor(disk: Disk, dir: string, limits: QuarantineLimits, fits: (bytes: number) => boolean) {
    const { capBytes, segmentBytes, quarantineBytesMax } = limits;
    this.#disk = disk;
    this.#directory = join(dir, QUARANTINE_DIRECTORY);
    this.#fits = fits;
    this.#bytesMax = quarantineBytesMax ?? Math.min(QUARANTINE_BYTES_MAX, Math.floor(capBytes / CAP_SHARE));
    this.#floor = Math.max(0, Math.min(this.#bytesMax, capBytes - SEGMENTS_MIN * segmentBytes));
  }

  get bytes(): number {
    return this.#kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What of it gives way to data. */
  get givesBytes(): number {
    return Math.max(0, this.bytes - this.#floor);
  }

  facts(): QuarantineFacts {
    return {
      files: this.#kept.length,
      bytes: this.bytes,
      bytesMax: this.#bytesMax,
      setAside: this.#setAside,
      thrownAway: this.#thrownAway,
      notKept: this.#notKept,
      unknownAtOpen: this.#unknownAtOpen,
    };
  }

  /** Looks what lies there: someone may have tidied up. */
  count(): Promise<void> {
    return this.#next(async () => {
      this.#kept = await keptIn(this.#disk, this.#directory);
    });
  }

  /** What came here while the log was opened. */
  countSetAside({ asideBytes, unknownBytes }: Opening): void {
    this.#unknownAtOpen += unknownBytes;
    this.#setAside += asideBytes;
  }

  /**
   * Appends to the file of that name, or to the next one of it. With `once`: only where there is none yet.
   * @throws what the disk has against it; then the bytes are only counted.
   */
  add(name: string, bytes: Buffer, { once = false } = {}): Promise<void> {
    return this.#next(async () => {
      if (once && this.#kept.some((file) => file.name === name)) return;
      const fits = () => this.bytes + bytes.length <= this.#bytesMax && this.#fits(bytes.length);
      // nothing gives way to what finds no room even then
      const couldFit = bytes.length <= this.#bytesMax && this.#fits(bytes.length - this.bytes);
      if (couldFit) await this.#throwAway(fits, 0);
      if (fits()) await this.#append(name, bytes);
      else this.#notKept += bytes.length;
    });
  }

  /** Gives the oldest up until the append has room, or no more is here than leaves data four segments. */
  giveWay(hasRoom: () => boolean): Promise<void> {
    return this.#next(() => this.#throwAway(hasRoom, this.#floor));
  }

  async #append(name: string, bytes: Buffer): Promise<void> {
    await this.#disk.makeDirectory(this.#directory);
    const file = this.#fileFor(name, bytes.length);
    const at = file.bytes;
    file.bytes += bytes.length;
    this.#setAside += bytes.length;
    const fd = await this.#disk.open(join(this.#directory, file.name), at === 0 ? 'w+' : 'r+');
    try {
      await this.#disk.write(fd, bytes, at);
    } finally {
      await this.#disk.close(fd);
    }
  }

  /** `name`, then `name.1`, `name.2` and so on, each up to its share of the bound. */
  #fileFor(name: string, bytes: number): Kept {
    let last = -1;
    let current: Kept | null = null;
    for (const file of this.#kept) {
      const number = file.name === name ? 0 : numberOf(file.name, name);
      if (number === null || number <= last) continue;
      last = number;
      current = file;
    }
    if (current !== null && current.bytes + bytes <= this.#bytesMax / FILE_SHARE) return current;
    const made = { name: last === -1 ? name : `${name}.${last + 1}`, bytes: 0 };
    this.#kept.push(made);
    return made;
  }

  async #throwAway(enough: () => boolean, floor: number): Promise<void> {
    for (const file of [...this.#kept]) {
      if (enough() || this.bytes <= floor) return;
      try {
        await this.#disk.remove(join(this.#directory, file.name));
      } catch {
        // gone already, or not ours to delete: the next look at the directory says which
        continue;
      }
      this.#kept = this.#kept.filter((other) => other !== file);
      this.#thrownAway += file.bytes;
    }
  }

  #next(work: () => Promise<void>): Promise<void> {
    const next = this.#working.catch(() => undefined).then(work);
    this.#working = next;
    return next;
  }
}

function numberOf(file: string, name: string): number | null {
  if (!file.startsWith(`${name}.`)) return null;
  const digits = file.slice(name.length + 1);
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}

async function keptIn(disk: Disk, directory: string): Promise<Kept[]> {
  const found: (Kept & { readonly modifiedMs: number })[] = [];
  for (const name of await disk.list(directory).catch(() => [])) {
    // what is gone meanwhile takes nothing
    const facts = await disk.facts(join(directory, name)).catch(() => null);
    if (facts !== null) found.push({ name, bytes: facts.size, modifiedMs: facts.modifiedMs });
  }
  found.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.name < b.name ? -1 : 1));
  return found.map(({ name, bytes }) => ({ name, bytes }));
}

/** What is set aside in a log directory, in bytes. */
export async function quarantinedBytes(disk: Disk, dir: string): Promise<number> {
  const kept = await keptIn(disk, join(dir, QUARANTINE_DIRECTORY));
  return kept.reduce((sum, { bytes }) => sum + bytes, 0);
}
