// How much the log may still grow. The cap covers the whole directory, the reserve the free space of the filesystem;
// at either, appends wait here. What every destination has is kept only as long as it is in nobody's way: retention
// deletes it, oldest first, beyond keepBytes and keepAge, and earlier where an append needs the room.

import { cursorBytes } from './cursor.ts';
import type { Disk } from './disk.ts';
import { Quarantine, type QuarantineLimits } from './quarantine.ts';
import type { Segment } from './segment.ts';
import type { SegmentStore } from './store.ts';

export interface SpaceLimits extends QuarantineLimits {
  readonly reserveBytes: number;
  readonly keepBytes: number;
  readonly keepAgeMs: number;
}

/** Room that a commit may take besides its data: journal records, a checkpoint, preallocation, cursors' directory. */
const MARGIN_BYTES = 256 * 1024;
const LOOK_AGAIN_MS = 1000;
/** How often it is looked whether someone has tidied up beside the segments. */
const COUNT_EVERY_MS = 60_000;

export class Space {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #limits: SpaceLimits;
  readonly #store: SegmentStore;
  readonly #now: () => number;
  readonly quarantine: Quarantine;
  cursorBytes = 0;
  bytesMax = 0;
  /** Why appends wait, or null. */
  waitingFor: string | null = null;
  /** What was asked for last by one who does not wait, and found no room. */
  #turnedAwayBytes = 0;
  #isWanted: (segment: Segment) => boolean = () => false;
  readonly #onFull = new Set<() => void>();
  #wake: PromiseWithResolvers<void> = Promise.withResolvers();
  #retaining: Promise<void> | null = null;
  #countedMs = 0;
  #closed = false;
  /** What an append was let in with and has not written yet. */
  #granted = 0;

