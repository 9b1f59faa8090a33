// Turns the log into Log calls: whole events, in order, a category to a call. What cannot be delivered as it came, or is
// given up by the destination's policy, cannot be announced to a Scribe receiver: it is counted here and passed over.

import type { ScribeTargetConfig } from '../../config/scribe.ts';
import type { Mark } from '../../log/marks.ts';
import type { LogReader, ReadBatch } from '../../log/reader.ts';
import { eventEnd, LogCallWriter } from '../../wire/scribe/log-call.ts';
import type { Gap } from '../gaps.ts';
import { Linger, type LingerParts } from '../linger.ts';
import type { Acknowledged, Position } from '../position.ts';

export interface CallReaderParts extends LingerParts {
  readonly position: Position;
  readonly scribe: ScribeTargetConfig;
}

export interface Call {
  /** Valid until the next call is asked for. */
  readonly frame: Buffer;
  readonly sequence: number;
  /** What is delivered once this call is answered OK; null where its batch goes on in the next one. */
  readonly delivers: Acknowledged | null;
}

interface Held {
  readonly batches: readonly ReadBatch[];
  next: number;
  /** Where in that batch the next event begins. */
  at: number;
}

const SEQUENCE_MAX = 2 ** 31 - 1;

export class CallReader {
  readonly #parts: CallReaderParts;
  readonly #reader: LogReader;
  readonly #buffer: Buffer;
  readonly #writer: LogCallWriter;
  #held: Held | null = null;
  #sequence = 0;
  /** Where what is read next begins; behind the reader while it waits for the disk. */
  #readTo: Mark;
  readonly #linger: Linger;

  constructor(parts: CallReaderParts) {
    const { mark } = parts.position;
    this.#parts = parts;
    this.#reader = parts.log.reader(mark.offset);
    this.#readTo = mark;
    this.#buffer = Buffer.allocUnsafeSlow(parts.readBytesMax);
    this.#writer = new LogCallWriter(parts.scribe.callBytesMax);
    this.#linger = new Linger(parts);
  }

  /** Everything the log holds now was read, and asked for. */
  get done(): boolean {
    return this.#held === null && this.#reader.offset >= this.#parts.log.endOffset;
  }

  /** What lies before it is under way. A boundary at any moment. */
  get sentTo(): Mark {
    return this.#readTo;
  }

  /** The next call; null: nothing to send now. The one before must have been answered. */
  async next(): Promise<Call | null> {
    while (this.#held === null) {
      if (this.done) return null;
      const gap = this.#parts.position.nextGap(this.#reader.offset);
      if (gap !== null && gap.from.offset <= this.#reader.offset) {
        this.#reader.seek(gap.to.offset);
        await this.#passOver({ from: this.#mark(), to: gap.to, reason: gap.reason });
        continue;
      }
      if (this.#linger.holds(this.#reader.offset)) return null;
      if (!(await this.#read(gap?.from.offset))) return null;
    }
    return this.#write(this.#held);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#linger.stop();
    return this.#reader.close();
  }

  /** Where everything before is dealt with: one call is under way at a time. */
  #mark(): Mark {
    return { offset: this.#parts.position.mark.offset, events: this.#readTo.events };
  }

  async #read(limit: number | undefined): Promise<boolean> {
    const { position } = this.#parts;
    const result = await this.#reader.next(this.#buffer, limit);
    if (result.kind === 'end') return false;
    if (result.kind === 'gap') {
      const reason = result.reason === 'peerLost' ? position.lossOf(result.from) : result.reason;
      const { events } = this.#readTo;
      const to = { offset: result.to, events: Math.max(events, result.eventsAt) };
      await this.#passOver({ from: { offset: result.from, events }, to, reason });
      return true;
    }
    const last = result.batches.at(-1);
    if (last === undefined) return false;
    this.#readTo = endOf(last);
    this.#held = { batches: result.batches, next: 0, at: 0 };
    return true;
  }

  async #passOver(range: Omit<Gap, 'announced'>): Promise<void> {
    const { position } = this.#parts;
    await position.announce(range);
    position.acknowledge({ from: range.from.offset, end: range.to, crc: 0, isSkip: true });
    this.#readTo = range.to;
  }

  #write(held: Held): Call {
    const sequence = this.#sequence;
    this.#sequence = sequence === SEQUENCE_MAX ? 0 : sequence + 1;
    const category = this.#categoryOf(held);
    let delivers: Acknowledged | null = null;
    this.#writer.begin(category, sequence);
    for (let batch = held.batches[held.next]; batch !== undefined; batch = held.batches[held.next]) {
      if (this.#categoryOf(held) !== category || !this.#fill(held, batch.bytes)) break;
      delivers = { from: batch.record.from, end: endOf(batch), crc: batch.record.crc, isSkip: false };
      held.next++;
      held.at = 0;
    }
    if (held.next === held.batches.length) this.#held = null;
    return { frame: this.#writer.finish(), sequence, delivers };
  }

  /** Adds the events of a batch; false where not all of them had room. */
  #fill(held: Held, bytes: Buffer): boolean {
    const { callBytesMax, newline } = this.#parts.scribe;
    while (held.at < bytes.length) {
      const end = eventEnd(bytes, held.at);
      const isFull = this.#writer.bytes + this.#writer.costOf(end - held.at) > callBytesMax;
      if (isFull && this.#writer.count > 0) return false;
      this.#writer.add(bytes, held.at, newline === 'keep' ? end : end - 1);
      held.at = end;
    }
    return true;
  }

  #categoryOf({ batches, next }: Held): string {
    const { scribe, log } = this.#parts;
    const batch = batches[next];
    const owner = batch === undefined ? null : log.ownerOf(batch.record.source);
    const known =
      owner !== null && Object.hasOwn(scribe.categories, owner) ? scribe.categories[owner] : undefined;
    return known ?? scribe.category;
  }
}

function endOf({ record }: ReadBatch): Mark {
  return { offset: record.to, events: record.eventsBefore + record.events };
}
