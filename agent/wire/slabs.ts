// Reused buffers for the bodies of batches. A body is in use from its first byte on the socket until it is committed;
// allocating hundreds of megabytes a second anew would keep the garbage collector busy with nothing else.

const CLASS_MIN = 4 * 1024;

export class Slabs {
  readonly #keepBytesMax: number;
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  /** @param keepBytesMax how much is kept for reuse; what is in use is bounded by the credit that was given. */
  constructor(keepBytesMax: number) {
    this.#keepBytesMax = keepBytesMax;
  }

  /** A buffer of exactly `bytes`, with anything in it. */
  take(bytes: number): Buffer {
    const size = classOf(bytes);
    const kept = this.#free.get(size)?.pop();
    if (kept === undefined) return Buffer.allocUnsafeSlow(size).subarray(0, bytes);
    this.#freeBytes -= size;
    return kept.subarray(0, bytes);
  }

  /** The buffer must not be used any more. */
  giveBack(buffer: Buffer): void {
    const size = buffer.buffer.byteLength;
    if (this.#freeBytes + size > this.#keepBytesMax) return;
    const whole = Buffer.from(buffer.buffer, 0, size);
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [whole]);
    else list.push(whole);
    this.#freeBytes += size;
  }
}

function classOf(bytes: number): number {
  let size = CLASS_MIN;
  while (size < bytes) size *= 2;
  return size;
}
