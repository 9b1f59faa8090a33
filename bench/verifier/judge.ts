// Follows a destination's lines and holds each against what the manifests promise. On the clean path it compares
// blocks of thousands of events and parses nothing. At a difference it parses one line to learn whose event
// stands there, then compares forward along that runner, first one event, then two, four, ...: runners that are
// interleaved, gaps, copies and disorder all cost one parse each time the run breaks.

import { basename } from 'node:path';
import type { LineSink } from './chunks.ts';
import { EvidenceList } from './evidence.ts';
import type { Expectation } from './expectation.ts';
import { Fragments } from './fragments.ts';
import { fileKey, type Latency } from './latency.ts';
import { Ranges } from './ranges.ts';

const BLOCK_EVENTS_MAX = 4096;
const NEWLINE = 10;

export class Judge implements LineSink {
  readonly duplicated = new Ranges();
  readonly reordered = new Ranges();
  readonly torn = new EvidenceList();
  readonly foreign = new EvidenceList();
  delivered = 0;
  deliveredBytes = 0;
  /** Replayed lines carry no identity: a first difference ends this way of judging them (see rawlines.ts). */
  derailed = false;
  readonly #expectations: readonly Expectation[];
  readonly #fragments: Fragments;
  readonly #latency: Latency | null;
  readonly #unidentified: boolean;
  #current: Expectation | null;
  #blockEvents = BLOCK_EVENTS_MAX;
  #path = '';
  #file = '';
  #member: string | null = null;

  constructor(expectations: readonly Expectation[], latency: Latency | null) {
    this.#expectations = expectations;
    this.#latency = latency;
    this.#fragments = new Fragments(expectations);
    this.#current = expectations[0] ?? null;
    this.#unidentified = expectations.some(({ payload }) => !payload.identified);
  }

  /** Expected events found so far, further copies included. */
  get copies(): number {
    return this.delivered + this.duplicated.events;
  }

  /** `member`: whose file it is; order begins anew with another's. */
  beginFile(path: string, member: string | null = null): void {
    this.#path = path;
    this.#file = fileKey(basename(path), member);
    if (member === this.#member) return;
    this.#member = member;
    for (const expectation of this.#expectations) expectation.high = 0;
  }

  lines(data: Buffer, start: number, end: number, offset: number): void {
    for (let at = start; at < end && !this.derailed; ) {
      const matched = this.#follow(data, at, end, offset + at - start);
      if (matched > 0) at += matched;
      else if (this.#unidentified) this.derailed = true;
      else at = this.#oneLine(data, at, offset + at - start);
    }
  }

  broken(data: Buffer, start: number, end: number, offset: number): void {
    if (this.#unidentified) this.derailed = true;
    else this.#notIntact(data.toString('latin1', start, end), offset);
  }

  /** Compares forward along the current runner; returns the bytes that are as expected. */
  #follow(data: Buffer, at: number, end: number, offset: number): number {
    const current = this.#current;
    if (!current) return 0;
    const first = current.next;
    const events = current.match(data, at, end, first, this.#blockEvents);
    this.#blockEvents = Math.min(BLOCK_EVENTS_MAX, Math.max(1, events * 2));
    if (events === 0) return 0;
    const bytes = current.payload.bytes(first, events);
    this.#intact(current, first, first + events, offset, bytes);
    return bytes;
  }

  /** Parses the line at `at` and returns where it ends. */
  #oneLine(data: Buffer, at: number, offset: number): number {
    const end = data.indexOf(NEWLINE, at) + 1;
    const line = data.toString('latin1', at, end - 1);
    const identity = this.#fragments.identify(line);
    const { expectation = null, sequence = 0 } = identity ?? {};
    if (expectation?.match(data, at, end, sequence, 1) === 1) {
      this.#intact(expectation, sequence, sequence + 1, offset, end - at);
      this.#current = expectation;
    } else {
      this.#notIntact(line, offset, identity);
    }
    return end;
  }

  #notIntact(line: string, offset: number, identity = this.#fragments.identify(line)): void {
    const list = this.#fragments.isTorn(line, identity) ? this.torn : this.foreign;
    list.add(this.#path, offset, line);
  }

  #intact(of: Expectation, first: number, end: number, offset: number, bytes: number): void {
    of.seen.add(
      first,
      end,
      (from, to) => {
        const before = from === first ? 0 : of.payload.bytes(first, from - first);
        this.delivered += to - from;
        this.deliveredBytes += to - from === end - first ? bytes : of.payload.bytes(from, to - from);
        this.reordered.add(of, from, Math.min(to, of.high));
        this.#latency?.record(of, from, to - from, this.#file, offset + before);
      },
      (from, to) => this.duplicated.add(of, from, to),
    );
    of.next = end;
    of.high = Math.max(of.high, end);
    of.highest = Math.max(of.highest, end);
  }
}
