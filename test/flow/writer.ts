// Writes events the way a program does that rolls its files: in pieces that end anywhere, one file after the other.
// It remembers every byte, so that what arrives is compared and not counted.

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export class Writer {
  readonly #dir: string;
  readonly #random: () => number;
  readonly #rollBytes: number;
  readonly #pieces: Buffer[] = [];
  #sequence = 0;
  #file: FileHandle | null = null;
  #fileBytes = 0;
  #files = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(dir: string, random: () => number, rollBytes = 256 * 1024) {
    this.#dir = dir;
    this.#random = random;
    this.#rollBytes = rollBytes;
  }

  /** Every whole event so far. */
  get written(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  get events(): number {
    return this.#sequence;
  }

  /** Writes some events; a part of the last one may wait for the next call. */
  async some(events: number): Promise<void> {
    let text = '';
    for (let index = 0; index < events; index++) {
      const host = Math.floor(this.#random() * 100);
      const fill = 'x'.repeat(Math.floor(this.#random() * 80));
      text += `cpu,host=h${host},fill=${fill} usage=${this.#random()} ${this.#sequence++}\n`;
    }
    const bytes = Buffer.from(text);
    this.#pieces.push(bytes);
    const whole = Buffer.concat([this.#rest, bytes]);
    const cut = this.#random() < 0.5 ? whole.length : Math.floor(this.#random() * whole.length);
    this.#rest = whole.subarray(cut);
    await this.#write(whole.subarray(0, cut));
    if (this.#rest.length === 0 && this.#fileBytes >= this.#rollBytes) await this.#roll();
  }

  /** Writes at about this rate until told to stop; everything is whole then. */
  async atRate(eventsPerSecond: number, signal: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const before = this.#sequence;
    while (!signal.aborted) {
      const due = ((performance.now() - startedAt) / 1000) * eventsPerSecond - (this.#sequence - before);
      if (due >= 1) await this.some(Math.ceil(due));
      await sleep(5);
    }
    await this.finish();
  }

  /** Writes what waits, and closes the file: what comes next goes into a new one. */
  async finish(): Promise<void> {
    if (this.#rest.length > 0) await this.#write(this.#rest);
    this.#rest = Buffer.alloc(0);
    await this.#file?.close();
    this.#file = null;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#file === null) await this.#roll();
    await this.#file?.write(bytes);
    this.#fileBytes += bytes.length;
  }

  async #roll(): Promise<void> {
    await this.#file?.close();
    const name = `events-${String(this.#files++).padStart(6, '0')}.log`;
    this.#file = await open(join(this.#dir, name), 'a');
    this.#fileBytes = 0;
  }
}
