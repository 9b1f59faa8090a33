// One source whose bytes follow from its name: event after event, of varying length, some of them to be quarantined.
// What the log says of it can therefore be checked against nothing but the name and a position.

import { crc32 } from 'node:zlib';

/** Every so many events one is not appended but counted as quarantined. */
const QUARANTINE_EVERY = 23;
const LENGTHS = [30, 200, 47, 700, 90, 33, 1500, 61];

export interface Piece {
  readonly outcome: 'appended' | 'quarantined';
  readonly from: number;
  readonly end: number;
  readonly events: number;
  readonly bytes: Buffer;
}

interface Event {
  readonly at: number;
  readonly line: Buffer;
  readonly quarantined: boolean;
}

export class Feed {
  readonly name: string;
  readonly eventsMax: number;
  readonly #events: Event[] = [];
  readonly #index = new Map<number, number>();

  constructor(name: string, eventsMax: number) {
    this.name = name;
    this.eventsMax = eventsMax;
    let at = 0;
    for (let number = 0; number < eventsMax; number++) {
      const length = LENGTHS[crc32(`${name} ${number}`) % LENGTHS.length] ?? 30;
      const line = Buffer.from(`${`${name} ${number} `.padEnd(length - 1, 'x')}\n`);
      this.#events.push({ at, line, quarantined: number % QUARANTINE_EVERY === QUARANTINE_EVERY - 1 });
      this.#index.set(at, number);
      at += line.length;
    }
    this.#index.set(at, eventsMax);
  }

  get end(): number {
    const last = this.#events.at(-1);
    return last === undefined ? 0 : last.at + last.line.length;
  }

  /** What a source hands on next from a position: some whole events, or one that it sets aside. Null at the end. */
  next(from: number, eventsMax: number): Piece | null {
    const first = this.#number(from);
    const event = this.#events[first];
    if (event === undefined) return null;
    if (event.quarantined) return pieceOf([event], 'quarantined');
    const taken: Event[] = [];
    for (const next of this.#events.slice(first, first + eventsMax)) {
      if (next.quarantined) break;
      taken.push(next);
    }
    return pieceOf(taken, 'appended');
  }

  /** The bytes of [from, to), which must begin and end between events. */
  bytes(from: number, to: number): Buffer {
    return Buffer.concat(this.#between(from, to).map(({ line }) => line));
  }

  /** What a source at `position` has appended and quarantined. */
  counts(position: number) {
    const counts = { appended: { events: 0, bytes: 0 }, quarantined: { events: 0, bytes: 0 } };
    for (const { line, quarantined } of this.#between(0, position)) {
      const outcome = quarantined ? counts.quarantined : counts.appended;
      outcome.events++;
      outcome.bytes += line.length;
    }
    return counts;
  }

  /** Where the next appended event begins, from a position on. */
  afterQuarantined(position: number): number {
    let at = position;
    for (let piece = this.next(at, 1); piece?.outcome === 'quarantined'; piece = this.next(at, 1))
      at = piece.end;
    return at;
  }

  #between(from: number, to: number): Event[] {
    return this.#events.slice(this.#number(from), this.#number(to));
  }

  #number(at: number): number {
    const number = this.#index.get(at);
    if (number === undefined) throw new Error(`no event of ${this.name} begins at ${at}`);
    return number;
  }
}

function pieceOf(events: readonly Event[], outcome: Piece['outcome']): Piece {
  const bytes = Buffer.concat(events.map(({ line }) => line));
  const from = events[0]?.at ?? 0;
  return { outcome, from, end: from + bytes.length, events: events.length, bytes };
}
