// Replays the lines of files byte for byte, over and over: event n is line n modulo the number of lines. An index
// of every 64th line gives random access without keeping the files, or every line's offset, in memory.

import { type ByteCycle, openByteCycle } from './bytecycle.ts';
import { SpecError } from './errors.ts';
import type { InputFile } from './inputs.ts';
import type { Payload, Slice } from './payload.ts';

const INDEX_EVERY = 64;
const SLICE_BYTES_MAX = 1 << 20;
/** Bounds the buffers of everything that handles whole events. */
export const LINE_BYTES_MAX = 1 << 20;
const NEWLINE = 10;

export class RawPayload implements Payload {
  readonly identified = false;
  /** Lines of one cycle. */
  readonly lines: number;
  readonly #cycle: ByteCycle;
  readonly #index: readonly number[];
  #known = { event: 0, offset: 0 };

  static open(inputs: readonly InputFile[]): RawPayload {
    const cycle = openByteCycle(inputs);
    const { index, lines } = indexLines(cycle);
    return new RawPayload(cycle, index, lines);
  }

  private constructor(cycle: ByteCycle, index: readonly number[], lines: number) {
    this.#cycle = cycle;
    this.#index = index;
    this.lines = lines;
  }

  bytes(first: number, count: number): number {
    const start = this.#before(first);
    return this.#before(first + count) - start;
  }

  fitting(first: number, count: number, bytes: number): number {
    return Math.min(count, this.#endingBy(this.#before(first) + bytes) - first);
  }

  slice(first: number, count: number): Slice {
    const untilCycleEnd = this.lines - (first % this.lines);
    const limit = Math.min(count, untilCycleEnd);
    const events = Math.max(1, this.fitting(first, limit, SLICE_BYTES_MAX));
    const offset = this.#before(first);
    const length = this.#before(first + events) - offset;
    const { buffer, start } = this.#cycle.read(offset % this.#cycle.bytes, length);
    return { buffer, start, end: start + length, events };
  }

  close(): void {
    this.#cycle.close();
  }

  /** Bytes of all events before event n. */
  #before(n: number): number {
    if (this.#known.event === n) return this.#known.offset;
    const line = n % this.lines;
    const cycles = (n - line) / this.lines;
    const entry = Math.floor(line / INDEX_EVERY);
    const from = this.#index[entry] ?? this.#cycle.bytes;
    const { buffer, start } = this.#block(entry);
    let position = start;
    for (let i = entry * INDEX_EVERY; i < line; i++) position = buffer.indexOf(NEWLINE, position) + 1;
    const offset = cycles * this.#cycle.bytes + from + (position - start);
    this.#known = { event: n, offset };
    return offset;
  }

  /** How many events end at or before byte `offset` of the endless repetition. */
  #endingBy(offset: number): number {
    const inCycle = offset % this.#cycle.bytes;
    const cycles = (offset - inCycle) / this.#cycle.bytes;
    let low = 0;
    let high = this.#index.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#index[middle] ?? 0) <= inCycle) low = middle;
      else high = middle - 1;
    }
    const { buffer, start, end } = this.#block(low);
    const limit = start + inCycle - (this.#index[low] ?? 0);
    let line = low * INDEX_EVERY;
    let position = buffer.indexOf(NEWLINE, start) + 1;
    while (position > 0 && position <= limit && position <= end) {
      line++;
      position = buffer.indexOf(NEWLINE, position) + 1;
    }
    return cycles * this.lines + line;
  }

  #block(entry: number): { buffer: Buffer; start: number; end: number } {
    const from = this.#index[entry] ?? 0;
    const length = (this.#index[entry + 1] ?? this.#cycle.bytes) - from;
    const { buffer, start } = this.#cycle.read(from, length);
    return { buffer, start, end: start + length };
  }
}

/** Offsets of lines 0, 64, 128, ... of the cycle. */
function indexLines(cycle: ByteCycle): { index: readonly number[]; lines: number } {
  const index: number[] = [0];
  let lines = 0;
  let lineStart = 0;
  for (let from = 0; from < cycle.bytes; ) {
    const length = Math.min(SLICE_BYTES_MAX, cycle.bytes - from);
    const { buffer, start } = cycle.read(from, length);
    const end = start + length;
    let position = buffer.indexOf(NEWLINE, start);
    while (position >= 0 && position < end) {
      lines++;
      const next = from + position + 1 - start;
      if (next - lineStart > LINE_BYTES_MAX) throw tooLong(lines);
      lineStart = next;
      if (lines % INDEX_EVERY === 0 && next < cycle.bytes) index.push(next);
      position = buffer.indexOf(NEWLINE, position + 1);
    }
    from += length;
    if (from - lineStart > LINE_BYTES_MAX) throw tooLong(lines + 1);
  }
  return { index, lines };
}

const tooLong = (line: number): SpecError =>
  new SpecError(
    `line ${line} of the files to replay is longer than ${LINE_BYTES_MAX} bytes: is this a text file?`,
  );
