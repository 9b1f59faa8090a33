// The real disk, made to fail or to be slow at a test's word, for a whole agent.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Disk, realDisk } from '../../agent/log/disk.ts';

export interface Fault {
  /** The system's code that an act on a path fails with; null: it goes well. */
  readonly fails: (act: keyof Disk, path: string) => string | null;
  /** Every sync takes so long. */
  readonly syncMs?: number;
}

export class FaultyDisk implements Disk {
  fault: Fault | null = null;
  /** How often it failed. */
  failures = 0;
  readonly #paths = new Map<number, string>();

  async open(path: string, flags: 'r' | 'r+' | 'w+'): Promise<number> {
    if (flags === 'w+') this.#check('open', path);
    const fd = await realDisk.open(path, flags);
    this.#paths.set(fd, path);
    return fd;
  }

  close(fd: number): Promise<void> {
    this.#paths.delete(fd);
    return realDisk.close(fd);
  }

  read = realDisk.read;
  facts = realDisk.facts;
  list = realDisk.list;
  freeBytes = realDisk.freeBytes;

  async write(fd: number, bytes: Buffer, position: number): Promise<void> {
    this.#check('write', this.#pathOf(fd));
    await realDisk.write(fd, bytes, position);
  }

  async writev(fd: number, chunks: readonly Buffer[], position: number): Promise<void> {
    this.#check('writev', this.#pathOf(fd));
    await realDisk.writev(fd, chunks, position);
  }

  async sync(fd: number): Promise<void> {
    const { syncMs = 0 } = this.fault ?? {};
    if (syncMs > 0) await sleep(syncMs);
    this.#check('sync', this.#pathOf(fd));
    await realDisk.sync(fd);
  }

  async truncate(fd: number, size: number): Promise<void> {
    this.#check('truncate', this.#pathOf(fd));
    await realDisk.truncate(fd, size);
  }

  async makeDirectory(directory: string): Promise<void> {
    this.#check('makeDirectory', directory);
    await realDisk.makeDirectory(directory);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check('rename', to);
    await realDisk.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    this.#check('remove', path);
    await realDisk.remove(path);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#check('syncDirectory', directory);
    await realDisk.syncDirectory(directory);
  }

  #pathOf(fd: number): string {
    return this.#paths.get(fd) ?? '';
  }

  #check(act: keyof Disk, path: string): void {
    const code = this.fault?.fails(act, path) ?? null;
    if (code === null) return;
    this.failures++;
    throw Object.assign(new Error(`${code}: ${act} ${path}`), { code });
  }
}
