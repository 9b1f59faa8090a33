// The two sides of a replay as counts of distinct lines: what was sent, and what was received.

import type { RawPayload } from '../generator/raw.ts';
import type { LineSink } from './chunks.ts';
import { EvidenceList } from './evidence.ts';
import { hashLine, LineCounts } from './linecounts.ts';

const NEWLINE = 10;
const UNKNOWN = -1;
/** Unknown lines that begin or end like a line that was sent, to this length, are torn. */
const EDGE_BYTES = 8;

export class SentLines {
  readonly lines: number;
  readonly counts: LineCounts;
  /** Hashes of beginnings and ends of lines. */
  readonly edges: ReadonlySet<number>;
  readonly #cycle: Int32Array;

  constructor(lines: number, counts: LineCounts, cycle: Int32Array, edges: ReadonlySet<number>) {
    this.lines = lines;
    this.counts = counts;
    this.edges = edges;
    this.#cycle = cycle;
  }

  /** The slot in `counts` of line n. */
  slotOf(n: number): number {
    return this.#cycle[n % this.#cycle.length] ?? UNKNOWN;
  }
}

export function countSent(payload: RawPayload, lines: number): SentLines {
  const cycle = new Int32Array(payload.lines);
  const counts = new LineCounts(payload.lines);
  const edges = new Set<number>();
  const times = Math.floor(lines / payload.lines);
  const rest = lines % payload.lines;
  for (let n = 0; n < payload.lines; ) {
    const { buffer, start, events } = payload.slice(n, payload.lines - n);
    let at = start;
    for (const last = n + events; n < last; n++) {
      const end = buffer.indexOf(NEWLINE, at) + 1;
      const slot = counts.put(hashLine(buffer, at, end), end - at, n);
      cycle[n] = slot;
      counts.sent[slot] = (counts.sent[slot] ?? 0) + times + (n < rest ? 1 : 0);
      for (const edge of edgesOf(buffer, at, end - 1)) edges.add(edge);
      at = end;
    }
  }
  return new SentLines(lines, counts, cycle, edges);
}

/** Hashes of the first and the last bytes of a line without its newline. */
function edgesOf(data: Buffer, start: number, end: number): readonly [number, number] {
  const head = Math.min(end, start + EDGE_BYTES);
  const tail = Math.max(start, end - EDGE_BYTES);
  return [hashLine(data, start, head), hashLine(data, tail, end)];
}

export class ReceivedLines implements LineSink {
  unknown = 0;
  readonly #sent: SentLines;
  readonly #torn = new EvidenceList();
  readonly #foreign = new EvidenceList();
  #path = '';
  #lines = 0;
  #slots = new Int32Array(1 << 16);

  constructor(sent: SentLines) {
    this.#sent = sent;
  }

  beginFile(path: string): this {
    this.#path = path;
    return this;
  }

  lines(data: Buffer, start: number, end: number, offset: number): void {
    for (let at = start; at < end; ) {
      const next = data.indexOf(NEWLINE, at) + 1;
      const slot = this.#sent.counts.find(hashLine(data, at, next));
      this.#add(slot);
      if (slot === UNKNOWN) this.#addUnknown(data, at, next - 1, offset + at - start);
      at = next;
    }
  }

  broken(data: Buffer, start: number, end: number, offset: number): void {
    this.#add(UNKNOWN);
    this.#addUnknown(data, start, end, offset);
  }

  /** The slot of every line received, in order; -1 for an unknown line. */
  get slots(): Int32Array {
    return this.#slots.subarray(0, this.#lines);
  }

  delivered(): { delivered: number; deliveredBytes: number } {
    const { sent, found, bytes } = this.#sent.counts;
    let delivered = 0;
    let deliveredBytes = 0;
    for (let slot = 0; slot < sent.length; slot++) {
      const lines = Math.min(sent[slot] ?? 0, found[slot] ?? 0);
      delivered += lines;
      deliveredBytes += lines * (bytes[slot] ?? 0);
    }
    return { delivered, deliveredBytes };
  }

  /** Nothing can be torn if nothing is missing. */
  unknownLines(somethingIsLost: boolean): { torn: EvidenceList; foreign: EvidenceList } {
    if (somethingIsLost) return { torn: this.#torn, foreign: this.#foreign };
    return { torn: new EvidenceList(), foreign: this.#foreign.concat(this.#torn) };
  }

  #add(slot: number): void {
    if (this.#lines === this.#slots.length) {
      const larger = new Int32Array(this.#slots.length * 2);
      larger.set(this.#slots);
      this.#slots = larger;
    }
    this.#slots[this.#lines++] = slot;
    const { found } = this.#sent.counts;
    if (slot !== UNKNOWN) found[slot] = (found[slot] ?? 0) + 1;
  }

  #addUnknown(data: Buffer, start: number, end: number, offset: number): void {
    this.unknown++;
    const short = end > start && end - start < EDGE_BYTES;
    const torn = short || edgesOf(data, start, end).some((edge) => this.#sent.edges.has(edge));
    (torn ? this.#torn : this.#foreign).add(this.#path, offset, data.toString('latin1', start, end));
  }
}
