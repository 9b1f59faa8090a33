// Counts lines by content, for replayed lines, which carry no identity. A line is known by 53 bits of its hash;
// the table is open-addressed and flat, because a replayed file may have tens of millions of different lines.

const SLOTS_MIN = 1 << 16;
/** Numbers up to this are exact in a double; zero marks an empty slot. */
const HASH_HIGH = 2 ** 21;

/** 53 bits of bytes start..end-1: two FNV-1a hashes with different offsets. Never 0. */
export function hashLine(data: Buffer, start: number, end: number): number {
  let low = 0x811c9dc5;
  let high = 0x050c5d1f ^ (end - start);
  for (let i = start; i < end; i++) {
    const byte = data[i] ?? 0;
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b) ^ (high >>> 13);
  }
  return (low >>> 0) * HASH_HIGH + (high >>> 11) || 1;
}

export class LineCounts {
  /** By slot: how often the line was sent, how often found, its bytes and its first line number. */
  readonly sent: Float64Array;
  readonly found: Float64Array;
  readonly bytes: Float64Array;
  readonly first: Float64Array;
  readonly #hashes: Float64Array;

  /** Has room for so many different lines; slots never move. */
  constructor(lines: number) {
    const slots = Math.max(SLOTS_MIN, 2 ** Math.ceil(Math.log2(lines * 2 + 1)));
    this.#hashes = new Float64Array(slots);
    this.sent = new Float64Array(slots);
    this.found = new Float64Array(slots);
    this.bytes = new Float64Array(slots);
    this.first = new Float64Array(slots);
  }

  /** The slot of a hash, or -1. */
  find(hash: number): number {
    const slot = this.#probe(hash);
    return this.#hashes[slot] === hash ? slot : -1;
  }

  /** The slot of a hash, taken for it if it is new. */
  put(hash: number, bytes: number, line: number): number {
    const slot = this.#probe(hash);
    if (this.#hashes[slot] !== hash) {
      this.#hashes[slot] = hash;
      this.bytes[slot] = bytes;
      this.first[slot] = line;
    }
    return slot;
  }

  #probe(hash: number): number {
    const mask = this.#hashes.length - 1;
    let slot = Math.floor(hash / HASH_HIGH) & mask;
    while (this.#hashes[slot] !== 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }
}
