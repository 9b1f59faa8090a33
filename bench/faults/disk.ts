// A node's own small filesystem, and the ballast that fills it.

import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainNode } from '../chain/layout.ts';
import { mountSmall } from '../chain/mounts.ts';
import { BenchError, hasCode } from '../run-error.ts';

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

  constructor(node: ChainNode, bytes: number) {
    this.node = node.id;
    this.#folder = diskFolder(node);
    this.#bytes = bytes;
  }

  mount(): Promise<void> {
    return mountSmall(this.#folder, this.#bytes);
  }

  /** Takes all room but `leave` bytes; returns the bytes taken. */
  async fill(leave: number): Promise<number> {
    const file = await open(join(this.#folder, BALLAST), 'a');
    try {
      let taken = 0;
      for (;;) {
        const { bavail, bsize } = await statfs(this.#folder);
        const room = bavail * bsize - leave;
        if (room <= 0) break;
        const block = room >= BLOCK.length ? BLOCK : PAGE.subarray(0, Math.min(room, PAGE.length));
        taken += (await file.write(block)).bytesWritten;
      }
      return checked(taken, this.node);
    } catch (error) {
      // Somebody else took the last of it: full is what was wanted.
      if (hasCode(error, 'ENOSPC')) return checked((await file.stat()).size, this.node);
      throw error;
    } finally {
      await file.close();
    }
  }

  async free(): Promise<void> {
    await rm(join(this.#folder, BALLAST), { force: true });
  }
}

function checked(taken: number, node: string): number {
  if (taken === 0) throw new BenchError('run', `the disk of ${node} was full already`);
  return taken;
}
