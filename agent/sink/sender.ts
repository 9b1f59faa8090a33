// Reads the log from where the receiver is and turns it into frames, as far as credit goes.
//
// The bytes go from the log's file into a few reused buffers and from there into the socket; a buffer is free again
// when the socket has taken it. What was sent is not kept: if the connection ends it is read again by the next one.

import type { EventLog } from '../log/log.ts';
import type { Mark } from '../log/marks.ts';
import type { LogReader, ReadBatch, ReadResult } from '../log/reader.ts';
import { encodeHeader, FrameType, SKIP_REASONS } from '../wire/frame.ts';
import { writeBatch } from '../wire/packing.ts';
import { refuseTooLarge } from './batch-size.ts';
import type { GapReason } from './gaps.ts';
import type { Channel, LaneSender } from './lane.ts';
import { Linger } from './linger.ts';
import type { Position } from './position.ts';

interface Held {
  readonly result: Exclude<ReadResult, { kind: 'end' }>;
  readonly buffer: Buffer;
  next: number;
}

interface Skipped {
  readonly from: number;
  readonly to: number;
  readonly eventsAt: number;
  readonly reason: GapReason;
}

export interface SenderParts extends Channel {
  readonly log: EventLog;
  readonly position: Position;
}

const BUFFERS = 4;

export class Sender implements LaneSender {
  readonly #parts: SenderParts;
  readonly #reader: LogReader;
  readonly #free: Buffer[];
  #held: Held | null = null;
  #sequence = 0;
  /** Where what is sent next begins: the reader may be further on. */
  #sentTo: Mark;
  readonly #linger: Linger;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#reader = parts.log.reader(parts.position.mark.offset);
    this.#free = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(parts.readBytesMax));
    this.#sentTo = parts.position.mark;
    this.#linger = new Linger(parts);
  }

  /** Everything the log holds now was sent. */
  get done(): boolean {
    return this.#held === null && this.#reader.offset >= this.#parts.log.endOffset;
  }

  /** Where the next batch to be sent begins: a boundary at any moment, also while it waits for the disk. */
  get sentTo(): Mark {
    return this.#sentTo;
  }

  /** Does one thing if there is one to do: reads, or sends some of what was read. False: nothing to do now. */
  async step(): Promise<boolean> {
    if (this.#held !== null) return await this.#send(this.#held);
    if (this.done || !this.#parts.inflight.allowsSkip) return false;
    const gap = this.#parts.position.nextGap(this.#reader.offset);
    if (gap !== null && gap.from.offset <= this.#reader.offset) {
      const { offset: from } = this.#reader;
      this.#reader.seek(gap.to.offset);
      await this.#sendSkip({ from, to: gap.to.offset, eventsAt: gap.to.events, reason: gap.reason });
      return true;
    }
    if (this.#linger.holds(this.#reader.offset)) return false;
    const buffer = this.#free.pop();
    if (buffer === undefined) return false;
    const result = await this.#reader.next(buffer, gap?.from.offset);
    if (result.kind === 'batches')
      await this.#parts.packer?.prepare(result.batches.map(({ bytes }) => bytes));
    if (result.kind === 'end') this.#free.push(buffer);
    else this.#held = { result, buffer, next: 0 };
    return true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#linger.stop();
    return this.#reader.close();
  }

  async #send(held: Held): Promise<boolean> {
    const { result, buffer } = held;
    if (result.kind === 'gap') {
      const isGone = result.reason === 'peerLost';
      const reason = isGone ? this.#parts.position.lossOf(result.from) : result.reason;
      await this.#sendSkip({ ...result, reason });
      this.#held = null;
      this.#free.push(buffer);
      return true;
    }
    const first = held.next;
    const { socket, inflight } = this.#parts;
    socket.cork();
    for (let batch = result.batches[held.next]; batch !== undefined; batch = result.batches[held.next]) {
      refuseTooLarge(batch.record.bytes, this.#parts.batchBytesMax);
      if (!inflight.allows(batch.bytes.length)) break;
      held.next++;
      const isLast = held.next === result.batches.length;
      this.#sendBatch(batch, isLast ? () => this.#giveBack(buffer) : undefined);
    }
    socket.uncork();
    if (held.next === result.batches.length) this.#held = null;
    return held.next > first;
  }

  #sendBatch({ record, bytes }: ReadBatch, flushed: (() => void) | undefined): void {
    const { from, to, events, crc } = record;
    const end = { offset: to, events: record.eventsBefore + events };
    const { socket, inflight, packer } = this.#parts;
    inflight.add({ from, end, sequence: 0, crc, isSkip: false, bytes: bytes.length });
    this.#sentTo = end;
    const sequence = ++this.#sequence;
    writeBatch(socket, { from, to, events, crc, sequence }, bytes, packer, flushed);
  }

  /** What the destination's policy gave up, or what the log cannot deliver. */
  async #sendSkip({ from, to, eventsAt, reason }: Skipped): Promise<void> {
    const eventsBefore = this.#sentTo.events;
    const events = Math.max(0, eventsAt - eventsBefore);
    const end = { offset: to, events: eventsAt };
    const { position, inflight, socket } = this.#parts;
    await position.announce({ from: { offset: from, events: eventsBefore }, to: end, reason });
    inflight.add({ from, end, sequence: 0, crc: 0, isSkip: true, bytes: 0 });
    this.#sentTo = end;
    const flags = SKIP_REASONS.indexOf(reason);
    const sequence = ++this.#sequence;
    socket.write(encodeHeader({ type: FrameType.skip, flags, from, to, events, sequence }));
  }

  #giveBack(buffer: Buffer): void {
    this.#free.push(buffer);
    this.#parts.onFree();
  }
}
