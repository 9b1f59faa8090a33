// The bytes of some files, one after the other, as one cycle that is read from any offset. Every file ends with a
// newline here: a last line without one gets one, because an event is a newline-terminated line. Everything else
// is exactly what the files hold, carriage returns and any other byte included.

import { closeSync, openSync, readSync } from 'node:fs';
import type { InputFile } from './inputs.ts';

export interface ByteCycle {
  readonly bytes: number;
  /** `length` bytes from `from` on, inside the cycle; valid until the next call. */
  read(from: number, length: number): { readonly buffer: Buffer; readonly start: number };
  close(): void;
}

const MEMORY_BYTES_MAX = 16 << 20;
/** Small files are laid out several times, so that slices stay long. */
const MEMORY_BYTES_MIN = 1 << 20;

export function openByteCycle(inputs: readonly InputFile[]): ByteCycle {
  const files = new FileCycle(inputs);
  if (files.bytes > MEMORY_BYTES_MAX) return files;
  const { buffer, start } = files.read(0, files.bytes);
  const once = buffer.subarray(start, start + files.bytes);
  const copies = Math.ceil(MEMORY_BYTES_MIN / files.bytes);
  const all = Buffer.concat(Array.from({ length: copies }, () => once));
  files.close();
  return { bytes: all.length, read: (from) => ({ buffer: all, start: from }), close: () => {} };
}

interface Piece {
  readonly fd: number;
  readonly start: number;
  readonly fileBytes: number;
  readonly bytes: number;
}

class FileCycle implements ByteCycle {
  readonly bytes: number;
  readonly #pieces: readonly Piece[];
  #scratch = Buffer.allocUnsafe(1 << 20);

  constructor(inputs: readonly InputFile[]) {
    let start = 0;
    this.#pieces = inputs
      .filter(({ bytes }) => bytes > 0)
      .map(({ file, bytes: fileBytes }) => {
        const fd = openSync(file, 'r');
        const last = Buffer.alloc(1);
        readSync(fd, last, 0, 1, fileBytes - 1);
        const piece = { fd, start, fileBytes, bytes: last[0] === 10 ? fileBytes : fileBytes + 1 };
        start += piece.bytes;
        return piece;
      });
    this.bytes = start;
  }

  read(from: number, length: number): { readonly buffer: Buffer; readonly start: number } {
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafe(length);
    let filled = 0;
    for (let i = this.#pieceAt(from); filled < length; i++) {
      const piece = this.#pieces[i];
      if (!piece)
        throw new RangeError(`bytes ${from} to ${from + length} are not in a cycle of ${this.bytes}`);
      filled += readPiece(piece, from + filled - piece.start, this.#scratch, filled, length);
    }
    return { buffer: this.#scratch, start: 0 };
  }

  close(): void {
    for (const { fd } of this.#pieces) closeSync(fd);
  }

  #pieceAt(offset: number): number {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle]?.start ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Reads from offset `from` of the piece into target[at..end), as far as the piece goes. */
function readPiece(
  { fd, fileBytes, bytes }: Piece,
  from: number,
  target: Buffer,
  at: number,
  end: number,
): number {
  const wanted = Math.min(end - at, bytes - from);
  const fromFile = Math.min(wanted, fileBytes - from);
  let done = 0;
  while (done < fromFile) {
    const read = readSync(fd, target, at + done, fromFile - done, from + done);
    if (read === 0) throw new Error('a replayed file became shorter while it was read');
    done += read;
  }
  if (wanted > fromFile) target[at + fromFile] = 10;
  return wanted;
}
