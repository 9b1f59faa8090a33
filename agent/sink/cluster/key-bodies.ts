// The events of parts under keyHash that are not acknowledged: made when a range is given out and kept until they are;
// after a restart, or for others, made again from the log, which keeps what is not done.
//
// What is in memory is bounded by rangeBytes and rangesMax: a range is given out only when there is room for its parts.

import type { EventLog } from '../../log/log.ts';
import type { Mark } from '../../log/marks.ts';
import type { LogReader } from '../../log/reader.ts';
import { Slabs } from '../../wire/slabs.ts';
import type { GapReason } from '../gaps.ts';
import type { KeyReader } from './key.ts';
import type { KeyHeld } from './key-lane.ts';
import { type SplitPart, splitBySlots } from './key-split.ts';
import type { SlotSet } from './slot-set.ts';

/** Ranges whose buffers are kept for reuse. */
const KEPT_RANGES = 8;
const EMPTY = Buffer.alloc(0);

export type RangeRead =
  | { readonly kind: 'events'; readonly events: Buffer; readonly to: Mark }
  | { readonly kind: 'gap'; readonly to: Mark; readonly reason: GapReason }
  | { readonly kind: 'end' };

/** `reason`: why it is less than it was. */
export interface Stream {
  readonly body: Buffer;
  readonly reason: GapReason | null;
}

export class KeyBodies {
  readonly #log: EventLog;
  readonly #reader: KeyReader;
  readonly #slabs: Slabs;
  readonly #bodies = new Map<KeyHeld, Stream>();
  /** Done, or somebody else's: what is being read of them is not kept. */
  readonly #over = new WeakSet<KeyHeld>();
  readonly #buffer: Buffer;
  #logReader: LogReader | null = null;
  /** One read at a time: they share a buffer. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(log: EventLog, reader: KeyReader, rangeBytes: number) {
    this.#log = log;
    this.#reader = reader;
    this.#slabs = new Slabs(KEPT_RANGES * rangeBytes);
    this.#buffer = Buffer.allocUnsafeSlow(rangeBytes);
  }

  /** What lies at an offset, up to a range of it, and no further than `limit`, split by slots. */
  readRange(
    from: number,
    limit: number,
    sets: readonly SlotSet[],
  ): Promise<
    | { readonly kind: 'parts'; readonly parts: readonly SplitPart[]; readonly to: Mark }
    | Exclude<RangeRead, { kind: 'events' }>
  > {
    return this.#alone(async () => {
      const read = await this.#read(from, limit);
      if (read.kind !== 'events') return read;
      return { kind: 'parts', parts: this.#split(read.events, sets, 0), to: read.to };
    });
  }

  /** All of the stream of a part, or what the log still has of it. */
  of(held: KeyHeld): Promise<Stream> {
    const known = this.#bodies.get(held);
    if (known !== undefined) return Promise.resolve(known);
    return this.#alone(async () => {
      const stream = this.#bodies.get(held) ?? (await this.#again(held));
      if (!this.#over.has(held)) this.#bodies.set(held, stream);
      return stream;
    });
  }

  /** A part's stream for others, by the slots that each gets; `done` bytes of it are acknowledged. */
  again(body: Buffer, sets: readonly SlotSet[], done: number): readonly SplitPart[] {
    return this.#split(body, sets, done);
  }

  keep(held: KeyHeld, body: Buffer): void {
    this.#bodies.set(held, { body, reason: null });
  }

  /** Acknowledged: its buffer may be used again. */
  done(held: KeyHeld): void {
    const body = this.#bodies.get(held)?.body;
    this.drop(held);
    if (body !== undefined && body.length > 0) this.#slabs.giveBack(body);
  }

  /** Somebody else's now; a socket may still have the buffer. */
  drop(held: KeyHeld): void {
    this.#over.add(held);
    this.#bodies.delete(held);
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#logReader?.close();
    this.#logReader = null;
    this.#bodies.clear();
  }

  #split(events: Buffer, sets: readonly SlotSet[], done: number): readonly SplitPart[] {
    return splitBySlots(events, sets, { reader: this.#reader, slabs: this.#slabs, done });
  }

  async #again({ log: { from, to }, slots }: KeyHeld): Promise<Stream> {
    const bodies: Buffer[] = [];
    let reason: GapReason | null = null;
    for (let at = from.offset; at < to.offset; ) {
      const read = await this.#read(at, to.offset);
      if (read.kind === 'end') throw new Error(`the log ends at ${at}, before the end of a range`);
      at = read.to.offset;
      if (read.kind === 'gap') reason = read.reason;
      else
        for (const { body } of this.#split(read.events, [slots], 0)) if (body.length > 0) bodies.push(body);
    }
    return { body: this.#joined(bodies), reason };
  }

  /** In a slab like any other body: it goes back there. */
  #joined(bodies: readonly Buffer[]): Buffer {
    const [first] = bodies;
    if (first === undefined) return EMPTY;
    if (bodies.length === 1) return first;
    const joined = this.#slabs.take(bodies.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const body of bodies) {
      at += body.copy(joined, at);
      this.#slabs.giveBack(body);
    }
    return joined;
  }

  async #read(from: number, limit: number): Promise<RangeRead> {
    this.#logReader ??= this.#log.reader(from);
    if (this.#logReader.offset !== from) this.#logReader.seek(from);
    const result = await this.#logReader.next(this.#buffer, limit);
    if (result.kind === 'end') return result;
    if (result.kind === 'gap') {
      return { kind: 'gap', to: { offset: result.to, events: result.eventsAt }, reason: result.reason };
    }
    const [first] = result.batches;
    const last = result.batches.at(-1);
    if (first === undefined || last === undefined) throw new Error('a read without a batch');
    // the batches of one read lie one behind the other
    const { buffer, byteOffset } = first.bytes;
    const events = Buffer.from(buffer, byteOffset, last.record.to - first.record.from);
    return {
      kind: 'events',
      events,
      to: { offset: last.record.to, events: last.record.eventsBefore + last.record.events },
    };
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}
