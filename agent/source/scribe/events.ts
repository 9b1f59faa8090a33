// The messages of one category in one call, as events: a newline is added where a message ends without one, a message
// with newlines inside is several events, an empty one is none, and an over-long one is set aside.
//
// The bytes are copied out of the frame into batches of at most batchBytesMax. Nothing of it has gone to the log yet:
// the call may turn out to be malformed at its last byte.

import { NEWLINE } from '../../bytes.ts';

export interface EventLimits {
  readonly eventBytesMax: number;
  readonly batchBytesMax: number;
}

export interface Batch {
  readonly bytes: Buffer;
  readonly events: number;
}

const FIRST_BYTES = 4 * 1024;

export class Events {
  readonly #limits: EventLimits;
  readonly #sealed: Batch[] = [];
  #buffer = Buffer.alloc(0);
  #length = 0;
  #events = 0;
  /** Over-long events, as they came. */
  readonly tooLong: Buffer[] = [];
  empty = 0;

  constructor(limits: EventLimits) {
    this.#limits = limits;
  }

  /** @param newlineAt where the first newline of the frame at or behind `from` is, or further */
  add(frame: Buffer, from: number, to: number, newlineAt: number): void {
    if (from === to) this.empty++;
    else if (newlineAt >= to - 1) this.#addOne(frame, from, to, newlineAt === to - 1);
    else this.#addLines(frame, from, to);
  }

  batches(): readonly Batch[] {
    this.#seal();
    return this.#sealed;
  }

  #addLines(frame: Buffer, from: number, to: number): void {
    const message = frame.subarray(from, to);
    for (let at = 0; at < message.length; ) {
      const newline = message.indexOf(NEWLINE, at);
      const end = newline === -1 ? message.length : newline + 1;
      this.#addOne(message, at, end, newline !== -1);
      at = end;
    }
  }

  #addOne(bytes: Buffer, from: number, to: number, hasNewline: boolean): void {
    const length = to - from + (hasNewline ? 0 : 1);
    const { eventBytesMax, batchBytesMax } = this.#limits;
    if (length > eventBytesMax) {
      this.tooLong.push(bytes.subarray(from, to));
      return;
    }
    if (this.#length + length > batchBytesMax) this.#seal();
    this.#room(length);
    bytes.copy(this.#buffer, this.#length, from, to);
    this.#length += length;
    if (!hasNewline) this.#buffer[this.#length - 1] = NEWLINE;
    this.#events++;
  }

  #room(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, FIRST_BYTES, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }

  #seal(): void {
    if (this.#events === 0) return;
    this.#sealed.push({ bytes: this.#buffer.subarray(0, this.#length), events: this.#events });
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    this.#events = 0;
  }
}
