// The hash of an event's key: MurmurHash3 (x86, 32 bits) by Austin Appleby over a range of bytes, fast without native
// code and well spread in every bit. It decides which member has a key, so what it gives must never change.

/** The hash of the key of the line in bytes[from, to), 0 to 2^32 - 1, or NO_KEY. `to` is at the newline. */
export type KeyOf = (bytes: Uint8Array, from: number, to: number) => number;

/** The line has none: it is malformed, or lacks the field. */
export const NO_KEY = -1;

/** The hash of bytes[from, to), 0 to 2^32 - 1. */
export function hashOf(bytes: Uint8Array, from: number, to: number, seed = 0): number {
  let hash = seed;
  const blocksEnd = from + ((to - from) & ~3);
  let at = from;
  for (; at < blocksEnd; at += 4) {
    const block =
      byteAt(bytes, at) |
      (byteAt(bytes, at + 1) << 8) |
      (byteAt(bytes, at + 2) << 16) |
      (byteAt(bytes, at + 3) << 24);
    hash ^= scrambled(block);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let shift = 0; at < to; at++, shift += 8) tail |= byteAt(bytes, at) << shift;
  hash ^= scrambled(tail); // of nothing it is 0
  return finished(hash ^ (to - from));
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function scrambled(block: number): number {
  const k = Math.imul(block, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

function finished(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export function isText(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (to - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false;
  return true;
}
