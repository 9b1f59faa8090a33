// A disk in memory behind the log's Disk interface, that a test can stop at any step, make fail, and take the power
// from. A step is a call that changes something: open for making, write, truncate, sync, rename, remove.
//
// Power loss keeps any subset of what was not synced: 512-byte pieces of writes, truncations, and changes of directory
// entries. Directories themselves are always there once made.

import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Disk, FileFacts } from '../../../agent/log/disk.ts';
import { Content } from './content.ts';
import { below, type Random } from './random.ts';

/** What becomes of step `step` (from 1). `stop`: it happens in part or not, and nothing after it ever answers. */
export type Plan = (step: number, name: string, path: string) => 'go' | 'stop' | Error;

interface Entry {
  readonly directories: readonly string[];
  apply(names: Map<string, Content>): void;
}

interface OpenFile {
  readonly path: string;
  readonly content: Content;
}

export class ModelDisk implements Disk {
  readonly #random: Random;
  #names = new Map<string, Content>();
  #durableNames = new Map<string, Content>();
  #unsynced: Entry[] = [];
  readonly #directories = new Set<string>();
  readonly #open = new Map<number, OpenFile>();
  #nextFd = 100;
  readonly #dead = Promise.withResolvers<never>();
  readonly #stopped = Promise.withResolvers<void>();
  #isStopped = false;
  plan: Plan = () => 'go';
  steps = 0;
  free = Number.MAX_SAFE_INTEGER;
  nowMs = 1_700_000_000_000;

  constructor(random: Random) {
    this.#random = random;
    this.#dead.promise.catch(() => undefined);
  }

  /** Resolves when the plan has stopped the disk. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Everything that waits for the stopped disk gets an error, so that its users can be taken down. */
  abandon(): void {
    this.#isStopped = true;
    this.#dead.reject(new Error('the model disk was abandoned'));
  }

  get openFiles(): number {
    return this.#open.size;
  }

