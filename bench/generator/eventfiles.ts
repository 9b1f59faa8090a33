// The event files of one generator: `events-000001.log`, ... A file never exceeds fileBytes (unless one event
// does) and ends on an event boundary. Files that stood in the directory before are left alone, numbered past and
// counted: the limit is on what the directory holds, as it would be under logrotate.

import {
  closeSync,
  copyFileSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { GeneratorSpec, Rotation } from './spec.ts';

/** The one file of a generator that rotates; as `events-…`, so that no glob for event files misses it. */
const ROTATED = 'events.log';
const NAME = /^events-(\d{6,})\.log$/;

interface EventFile {
  readonly name: string;
  bytes: number;
}

export class EventFiles {
  /** Deleted by `expire`, oldest first. */
  readonly expired: { file: string; bytes: number }[] = [];
  readonly #spec: GeneratorSpec;
  /** Oldest first, without the current one. */
  #rolled: EventFile[];
  #current: EventFile = { name: '', bytes: 0 };
  #fd = -1;
  #number: number;
  #written: string[] = [];

  readonly #now: () => number;
  #rotateAtMs: number;

  /** Makes the directory if it is missing. */
  constructor(spec: GeneratorSpec, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#rotateAtMs = spec.rotate === undefined ? Infinity : now() + spec.rotate.everyMs;
    this.#spec = spec;
    mkdirSync(spec.dir, { recursive: true });
    const names = readdirSync(spec.dir).filter((name) => NAME.test(name));
    names.sort((a, b) => numberOf(a) - numberOf(b));
    this.#rolled = names.map((name) => ({ name, bytes: statSync(join(spec.dir, name)).size }));
    this.#number = names.reduce((highest, name) => Math.max(highest, numberOf(name)), 0);
    this.#begin();
  }

  /** Bytes that may still go into the current file; an empty file takes any event. */
  get room(): number {
    return this.#current.bytes === 0 ? Infinity : this.#spec.fileBytes - this.#current.bytes;
  }

  get fileBytes(): number {
    return this.#spec.fileBytes;
  }

  write(buffer: Buffer, length: number): void {
    for (let done = 0; done < length; ) done += writeSync(this.#fd, buffer, done, length - done);
    this.#current.bytes += length;
    if (this.#now() >= this.#rotateAtMs) this.roll();
    if (this.#spec.onSourceFull === 'expire') this.#expire();
  }

  /** Closes the current file and begins the next one. */
  roll(): void {
    if (this.#spec.rotate === undefined) this.#next();
    else this.#rotate(this.#spec.rotate);
    if (this.#spec.onSourceFull === 'expire') this.#expire();
  }

  /** True while a generator that holds must wait for someone to delete files. */
  full(): boolean {
    if (this.#spec.onSourceFull !== 'hold' || this.#held() <= this.#spec.sourceKeepBytes) return false;
    this.#forgetDeleted();
    if (this.#held() <= this.#spec.sourceKeepBytes) return false;
    if (this.#rolled.length === 0 && this.#current.bytes > 0) this.roll(); // nobody may delete a file in use
    return true;
  }

  /** Everything this generator wrote is on disk, names included. */
  sync(): void {
    for (const name of this.#written) {
      if (!statSync(join(this.#spec.dir, name), { throwIfNoEntry: false })) continue;
      const fd = openSync(join(this.#spec.dir, name), 'r');
      try {
        fdatasyncSync(fd);
      } finally {
        closeSync(fd);
      }
    }
    const fd = openSync(this.#spec.dir, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #next(): void {
    closeSync(this.#fd);
    this.#rolled.push(this.#current);
    this.#begin();
  }

  #rotate({ mode, everyMs }: Rotation): void {
    this.#rotateAtMs = Math.max(this.#rotateAtMs + everyMs, this.#now());
    const rotated = `events-${String(++this.#number).padStart(6, '0')}.log`;
    const [from, to] = [join(this.#spec.dir, ROTATED), join(this.#spec.dir, rotated)];
    const { bytes } = this.#current;
    if (mode === 'rename') {
      closeSync(this.#fd);
      renameSync(from, to);
      this.#fd = openSync(from, 'ax');
    } else {
      if (mode === 'copytruncate') copyFileSync(from, to);
      ftruncateSync(this.#fd, 0);
    }
    if (mode !== 'truncate') {
      this.#rolled.push({ name: rotated, bytes });
      this.#written.push(rotated);
    }
    this.#current = { name: ROTATED, bytes: 0 };
  }

  #begin(): void {
    if (this.#spec.rotate !== undefined) {
      this.#fd = openSync(join(this.#spec.dir, ROTATED), 'ax');
      this.#current = { name: ROTATED, bytes: 0 };
      this.#written.push(ROTATED);
      return;
    }
    for (;;) {
      const name = `events-${String(++this.#number).padStart(6, '0')}.log`;
      try {
        this.#fd = openSync(join(this.#spec.dir, name), 'ax');
        this.#current = { name, bytes: 0 };
        this.#written.push(name);
        return;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause; // another runner took the number
      }
    }
  }

  #held(): number {
    return this.#rolled.reduce((sum, { bytes }) => sum + bytes, this.#current.bytes);
  }

  #expire(): void {
    if (this.#held() <= this.#spec.sourceKeepBytes) return;
    this.#forgetDeleted();
    while (this.#held() > this.#spec.sourceKeepBytes) {
      const oldest = this.#rolled.shift();
      if (!oldest) return;
      unlinkSync(join(this.#spec.dir, oldest.name));
      this.expired.push({ file: oldest.name, bytes: oldest.bytes });
    }
  }

  #forgetDeleted(): void {
    this.#rolled = this.#rolled.filter(({ name }) =>
      statSync(join(this.#spec.dir, name), { throwIfNoEntry: false }),
    );
  }
}

const numberOf = (name: string): number => Number(NAME.exec(name)?.[1] ?? 0);
