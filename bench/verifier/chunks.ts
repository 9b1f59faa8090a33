// Reads an event file of any size in chunks of a few MiB and hands on whole lines only, as one run of bytes.

import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { VerifyError } from './errors.ts';

const CHUNK_BYTES = 4 << 20;
/** Of a line that is longer than a chunk so much is handed on, as evidence. */
const BROKEN_BYTES = 4096;
const NEWLINE = 10;

export interface LineSink {
  /** data[start..end) are whole lines, the first of which begins at `offset` of the file. */
  lines(data: Buffer, start: number, end: number, offset: number): void;
  /** Bytes that are no line: the file ends without a newline, or a line is longer than any event. */
  broken(data: Buffer, start: number, end: number, offset: number): void;
}

const buffer = (): Buffer => Buffer.allocUnsafe(CHUNK_BYTES);

export async function readLines(path: string, from: number, sink: LineSink): Promise<number> {
  const fd = openOrExplain(path);
  const data = buffer();
  let offset = from; // of data[0] in the file
  let filled = 0;
  let skipping = false;
  try {
    for (;;) {
      const read = readSync(fd, data, filled, CHUNK_BYTES - filled, offset + filled);
      if (read === 0) break;
      filled += read;
      const end = data.lastIndexOf(NEWLINE, filled - 1) + 1;
      let start = 0;
      if (skipping && end > 0) {
        start = data.indexOf(NEWLINE) + 1;
        skipping = false;
      }
      if (end > start) sink.lines(data, start, end, offset + start);
      if (end === 0 && filled === CHUNK_BYTES) {
        if (!skipping) sink.broken(data, 0, BROKEN_BYTES, offset);
        skipping = true;
        offset += filled;
        filled = 0;
      } else {
        data.copyWithin(0, end, filled);
        offset += end;
        filled -= end;
      }
      await nextTurn();
    }
    if (filled > 0 && !skipping) sink.broken(data, 0, Math.min(filled, BROKEN_BYTES), offset);
    return offset + filled;
  } finally {
    closeSync(fd);
  }
}

function openOrExplain(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new VerifyError(`cannot read event file: ${(cause as Error).message}`, { cause });
  }
}
