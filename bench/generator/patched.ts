// Events that carry their identity: a cycle of template lines into which sequence, intended time and the last
// digits of a value are patched. The lines have their places in one buffer for good and are patched there, with
// eight stores a line, which is why tens of millions of events a second are possible on one core.

import { FOUR_DIGITS, SPREAD_VALUES, threeDigits } from './digits.ts';
import { type DueTimes, dueMs } from './due.ts';
import { SLOT } from './format.ts';
import type { Payload, Slice } from './payload.ts';

const NO_SLOT = 0xffffffff;

export class PatchedPayload implements Payload {
  readonly identified = true;
  readonly #due: DueTimes;
  readonly #salt: number;
  readonly #millis: Int32Array;
  readonly #buffer: Buffer;
  readonly #view: DataView;
  /** Where line i begins; one more entry for the end. */
  readonly #starts: Uint32Array;
  readonly #sequenceAt: Uint32Array;
  readonly #secondsAt: Uint32Array;
  readonly #millisAt: Uint32Array;
  readonly #valueAt: Uint32Array;

  constructor(templates: readonly string[], afterMillis: string, seed: number, due: DueTimes) {
    this.#due = due;
    this.#salt = Math.imul(seed + 1, 0x85ebca6b);
    this.#millis = threeDigits(afterMillis);
    this.#buffer = Buffer.from(templates.join(''), 'latin1');
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
    this.#starts = new Uint32Array(templates.length + 1);
    for (let i = 0; i < templates.length; i++) {
      this.#starts[i + 1] = (this.#starts[i] ?? 0) + (templates[i]?.length ?? 0);
    }
    const place = (slot: string): Uint32Array =>
      Uint32Array.from(templates, (line, i) => {
        const at = line.indexOf(slot);
        return at < 0 ? NO_SLOT : (this.#starts[i] ?? 0) + at;
      });
    this.#sequenceAt = place(SLOT.sequence);
    this.#secondsAt = place(SLOT.seconds);
    this.#millisAt = place(SLOT.millis);
    this.#valueAt = place(SLOT.value);
  }

  bytes(first: number, count: number): number {
    return this.#before(first + count) - this.#before(first);
  }

  fitting(first: number, count: number, bytes: number): number {
    const limit = this.#before(first) + bytes;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = high - Math.floor((high - low) / 2);
      if (this.#before(first + middle) <= limit) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  slice(first: number, count: number): Slice {
    const line = first % this.#sequenceAt.length;
    const events = Math.min(count, this.#sequenceAt.length - line);
    this.#patch(line, first, events);
    return {
      buffer: this.#buffer,
      start: this.#starts[line] ?? 0,
      end: this.#starts[line + events] ?? 0,
      events,
    };
  }

  close(): void {}

  /** Bytes of all events before event n. */
  #before(n: number): number {
    const line = n % this.#sequenceAt.length;
    const cycles = (n - line) / this.#sequenceAt.length;
    return cycles * this.#buffer.length + (this.#starts[line] ?? 0);
  }

  #patch(line: number, first: number, count: number): void {
    const view = this.#view;
    let low = first % 10_000;
    let top = 0;
    let middle = 0;
    let second = -1;
    let digits = EMPTY_SECOND;
    for (let i = 0; i < count; i++) {
      const n = first + i;
      if (i === 0 || low === 10_000) {
        low = n % 10_000;
        const high = (n - low) / 10_000;
        middle = FOUR_DIGITS[high % 10_000] ?? 0;
        top = FOUR_DIGITS[Math.floor(high / 10_000)] ?? 0;
      }
      const ms = dueMs(this.#due, n);
      if (ms - second >= 1000) {
        second = ms - (ms % 1000);
        digits = secondDigits(second / 1000);
      }
      const sequenceAt = this.#sequenceAt[line + i] ?? 0;
      view.setInt32(sequenceAt, top, true);
      view.setInt32(sequenceAt + 4, middle, true);
      view.setInt32(sequenceAt + 8, FOUR_DIGITS[low++] ?? 0, true);
      const secondsAt = this.#secondsAt[line + i] ?? 0;
      view.setInt32(secondsAt, digits.high, true);
      view.setInt32(secondsAt + 4, digits.middle, true);
      view.setInt32(secondsAt + 6, digits.low, true);
      view.setInt32(this.#millisAt[line + i] ?? 0, this.#millis[ms - second] ?? 0, true);
      const valueAt = this.#valueAt[line + i] ?? NO_SLOT;
      if (valueAt !== NO_SLOT) {
        const spread = Math.imul(n ^ this.#salt, 0x9e3779b1) >>> 22;
        view.setInt32(valueAt, SPREAD_VALUES[spread] ?? 0, true);
      }
    }
  }
}

interface SecondDigits {
  readonly high: number;
  readonly middle: number;
  /** Digits 6 to 9: overlaps `middle` by two. */
  readonly low: number;
}
const EMPTY_SECOND: SecondDigits = { high: 0, middle: 0, low: 0 };

/** The ten digits of a time in whole seconds (valid until the year 2286), as three stores at 0, 4 and 6. */
function secondDigits(seconds: number): SecondDigits {
  return {
    high: FOUR_DIGITS[Math.floor(seconds / 1_000_000)] ?? 0,
    middle: FOUR_DIGITS[Math.floor(seconds / 100) % 10_000] ?? 0,
    low: FOUR_DIGITS[seconds % 10_000] ?? 0,
  };
}
