// The arrivals file: which file of a destination had which size when. Written in chunks while the observer runs,
// readable at any time, also after a kill: a half-written last record is ignored.
//
//   header    8 bytes   "SPLARR01"
//   record    1 byte    kind, then (little-endian)
//     1 name     u32 file, u16 bytes, the base name in UTF-8; a later name of the same file replaces it
//     2 arrival  f64 ms since 1970, u32 file, f64 size
//     3 gaps     f64 p50, f64 p99, f64 max: gaps between polls so far, ms; the last one counts

import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { GapFigures } from './gaps.ts';
import type { Arrival, ArrivalLog } from './spec.ts';

const MAGIC = 'SPLARR01';
const NAME = 1;
const ARRIVAL = 2;
const GAPS = 3;
const CHUNK_BYTES = 64 << 10;
const NAME_BYTES_MAX = 1024;

export class ArrivalWriter {
  readonly #fd: number;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #filled = 0;

  constructor(path: string) {
    this.#fd = openSync(path, 'w');
    this.#filled = this.#chunk.write(MAGIC, 0, 'latin1');
  }

  name(file: number, name: string): void {
    const bytes = Buffer.from(name);
    if (bytes.length > NAME_BYTES_MAX)
      throw new Error(`file name longer than ${NAME_BYTES_MAX} bytes: ${name}`);
    const at = this.#room(7 + bytes.length);
    this.#chunk[at] = NAME;
    this.#chunk.writeUInt32LE(file, at + 1);
    this.#chunk.writeUInt16LE(bytes.length, at + 5);
    bytes.copy(this.#chunk, at + 7);
  }

  arrival({ timeMs, file, size }: Arrival): void {
    const at = this.#room(21);
    this.#chunk[at] = ARRIVAL;
    this.#chunk.writeDoubleLE(timeMs, at + 1);
    this.#chunk.writeUInt32LE(file, at + 9);
    this.#chunk.writeDoubleLE(size, at + 13);
  }

  gaps({ p50, p99, max }: GapFigures): void {
    const at = this.#room(25);
    this.#chunk[at] = GAPS;
    this.#chunk.writeDoubleLE(p50, at + 1);
    this.#chunk.writeDoubleLE(p99, at + 9);
    this.#chunk.writeDoubleLE(max, at + 17);
  }

  flush(): void {
    for (let done = 0; done < this.#filled; ) {
      done += writeSync(this.#fd, this.#chunk, done, this.#filled - done);
    }
    this.#filled = 0;
  }

  close(): void {
    this.flush();
    closeSync(this.#fd);
  }

  #room(bytes: number): number {
    if (this.#filled + bytes > CHUNK_BYTES) this.flush();
    this.#filled += bytes;
    return this.#filled - bytes;
  }
}

export async function readArrivals(path: string): Promise<ArrivalLog> {
  const data = await readFile(path);
  if (data.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new Error(`${path} is not an arrivals file of the observer`);
  }
  const files: string[] = [];
  const arrivals: Arrival[] = [];
  let pollMs: GapFigures = { p50: 0, p99: 0, max: 0 };
  for (let at = MAGIC.length; at < data.length; ) {
    const end = recordEnd(data, at);
    if (end === null) throw new Error(`${path} is damaged at byte ${at}: no such record`);
    if (end > data.length) break;
    if (data[at] === NAME) files[data.readUInt32LE(at + 1)] = data.toString('utf8', at + 7, end);
    else if (data[at] === ARRIVAL) arrivals.push(arrivalAt(data, at));
    else pollMs = gapsAt(data, at);
    at = end;
  }
  return { files, pollMs, arrivals };
}

/** Where the record at `at` ends, perhaps beyond the data; null if it is of no known kind. */
function recordEnd(data: Buffer, at: number): number | null {
  switch (data[at]) {
    case NAME:
      return at + 7 + (at + 7 <= data.length ? data.readUInt16LE(at + 5) : 0);
    case ARRIVAL:
      return at + 21;
    case GAPS:
      return at + 25;
    default:
      return null;
  }
}

const arrivalAt = (data: Buffer, at: number): Arrival => ({
  timeMs: data.readDoubleLE(at + 1),
  file: data.readUInt32LE(at + 9),
  size: data.readDoubleLE(at + 13),
});

const gapsAt = (data: Buffer, at: number): GapFigures => ({
  p50: data.readDoubleLE(at + 1),
  p99: data.readDoubleLE(at + 9),
  max: data.readDoubleLE(at + 17),
});
