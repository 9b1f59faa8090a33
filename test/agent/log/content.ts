// The bytes of one file of a model disk: what a reader sees, what would survive a power loss, and the writes between.

import type { Random } from './random.ts';

const SECTOR_BYTES = 512;

type Change =
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number };

/** Bytes that grow in place. */
class Growing {
  #room: Buffer;
  #size: number;

  constructor(bytes: Buffer) {
    this.#room = Buffer.from(bytes);
    this.#size = bytes.length;
  }

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#size);
  }

  write(at: number, piece: Buffer): void {
    const end = at + piece.length;
    if (end > this.#room.length) {
      const grown = Buffer.alloc(2 * end);
      this.bytes.copy(grown);
      this.#room = grown;
    }
    piece.copy(this.#room, at);
    this.#size = Math.max(this.#size, end);
  }

  truncate(size: number): void {
    if (size > this.#size) this.write(size - 1, Buffer.alloc(1));
    else this.#room.fill(0, size, this.#size);
    this.#size = size;
  }
}

export class Content {
  readonly #live: Growing;
  readonly #durable: Growing;
  #unsynced: Change[] = [];

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#live = new Growing(bytes);
    this.#durable = new Growing(bytes);
  }

  get live(): Buffer {
    return this.#live.bytes;
  }

  write(at: number, bytes: Buffer): void {
    if (bytes.length === 0) return;
    const copy = Buffer.from(bytes);
    this.#live.write(at, copy);
    this.#unsynced.push({ kind: 'write', at, bytes: copy });
  }

  truncate(size: number): void {
    this.#live.truncate(size);
    this.#unsynced.push({ kind: 'truncate', size });
  }

  sync(): void {
    for (const change of this.#unsynced) {
      if (change.kind === 'write') this.#durable.write(change.at, change.bytes);
      else this.#durable.truncate(change.size);
    }
    this.#unsynced = [];
  }

  /** Linux after a failed sync: some of it is down, the pages count as clean, no later sync writes the rest. */
  failSync(random: Random): void {
    this.#keep(() => random() < 0.5);
  }

  /** The file after a power loss that kept any part of what was not synced. */
  afterPowerLoss(random: Random): Content {
    const share = random();
    this.#keep(() => random() < share);
    return new Content(this.#durable.bytes);
  }

  #keep(keeps: () => boolean): void {
    for (const change of this.#unsynced) {
      if (change.kind === 'truncate') {
        if (keeps()) this.#durable.truncate(change.size);
        continue;
      }
      for (const [at, piece] of sectorsOf(change.at, change.bytes)) {
        if (keeps()) this.#durable.write(at, piece);
      }
    }
    this.#unsynced = [];
  }
}

function* sectorsOf(at: number, bytes: Buffer): Generator<[number, Buffer]> {
  for (let done = 0; done < bytes.length; ) {
    const take = Math.min(bytes.length - done, SECTOR_BYTES - ((at + done) % SECTOR_BYTES));
    yield [at + done, bytes.subarray(done, done + take)];
    done += take;
  }
}