  /** Bytes of all files below a directory. */
  bytesIn(dir: string): number {
    let bytes = 0;
    for (const [path, content] of this.#names) if (path.startsWith(`${dir}/`)) bytes += content.live.length;
    return bytes;
  }

  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  bytesOf(path: string): Buffer {
    const content = this.#names.get(path);
    if (content === undefined) throw missing(path);
    return content.live;
  }

  /** Changes a file behind the log's back. */
  damage(path: string, change: (bytes: Buffer) => Buffer): void {
    const content = this.#names.get(path);
    if (content === undefined) throw missing(path);
    this.#names.set(path, new Content(change(Buffer.from(content.live))));
    this.#durableNames = new Map(this.#names);
  }

  vanish(path: string): void {
    this.#names.delete(path);
    this.#durableNames.delete(path);
  }

  /**
   * A disk with what is left after `kill` (of the process: the page cache is still there, and still not synced) or
   * `power` (loss). The old one must not be used any more.
   */
  after(event: 'kill' | 'power', random: Random): ModelDisk {
    const disk = new ModelDisk(random);
    disk.nowMs = this.nowMs;
    for (const directory of this.#directories) disk.#directories.add(directory);
    if (event === 'kill') {
      disk.#names = this.#names;
      disk.#durableNames = this.#durableNames;
      disk.#unsynced = this.#unsynced;
      return disk;
    }
    const names = new Map(this.#durableNames);
    for (const entry of this.#unsynced) if (random() < 0.5) entry.apply(names);
    for (const [path, content] of names) disk.#names.set(path, content.afterPowerLoss(random));
    disk.#durableNames = new Map(disk.#names);
    return disk;
  }

  async open(path: string, flags: 'r' | 'r+' | 'w+'): Promise<number> {
    if (flags === 'w+') await this.#step('open', path);
    else await this.#alive();
    let content = this.#names.get(path);
    if (content === undefined) {
      if (flags !== 'w+') throw missing(path);
      if (!this.#directories.has(dirname(path))) throw missing(dirname(path));
      const made = new Content();
      content = made;
      this.#change([dirname(path)], (names) => names.set(path, made));
    } else if (flags === 'w+') content.truncate(0);
    const fd = this.#nextFd++;
    this.#open.set(fd, { path, content });
    return fd;
  }

  async close(fd: number): Promise<void> {
    await this.#alive();
    if (!this.#open.delete(fd)) throw systemError('EBADF', `descriptor ${fd}`);
  }

  async read(fd: number, into: Buffer, position: number): Promise<number> {
    await this.#alive();
    return this.#file(fd).content.live.copy(into, 0, position);
  }

  async write(fd: number, bytes: Buffer, position: number): Promise<void> {
    const { path, content } = this.#file(fd);
    // a write that does not end well may have written a beginning
    await this.#step('write', path, () =>
      content.write(position, bytes.subarray(0, below(this.#random, bytes.length + 1))),
    );
    content.write(position, bytes);
  }

  writev(fd: number, chunks: readonly Buffer[], position: number): Promise<void> {
    return this.write(fd, Buffer.concat(chunks), position);
  }

  async sync(fd: number): Promise<void> {
    const { path, content } = this.#file(fd);
    await this.#step('sync', path, (fate) => {
      if (fate !== 'stop') content.failSync(this.#random);
    });
    content.sync();
  }

  async truncate(fd: number, size: number): Promise<void> {
    const { path, content } = this.#file(fd);
    await this.#step('truncate', path);
    content.truncate(size);
  }

  async facts(path: string): Promise<FileFacts> {
    await this.#alive();
    const content = this.#names.get(path);
    if (content === undefined) throw missing(path);
    return { size: content.live.length, modifiedMs: this.nowMs };
  }

  async list(directory: string): Promise<string[]> {
    await this.#alive();
    if (!this.#directories.has(directory)) throw missing(directory);
    const inside = [...this.#names.keys(), ...this.#directories].filter(
      (path) => path !== directory && dirname(path) === directory,
    );
    return inside.map((path) => path.slice(directory.length + 1));
  }

  async makeDirectory(directory: string): Promise<void> {
    await this.#alive();
    this.#directories.add(directory);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', to);
    const content = this.#names.get(from);
    if (content === undefined) throw missing(from);
    this.#change([dirname(from), dirname(to)], (names) => {
      names.delete(from);
      names.set(to, content);
    });
  }

  async remove(path: string): Promise<void> {
    await this.#step('remove', path);
    if (!this.#names.has(path)) throw missing(path);
    this.#change([dirname(path)], (names) => names.delete(path));
  }

  async syncDirectory(directory: string): Promise<void> {
    await this.#step('syncDirectory', directory);
    const mine = this.#unsynced.filter((entry) => entry.directories.includes(directory));
    for (const entry of mine) entry.apply(this.#durableNames);
    this.#unsynced = this.#unsynced.filter((entry) => !mine.includes(entry));
  }

  async freeBytes(): Promise<number> {
    await this.#alive();
    return this.free;
  }

  #change(directories: readonly string[], apply: (names: Map<string, Content>) => void): void {
    apply(this.#names);
    this.#unsynced.push({ directories, apply });
  }

  #file(fd: number): OpenFile {
    const file = this.#open.get(fd);
    if (file === undefined) throw systemError('EBADF', `descriptor ${fd}`);
    return file;
  }

  async #step(name: string, path: string, inPart?: (fate: 'stop' | Error) => void): Promise<void> {
    await this.#alive();
    this.steps++;
    const fate = this.plan(this.steps, name, path);
    if (fate === 'go') return;
    inPart?.(fate);
    if (fate !== 'stop') throw fate;
    this.#isStopped = true;
    this.#stopped.resolve();
    await this.#dead.promise;
  }

  async #alive(): Promise<void> {
    if (this.#isStopped) await this.#dead.promise;
    await turn();
    if (this.#isStopped) await this.#dead.promise;
  }
}

export function systemError(code: string, what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

function missing(path: string): NodeJS.ErrnoException {
  return systemError('ENOENT', path);
}
