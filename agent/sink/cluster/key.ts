// From a buffer of events to the slot of each: where a line's key stands is the format's (key-influx.ts and the like),
// the slot is the top of its hash. No string and no object per event.

import { NEWLINE } from '../../bytes.ts';
import type { KeyConfig } from '../../config/cluster.ts';
import { graphitePath, graphiteTag } from './key-graphite.ts';
import { type KeyOf, NO_KEY } from './key-hash.ts';
import { influxField, influxSeries } from './key-influx.ts';
import { jsonMember, jsonSeries } from './key-json.ts';

/** Of an event without a key. */
export const KEYLESS_SLOT = 0;

/** Of the events in one buffer, in their order. The arrays are longer than `events`, and are used again. */
export interface EventSlots {
  readonly events: number;
  readonly slots: Uint8Array;
  /** Where each event ends, behind its newline. */
  readonly ends: Uint32Array;
}

export class KeyReader {
  readonly #keyOf: KeyOf;
  #slots = new Uint8Array(1024);
  #ends = new Uint32Array(1024);

  constructor(config: KeyConfig) {
    this.#keyOf = keyOf(config);
  }

  /** @param events whole ones, each with its newline; what this returns is good until the next call. */
  read(events: Uint8Array): EventSlots {
    let count = 0;
    let from = 0;
    for (let at = 0; at < events.length; at++) {
      if (events[at] !== NEWLINE) continue;
      if (count === this.#slots.length) this.#grow();
      this.#slots[count] = slotOf(this.#keyOf(events, from, at));
      from = at + 1;
      this.#ends[count++] = from;
    }
    return { events: count, slots: this.#slots, ends: this.#ends };
  }

  /** Up to as many as the largest batch has events. */
  #grow(): void {
    const slots = new Uint8Array(this.#slots.length * 2);
    const ends = new Uint32Array(this.#ends.length * 2);
    slots.set(this.#slots);
    ends.set(this.#ends);
    this.#slots = slots;
    this.#ends = ends;
  }
}

function slotOf(hash: number): number {
  return hash === NO_KEY ? KEYLESS_SLOT : hash >>> 24;
}

function keyOf({ format, field }: KeyConfig): KeyOf {
  const name = field === undefined ? null : Buffer.from(field);
  switch (format) {
    case 'influx':
      return name === null ? influxSeries : influxField(name);
    case 'graphite':
      return name === null ? graphitePath : graphiteTag(name);
    case 'json':
      return name === null ? jsonSeries() : jsonMember(name);
    default:
      return format satisfies never;
  }
}
