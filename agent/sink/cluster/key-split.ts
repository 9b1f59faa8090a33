// Events to their members by slot: the bytes of a range, read once, go into one buffer for each. No string and no object
// per event, and events that lie side by side and go the same way are copied at once.

import type { Counts } from '../../log/sources.ts';
import type { Slabs } from '../../wire/slabs.ts';
import type { KeyReader } from './key.ts';
import { SLOTS } from './key-slots.ts';
import { hasSlot, type SlotSet } from './slot-set.ts';

/** Of a slot that nobody wants. */
const NOBODY = 255;

export interface SplitPart {
  /** In a buffer of the slabs; empty where there is nothing. */
  readonly body: Buffer;
  readonly events: number;
  /** What of it comes from the bytes before `done`. */
  readonly skipped: Counts;
}

const EMPTY = Buffer.alloc(0);

/** @param sets disjoint, at most 255 @param done where in `events`, at the end of one, what is skipped ends */
export function splitBySlots(
  events: Buffer,
  sets: readonly SlotSet[],
  { reader, slabs, done = 0 }: { reader: KeyReader; slabs: Slabs; done?: number },
): readonly SplitPart[] {
  const targets = targetsOf(sets);
  const found = reader.read(events);
  const bytes = new Float64Array(NOBODY + 1);
  const counts = new Float64Array(NOBODY + 1);
  const skippedBytes = new Float64Array(NOBODY + 1);
  const skippedEvents = new Float64Array(NOBODY + 1);
  let from = 0;
  for (let at = 0; at < found.events; at++) {
    const to = found.ends[at] ?? 0;
    const target = targets[found.slots[at] ?? 0] ?? NOBODY;
    bytes[target] = (bytes[target] ?? 0) + to - from;
    counts[target] = (counts[target] ?? 0) + 1;
    if (to <= done) {
      skippedBytes.set(bytes);
      skippedEvents.set(counts);
    }
    from = to;
  }
  const bodies = sets.map((_, target) => {
    const size = bytes[target] ?? 0;
    return size === 0 ? EMPTY : slabs.take(size);
  });
  const filled = new Float64Array(sets.length);
  const put = (target: number, start: number, end: number) => {
    const body = bodies[target];
    if (body === undefined) return;
    events.copy(body, filled[target] ?? 0, start, end);
    filled[target] = (filled[target] ?? 0) + end - start;
  };
  let start = 0;
  from = 0;
  let current = NOBODY;
  for (let at = 0; at < found.events; at++) {
    const target = targets[found.slots[at] ?? 0] ?? NOBODY;
    if (target !== current) {
      put(current, start, from);
      start = from;
      current = target;
    }
    from = found.ends[at] ?? 0;
  }
  put(current, start, from);
  return bodies.map((body, target) => ({
    body,
    events: counts[target] ?? 0,
    skipped: { bytes: skippedBytes[target] ?? 0, events: skippedEvents[target] ?? 0 },
  }));
}

function targetsOf(sets: readonly SlotSet[]): Uint8Array {
  const targets = new Uint8Array(SLOTS).fill(NOBODY);
  for (const [target, set] of sets.entries()) {
    for (let slot = 0; slot < SLOTS; slot++) if (hasSlot(set, slot)) targets[slot] = target;
  }
  return targets;
}
