// Waiting for something that can be observed, with a deadline that says what was there instead.

import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves with the first value that is neither false, null nor undefined. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  { withinMs = 10_000, show }: { withinMs?: number; show?: () => unknown } = {},
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) {
      return seen as Exclude<T, false | null | undefined>;
    }
    if (performance.now() > deadline) {
      const instead = show === undefined ? '' : `; there was ${String(show()).slice(0, 2_000)}`;
      throw new Error(`${what}: not within ${withinMs} ms${instead}`);
    }
    await sleep(5);
  }
}
