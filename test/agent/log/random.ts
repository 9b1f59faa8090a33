// A seeded stream of numbers, so that a failing case can be run again: SPILLWAY_SEED=<the seed it printed>.

export type Random = () => number;

/** Mulberry32. Uniform in [0, 1). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

/** The seed of this run: from the environment, or a new one. */
export function seedOfRun(): number {
  const given = process.env['SPILLWAY_SEED'];
  return given === undefined ? Math.floor(Math.random() * 0x7fff_ffff) : Number(given);
}
