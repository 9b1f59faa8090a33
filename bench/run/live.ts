// Live verification of a run: every finished event file of a destination gets a second name (a hard link) that only
// the verifier uses, so that the tool may expire its own as always, and the disk holds little of a long run.

import { link, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ChainNode, EVENT_FILES } from '../chain/layout.ts';
import { hasCode } from '../run-error.ts';
import { LiveThread } from '../verifier/live-thread.ts';
import { listEventFiles } from '../verifier/order.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';

const LOOK_MS = 100;

export class LiveVerification {
  readonly #node: ChainNode;
  readonly #folder: string;
  readonly #thread: LiveThread;
  readonly #linked = new Set<string>();
  /** Files that were deleted before they could be kept: what was in them nobody knows. */
  readonly missed = new Set<string>();

  constructor(node: ChainNode, manifestPath: string) {
    this.#node = node;
    this.#folder = join(node.dir, 'verify');
    this.#thread = new LiveThread(node.id, manifestPath);
  }

  get name(): string {
    return this.#node.id;
  }

  /** Until `signal` is aborted: all but the file that is being written. */
  async follow(signal: AbortSignal): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    while (!signal.aborted) {
      await this.#link((await this.#files()).slice(0, -1));
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** When the chain has been stopped: what is left, and the verdict. */
  async conclude(): Promise<DestinationVerdict> {
    await this.#link(await this.#files());
    return this.#thread.conclude();
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  #files(): Promise<readonly string[]> {
    return listEventFiles(this.#node.eventsDir, EVENT_FILES);
  }

  async #link(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const name = basename(path);
      if (this.#linked.has(name)) continue;
      const second = join(this.#folder, name);
      try {
        await link(path, second);
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error;
        this.missed.add(name);
        continue;
      }
      this.#linked.add(name);
      this.#thread.take(second);
    }
  }
}
