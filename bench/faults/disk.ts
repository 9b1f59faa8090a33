// A node's own small filesystem, and the ballast that fills it.

import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChainNode } from '../chain/layout.ts';
import { mountSmall } from '../chain/mounts.ts';
import { BenchError, hasCode } from '../run-error.ts';

const TOP_UP_MS = 100;
const BALLAST = 'ballast';
const BLOCK = Buffer.alloc(2 ** 20);
const PAGE = Buffer.alloc(4096);

/** Where a node buffers: what the generator writes for the first one stays outside. */
export function diskFolder(node: ChainNode): string {
  return node.from === null ? node.bufferDir : node.eventsDir;
}

export class SmallDisk {
  readonly node: string;
  readonly #folder: string;
  readonly #bytes: number;
  #full: AbortController | null = null;
  #keeping: Promise<void> = Promise.resolve();

  constructor(node: ChainNode, bytes: number) {
    this.node = node.id;
    this.#folder = diskFolder(node);
    this.#bytes = bytes;
  }

  mount(): Promise<void> {
    return mountSmall(this.#folder, this.#bytes);
  }

  /** Takes all room but `leave` bytes, and what becomes free later too; returns the bytes taken at once. */
  async fill(leave: number): Promise<number> {
    const taken = await this.#take(leave);
    if (taken === 0) throw new BenchError('run', `the disk of ${this.node} was full already`);
    const full = new AbortController();
    this.#full = full;
    this.#keeping = this.#keepFull(leave, full.signal);
    return taken;
  }

  async free(): Promise<void> {
    this.#full?.abort();
    await this.#keeping;
    await rm(join(this.#folder, BALLAST), { force: true });
  }

  async #keepFull(leave: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(TOP_UP_MS, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#take(leave);
    }
  }

  async #take(leave: number): Promise<number> {
    const file = await open(join(this.#folder, BALLAST), 'a');
    const before = (await file.stat()).size;
    try {
      for (;;) {
        const { bavail, bsize } = await statfs(this.#folder);
        const room = bavail * bsize - leave;
        if (room <= 0) break;
        await file.write(room >= BLOCK.length ? BLOCK : PAGE.subarray(0, Math.min(room, PAGE.length)));
      }
    } catch (error) {
      // Somebody else took the last of it: full is what was wanted.
      if (!hasCode(error, 'ENOSPC')) throw error;
    }
    const { size } = await file.stat();
    await file.close();
    return size - before;
  }
}
