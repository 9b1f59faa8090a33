// Four characters as one 32-bit number, so that a field of digits is patched with one store for every four
// digits instead of four. Stores are little-endian on every machine: the first character is the lowest byte.

export function packed(text: string): number {
  return (
    text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24)
  );
}

/** `0000` to `9999`. */
export const FOUR_DIGITS = Int32Array.from({ length: 10_000 }, (_, n) => packed(String(n).padStart(4, '0')));

/** `000` to `999`, each followed by the character `suffix`. */
export function threeDigits(suffix: string): Int32Array {
  return Int32Array.from({ length: 1000 }, (_, n) => packed(String(n).padStart(3, '0') + suffix));
}

/** 1024 values from `0.00` to `9.99`, evenly spread: indexed by ten bits of a hash. */
export const SPREAD_VALUES = Int32Array.from({ length: 1024 }, (_, n) =>
  packed((Math.floor((n * 1000) / 1024) / 100).toFixed(2)),
);
