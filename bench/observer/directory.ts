// The event files of one directory: which there are and how long they are, now and ever. A file is known by its
// inode, so one that is renamed stays the same file; one that became shorter is a new one.
//
// `poll` is cheap: it stats the directory (whose mtime changes when a file appears, goes or is renamed) and the
// files that grew lately. `scan` looks at everything, and poll falls back to it at every doubt and every 50 ms.

import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import picomatch from 'picomatch';
import { wallClockMs } from './clock.ts';
import type { WatchedDirectory } from './spec.ts';

/** A file that did not grow for this long is left to the scans. */
const ACTIVE_MS = 1000;
/** The newest files are polled even before their first byte. */
const NEWEST_POLLED = 2;
const SCAN_MS = 50;
/** With more files the scans become rarer, so that they do not cost more. */
const FILES_PER_SCAN = 200;
/** A directory's mtime has the grain of the kernel's tick: so fresh a one may hide a further change. */
const MTIME_GRAIN_MS = 20;

export interface DirectoryListener {
  named(file: number, name: string): void;
  grown(file: number, size: number, timeMs: number): void;
}

interface TrackedFile {
  readonly number: number;
  readonly inode: number;
  name: string;
  size: number;
  changedMs: number;
}

export class EventDirectory {
  readonly #dir: string;
  readonly #matches: (name: string) => boolean;
  readonly #listener: DirectoryListener;
  #live: ReadonlyMap<number, TrackedFile> = new Map();
  #active: readonly TrackedFile[] = [];
  #filesEver = 0;
  #totalBytes = 0;
  #scannedMs = 0;
  #mtimeMs = 0;

  constructor({ dir, include }: WatchedDirectory, listener: DirectoryListener) {
    this.#dir = dir;
    this.#matches = picomatch([...include]);
    this.#listener = listener;
  }

  /** Bytes ever seen, and what is there now. */
  totals(): { readonly totalBytes: number; readonly presentBytes: number; readonly files: number } {
    let presentBytes = 0;
    for (const { size } of this.#live.values()) presentBytes += size;
    return { totalBytes: this.#totalBytes, presentBytes, files: this.#live.size };
  }

  get filesEver(): number {
    return this.#filesEver;
  }

  poll(): void {
    const nowMs = wallClockMs();
    const scanMs = SCAN_MS * Math.ceil(this.#live.size / FILES_PER_SCAN || 1);
    const mtimeMs = statSync(this.#dir, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const unsure = mtimeMs !== this.#mtimeMs || this.#scannedMs - mtimeMs < MTIME_GRAIN_MS;
    if (unsure || nowMs - this.#scannedMs >= scanMs || !this.#active.every((file) => this.#look(file))) {
      this.scan();
    }
  }

  scan(): void {
    this.#scannedMs = wallClockMs();
    this.#mtimeMs = statSync(this.#dir, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const live = new Map<number, TrackedFile>();
    for (const name of this.#names()) {
      const stats = statSync(join(this.#dir, name), { throwIfNoEntry: false });
      if (!stats?.isFile() || live.has(stats.ino)) continue;
      const file = this.#known(name, stats);
      live.set(stats.ino, file);
      this.#grow(file, stats.size);
    }
    this.#live = live;
    this.#active = [...live.values()].filter(
      ({ changedMs, number }) =>
        this.#scannedMs - changedMs < ACTIVE_MS || number >= this.#filesEver - NEWEST_POLLED,
    );
  }

  /** False if the file is not what it was. */
  #look(file: TrackedFile): boolean {
    const stats = statSync(join(this.#dir, file.name), { throwIfNoEntry: false });
    if (stats?.ino !== file.inode || stats.size < file.size) return false;
    this.#grow(file, stats.size);
    return true;
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#dir).filter(this.#matches).sort();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []; // not made yet
      throw cause;
    }
  }

  #known(name: string, { ino, size }: Stats): TrackedFile {
    const file = this.#live.get(ino);
    if (!file || size < file.size) {
      const fresh = { number: this.#filesEver++, inode: ino, name, size: 0, changedMs: 0 };
      this.#listener.named(fresh.number, name);
      return fresh;
    }
    if (file.name !== name) {
      file.name = name;
      this.#listener.named(file.number, name);
    }
    return file;
  }

  #grow(file: TrackedFile, size: number): void {
    if (size <= file.size) return;
    this.#totalBytes += size - file.size;
    file.size = size;
    file.changedMs = wallClockMs();
    this.#listener.grown(file.number, size, file.changedMs);
  }
}
