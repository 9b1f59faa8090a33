// Bytes that the log and the wire both need: 64-bit integers as numbers, events in a buffer.
//
// Offsets are JavaScript numbers: exact up to 2^53 - 1, which is nine petabytes of one stream.

const TWO_32 = 0x1_0000_0000;
export const NEWLINE = 10;

export function putU64(buffer: Buffer, value: number, offset: number): void {
  buffer.writeUInt32LE(value % TWO_32, offset);
  buffer.writeUInt32LE(Math.floor(value / TWO_32), offset + 4);
}

/** @returns the number, or NaN where it is above 2^53 - 1 (which nothing of ours ever wrote). */
export function getU64(buffer: Buffer, offset: number): number {
  const value = buffer.readUInt32LE(offset + 4) * TWO_32 + buffer.readUInt32LE(offset);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** How many newlines there are in the buffer. */
export function countEvents(buffer: Buffer): number {
  let count = 0;
  for (let at = buffer.indexOf(NEWLINE); at !== -1; at = buffer.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

export interface EventScan {
  readonly events: number;
  /** Start of the first event longer than the limit (its newline counted in), or -1. */
  readonly tooLongAt: number;
}

/** Counts whole events, and stops before the first one that is longer than `eventBytesMax`. */
export function scanEvents(buffer: Buffer, eventBytesMax: number): EventScan {
  let events = 0;
  let start = 0;
  for (let at = buffer.indexOf(NEWLINE); at !== -1; at = buffer.indexOf(NEWLINE, start)) {
    if (at + 1 - start > eventBytesMax) return { events, tooLongAt: start };
    events++;
    start = at + 1;
  }
  return { events, tooLongAt: buffer.length - start > eventBytesMax ? start : -1 };
}
