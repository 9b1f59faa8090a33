// The clock that ages are measured by. It begins at the wall clock and then runs with the monotonic one, so that a
// clock that is set, or that jumps, makes nothing old or young while the agent runs; over a restart it does not go back
// behind what it said last.

export type Clock = () => number;

/** Milliseconds since 1970, rising. */
export function steadyClock(wall: Clock = Date.now, monotonic: Clock = () => performance.now()): Clock {
  const origin = wall() - monotonic();
  return () => Math.round(origin + monotonic());
}

/** The same clock, put forward if it is behind `timeMs`. */
export function notBefore(clock: Clock, timeMs: number): Clock {
  const shift = Math.max(0, timeMs - clock());
  return shift === 0 ? clock : () => clock() + shift;
}
