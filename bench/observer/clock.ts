// The wall clock with a resolution far below a millisecond, ms since 1970.

export const wallClockMs = (): number => performance.timeOrigin + performance.now();