  constructor(
    store: SegmentStore,
    { disk, dir, limits, now }: { disk: Disk; dir: string; limits: SpaceLimits; now: () => number },
  ) {
    this.#store = store;
    this.#disk = disk;
    this.#dir = dir;
    this.#limits = limits;
    this.#now = now;
    this.quarantine = new Quarantine(disk, dir, limits, (bytes) => this.fits(bytes + this.#granted));
  }

  /** Whether any destination wants a byte of a segment, by its durable cursor. */
  setWanted(isWanted: (segment: Segment) => boolean): void {
    this.#isWanted = isWanted;
  }

  /** Calls back whenever an append finds no room, until the function it returns is called. */
  onFull(listener: () => void): () => void {
    this.#onFull.add(listener);
    return () => this.#onFull.delete(listener);
  }

  get bytes(): number {
    return this.#store.bytes + this.cursorBytes + this.quarantine.bytes;
  }

  /** Looks how much lies beside the segments: cursors, also of destinations that are no more, and what is set aside. */
  async count(): Promise<void> {
    this.#countedMs = this.#now();
    this.cursorBytes = await cursorBytes(this.#disk, this.#dir);
    await this.quarantine.count();
  }

  /** Resolves once `bytes` more fit, at once where they do; and when nobody wants them any more. */
  async wait(bytes: number, isMoot: () => boolean = () => false): Promise<void> {
    for (;;) {
      const obstacle = isMoot() ? null : await this.#obstacle(bytes);
      this.waitingFor = obstacle;
      if (obstacle === null) this.#granted = bytes;
      if (obstacle === null || this.#closed) return;
      for (const listener of this.#onFull) listener();
      await this.#pause();
    }
  }

  /** Why one who does not wait was turned away, for as long as that is so; else null. */
  get turnedAwayFor(): string | null {
    if (this.#turnedAwayBytes > 0 && this.#couldFit(this.#turnedAwayBytes)) this.#turnedAwayBytes = 0;
    return this.#turnedAwayBytes === 0 ? null : this.#capText();
  }

  /**
   * For who can keep what it has and ask again: whether an append of so many bytes would not wait for the cap. Where it
   * would, those who can give way are asked to.
   */
  admits(bytes: number): boolean {
    if (this.waitingFor !== null) return false;
    if (this.#couldFit(bytes)) {
      this.#turnedAwayBytes = 0;
      return true;
    }
    this.#turnedAwayBytes = bytes;
    for (const listener of this.#onFull) listener();
    return false;
  }

  /** What was let in last is written, or never will be. */
  landed(): void {
    this.#granted = 0;
  }

  /** Whether so many bytes more stay under the cap. */
  fits(bytes: number): boolean {
    return this.bytes + bytes + MARGIN_BYTES <= this.#limits.capBytes;
  }

  async #obstacle(bytes: number): Promise<string | null> {
    const { reserveBytes } = this.#limits;
    const fits = () => this.fits(bytes);
    if (!fits()) await this.#reclaim(fits);
    if (!fits()) return this.#capText();
    if (reserveBytes > 0 && !(await this.#leavesReserve(bytes))) {
      return `its filesystem has less than reserveBytes (${reserveBytes}) left${this.#quarantineText()}`;
    }
    this.bytesMax = Math.max(this.bytesMax, this.bytes + bytes);
    return null;
  }

  /** Whether so many bytes fit once all has given way that an append takes the room of. */
  #couldFit(bytes: number): boolean {
    if (this.fits(bytes)) return true;
    const kept = this.#unwanted().reduce((sum, segment) => sum + segment.bytes, 0);
    return this.fits(bytes - kept - this.quarantine.givesBytes);
  }

  #capText(): string {
    return `its cap of ${this.#limits.capBytes} bytes is reached${this.#quarantineText()}`;
  }

  /** So that nobody looks for it among the events. */
  #quarantineText(): string {
    const { bytes } = this.quarantine;
    return bytes === 0 ? '' : ` (quarantine/ holds ${bytes} bytes: what is in it may be deleted)`;
  }

  #freeSeen = { atMs: 0, bytes: 0 };
  /** What was let in since the last look is taken off: a second of writing may be more than the reserve. */
  async #leavesReserve(bytes: number): Promise<boolean> {
    const enough = () => this.#freeSeen.bytes >= this.#limits.reserveBytes + bytes;
    if (this.#now() - this.#freeSeen.atMs >= LOOK_AGAIN_MS || !enough()) await this.#look();
    if (!enough()) await this.#giveWayOnDisk(this.#limits.reserveBytes + bytes);
    for (const segment of enough() ? [] : this.#unwanted()) {
      await this.#store.remove(segment);
      await this.#look();
      if (enough()) break;
    }
    if (!enough()) return false;
    this.#freeSeen.bytes -= bytes;
    return true;
  }

  async #giveWayOnDisk(freeBytes: number): Promise<void> {
    const before = this.quarantine.bytes;
    if (before === 0) return;
    await this.quarantine.giveWay(() => this.#freeSeen.bytes + before - this.quarantine.bytes >= freeBytes);
    await this.#look();
  }

  async #look(): Promise<void> {
    this.#freeSeen = { atMs: this.#now(), bytes: await this.#disk.freeBytes(this.#dir) };
  }

  /** Deletes what nobody wants beyond keepBytes and keepAge. Called after commits and when cursors have moved. */
  retain(): Promise<void> {
    this.#retaining ??= this.#tidy().finally(() => {
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

  /** Resolves when nothing is being deleted. */
  async settled(): Promise<void> {
    // what it could not delete is deleted after the next start
    await this.#retaining?.catch(() => undefined);
  }

  async #tidy(): Promise<void> {
    await this.#expire();
    if (this.#now() - this.#countedMs >= COUNT_EVERY_MS) await this.count();
  }

  async #expire(): Promise<void> {
    const { keepBytes, keepAgeMs } = this.#limits;
    const tooOld = this.#now() - keepAgeMs;
    const kept = this.#unwanted();
    let keptBytes = kept.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const segment of kept) {
      keptBytes -= segment.bytes;
      if (keptBytes < keepBytes && segment.lastMs >= tooOld) return;
      await this.#store.remove(segment);
    }
  }

  /** Deletes what is set aside, then unwanted segments, for an append that does not fit, whatever keepBytes says. */
  async #reclaim(fits: () => boolean): Promise<void> {
    // what it could not delete it tries again: nothing that an append must fail for
    await this.#retaining?.catch(() => undefined);
    await this.quarantine.giveWay(fits);
    for (const segment of this.#unwanted()) {
      if (fits()) return;
      await this.#store.remove(segment);
    }
  }

  /** Sealed segments that nobody wants a byte of, oldest first. */
  #unwanted(): Segment[] {
    const { segments, active } = this.#store;
    return segments.filter((segment) => segment !== active.segment && !this.#isWanted(segment));
  }

  async #pause(): Promise<void> {
    const { promise } = this.#wake;
    const timer = Promise.withResolvers<void>();
    const handle = setTimeout(timer.resolve, LOOK_AGAIN_MS);
    await Promise.race([promise, timer.promise]);
    clearTimeout(handle);
  }
}
