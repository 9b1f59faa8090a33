// Decides whether a line that is no intact event is a piece of one (torn) or has nothing to do with the run
// (foreign). Torn is anything that names a runner of the manifests, begins or ends as their events do, or is a
// piece of an event that is due at this place. A whole identity of somebody else makes a line foreign.

import { FORMATS } from '../generator/format.ts';
import type { Format } from '../generator/spec.ts';
import type { Expectation } from './expectation.ts';

const HEAD = 16;
/** Heads repeat after a short while: hosts and measurements are few. */
const HEADS_READ_MAX = 100_000;

/** How the events of a format end: after the sequence's digits, or after the time's. */
const TAILS: Readonly<Record<Format, RegExp>> = {
  influx: /\di \d{19}$/,
  graphite: /\d \d{10}\.\d{3}$/,
  json: /\d{13},"v":[\d.eE+-]+\}$/,
};

export interface Identity {
  readonly expectation: Expectation | null;
  readonly sequence: number;
}

export class Fragments {
  readonly #expectations: readonly Expectation[];
  readonly #formats: readonly Format[];
  readonly #byOrigin: ReadonlyMap<string, Expectation>;
  readonly #marks: readonly string[];
  readonly #heads = new Set<string>();
  #lastTorn: { expectation: Expectation; sequence: number } | null = null;

  constructor(expectations: readonly Expectation[]) {
    this.#expectations = expectations;
    const formats = expectations.map(({ format }) => format).filter((format) => format !== null);
    this.#formats = [...new Set(formats)];
    this.#byOrigin = new Map(expectations.map((one) => [originKey(one.runner, one.epoch), one]));
    this.#marks = expectations.map(originMark);
    for (const expectation of expectations) this.#collectHeads(expectation);
  }

  /** Runner, epoch and sequence named in the line; null if it names none. */
  identify(line: string): Identity | null {
    for (const format of this.#formats) {
      const found = FORMATS[format].identity.exec(line);
      if (!found) continue;
      const expectation = this.#byOrigin.get(originKey(Number(found[1]), Number(found[2]))) ?? null;
      return { expectation, sequence: Number(found[3]) };
    }
    return null;
  }

  /** `line` has no newline and is not an intact event. */
  isTorn(line: string, identity: Identity | null): boolean {
    if (identity) {
      const { expectation, sequence } = identity;
      if (!expectation || sequence >= expectation.limit) return false;
      this.#lastTorn = { expectation, sequence };
      return true;
    }
    if (line === '') return false;
    if (this.#marks.some((mark) => line.includes(mark))) return true;
    if (line.length >= HEAD && this.#heads.has(line.slice(0, HEAD))) return true;
    if (this.#formats.some((format) => TAILS[format].test(line))) return true;
    return this.#isPieceOfNearby(line);
  }

  #isPieceOfNearby(line: string): boolean {
    const near = this.#expectations.flatMap((expectation) =>
      [-1, 0, 1].map((step) => ({ expectation, sequence: expectation.next + step })),
    );
    if (this.#lastTorn) near.push(this.#lastTorn);
    return near.some(({ expectation, sequence }) => {
      if (sequence < 0 || sequence >= expectation.limit) return false;
      const event = expectation.text(sequence);
      return event.startsWith(line) || event.endsWith(line);
    });
  }

  #collectHeads({ payload, expected }: Expectation): void {
    const lines = Math.min(expected, HEADS_READ_MAX);
    for (let n = 0; n < lines; ) {
      const { buffer, start, end, events } = payload.slice(n, lines - n);
      for (const line of buffer.toString('latin1', start, end).split('\n')) {
        if (line.length >= HEAD) this.#heads.add(line.slice(0, HEAD));
      }
      n += events;
    }
  }
}

const originKey = (runner: number, epoch: number): string => `${runner}.${epoch}`;

/** How an event of the expectation names its runner and epoch. */
function originMark({ runner, epoch, format }: Expectation): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  switch (format) {
    case 'influx':
      return `,runner=${two(runner)},epoch=${two(epoch)} `;
    case 'graphite':
      return `;runner=${two(runner)};epoch=${two(epoch)};`;
    case 'json':
      return `"run":"${runner}.${epoch}"`;
    case null:
      return '\n'; // replayed lines carry no mark, and no line contains a newline
  }
}
