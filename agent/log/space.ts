// How much the log may still grow. The cap covers the whole directory, the reserve the free space of the filesystem;
// at either, appends wait here. What every destination has is kept only as long as it is in nobody's way: retention
// deletes it, oldest first, beyond keepBytes and keepAge, and earlier where an append needs the room.

import type { Disk } from './disk.ts';
import type { SegmentStore } from './store.ts';

export interface SpaceLimits {
  readonly capBytes: number;
  readonly reserveBytes: number;
  readonly keepBytes: number;
  readonly keepAgeMs: number;
}

/** Room that a commit may take besides its data: journal records, a checkpoint, preallocation, cursors' directory. */
const MARGIN_BYTES = 256 * 1024;
const LOOK_AGAIN_MS = 1000;

export class Space {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #limits: SpaceLimits;
  readonly #store: SegmentStore;
  readonly #now: () => number;
  /** Bytes of the directory that are not segments or journals: cursors, quarantine. */
  otherBytes = 0;
  bytesMax = 0;
  /** Why appends wait, or null. */
  waitingFor: string | null = null;
  #floor: () => number;
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();
  #retaining: Promise<void> | null = null;
  #closed = false;

  constructor(
    store: SegmentStore,
    { disk, dir, limits, now }: { disk: Disk; dir: string; limits: SpaceLimits; now: () => number },
  ) {
    this.#store = store;
    this.#disk = disk;
    this.#dir = dir;
    this.#limits = limits;
    this.#now = now;
    this.#floor = () => store.end;
  }

  /** The offset below which no destination wants anything any more, by its durable cursor. */
  setFloor(floor: () => number): void {
    this.#floor = floor;
  }

  get bytes(): number {
    return this.#store.bytes + this.otherBytes;
  }

  /** Resolves once `bytes` more fit; at once where they do. */
  async wait(bytes: number): Promise<void> {
    for (;;) {
      const obstacle = await this.#obstacle(bytes);
      this.waitingFor = obstacle;
      if (obstacle === null || this.#closed) return;
      await this.#pause();
    }
  }

  async #obstacle(bytes: number): Promise<string | null> {
    const { capBytes, reserveBytes } = this.#limits;
    const fits = () => this.bytes + bytes + MARGIN_BYTES <= capBytes;
    if (!fits()) await this.#reclaim((over) => over > 0, bytes);
    if (!fits()) return `its cap of ${capBytes} bytes is reached`;
    if (reserveBytes > 0 && (await this.#free()) < reserveBytes + bytes) {
      return `its filesystem has less than reserveBytes (${reserveBytes}) left`;
    }
    this.bytesMax = Math.max(this.bytesMax, this.bytes + bytes);
    return null;
  }

  #freeSeen = { atMs: 0, bytes: 0 };
  async #free(): Promise<number> {
    if (this.#now() - this.#freeSeen.atMs >= LOOK_AGAIN_MS) {
      this.#freeSeen = { atMs: this.#now(), bytes: await this.#disk.freeBytes(this.#dir) };
    }
    return this.#freeSeen.bytes;
  }

  /** Deletes what nobody wants beyond keepBytes and keepAge. Called after commits and when cursors have moved. */
  retain(): Promise<void> {
    this.#retaining ??= this.#expire().finally(() => {
      this.#retaining = null;
      this.wake();
    });
    return this.#retaining;
  }

  /** Lets waiting appends look again. */
  wake(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }

  async #expire(): Promise<void> {
    const { keepBytes, keepAgeMs } = this.#limits;
    const tooOld = this.#now() - keepAgeMs;
    for (let oldest = this.#unwanted(); oldest !== null; oldest = this.#unwanted()) {
      const keptBehind = this.#floor() - oldest.end;
      if (keptBehind < keepBytes && oldest.lastMs >= tooOld) return;
      await this.#store.removeOldest();
    }
  }

  /** Deletes unwanted segments for an append that does not fit, whatever keepBytes says. */
  async #reclaim(needed: (over: number) => boolean, bytes: number): Promise<void> {
    if (this.#retaining !== null) await this.#retaining;
    const over = () => this.bytes + bytes + MARGIN_BYTES - this.#limits.capBytes;
    while (needed(over()) && this.#unwanted() !== null) await this.#store.removeOldest();
  }

  #unwanted() {
    const [oldest] = this.#store.segments;
    if (oldest === undefined || oldest === this.#store.active.segment) return null;
    return oldest.end <= this.#floor() ? oldest : null;
  }

  async #pause(): Promise<void> {
    const { promise } = this.#wake;
    const timer = Promise.withResolvers<void>();
    const handle = setTimeout(timer.resolve, LOOK_AGAIN_MS);
    await Promise.race([promise, timer.promise]);
    clearTimeout(handle);
  }
}
