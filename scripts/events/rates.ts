// What arrived in a directory between two readings of it, and what left by its agent's own counters.

import type { Reading } from './census.ts';

export interface Arrivals {
  readonly eventsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Events per second by file identity. */
  readonly byFile: ReadonlyMap<string, number>;
}

export function arrivalsBetween(before: Reading, after: Reading): Arrivals {
  const seconds = Math.max(after.timeMs - before.timeMs, 1) / 1000;
  const known = new Map(before.files.map((file) => [file.identity, file]));
  let [events, bytes] = [0, 0];
  const byFile = new Map<string, number>();
  for (const file of after.files) {
    const was = known.get(file.identity);
    // A new file, or one that was cut and written again: all of it arrived.
    const base = was !== undefined && was.bytes <= file.bytes ? was : { events: 0, bytes: 0 };
    events += file.events - base.events;
    bytes += file.bytes - base.bytes;
    byFile.set(file.identity, (file.events - base.events) / seconds);
  }
  return { eventsPerSecond: events / seconds, bytesPerSecond: bytes / seconds, byFile };
}

/** Events acknowledged so far, by destination, at a moment. */
export interface Acknowledged {
  readonly timeMs: number;
  readonly byDestination: ReadonlyMap<string, number>;
}

/** Events per second by destination; a counter that fell belongs to a restarted agent and counts from nothing. */
export function departuresBetween(before: Acknowledged, after: Acknowledged): ReadonlyMap<string, number> {
  const seconds = Math.max(after.timeMs - before.timeMs, 1) / 1000;
  return new Map(
    [...after.byDestination].map(([name, events]) => {
      const was = before.byDestination.get(name) ?? events;
      return [name, (events >= was ? events - was : events) / seconds];
    }),
  );
}
