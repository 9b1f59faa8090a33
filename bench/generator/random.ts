// A seeded source of randomness: the same seed gives the same numbers on every machine and every Node, which
// Math.random does not promise. Algorithm: mulberry32 (Tommy Ettinger, public domain).

/** Returns a function that yields the next number in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
