// Sends one member the ranges that it holds, as far as credit goes: like sender.ts, but it goes from range to range.

import type { LogReader, ReadBatch, ReadResult } from '../../log/reader.ts';
import { writeBatch } from '../../wire/packing.ts';
import { refuseTooLarge } from '../batch-size.ts';
import type { Channel, LaneSender } from '../lane.ts';
import type { Book } from './book.ts';
import type { Held } from './lane.ts';
import type { Ledger } from './ledger.ts';

interface Read {
  readonly range: Held;
  readonly batches: readonly ReadBatch[];
  readonly buffer: Buffer;
  next: number;
}

export interface MemberSenderParts extends Channel {
  readonly member: string;
  readonly book: Book<Ledger>;
  readonly reader: LogReader;
  /** Everything that the destination has is given out. */
  readonly isDrained: () => boolean;
  /** A range ended otherwise than planned. */
  readonly onCut: () => void;
}

const BUFFERS = 4;
const NOTHING = Buffer.alloc(0);

export class MemberSender implements LaneSender {
  readonly #parts: MemberSenderParts;
  readonly #free: Buffer[];
  #read: Read | null = null;

  constructor(parts: MemberSenderParts) {
    this.#parts = parts;
    this.#free = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(parts.readBytesMax));
  }

  get done(): boolean {
    return this.#parts.isDrained() && this.#read === null && this.#range() === null;
  }

  async step(): Promise<boolean> {
    if (this.#read !== null) return this.#send(this.#read);
    const range = this.#range();
    const buffer = range === null ? undefined : this.#free.pop();
    if (range === null || buffer === undefined) return false;
    const { reader, packer } = this.#parts;
    if (reader.offset !== range.sent.offset) reader.seek(range.sent.offset);
    const result = await reader.next(buffer, range.limit);
    if (result.kind === 'batches') await packer?.prepare(result.batches.map(({ bytes }) => bytes));
    return this.#take(result, range, buffer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.reader.close();
  }

  /** The first one that stands in the cursor and is not sent. */
  #range(): Held | null {
    const { book, member } = this.#parts;
    for (const range of book.ledger.lane(member).held) {
      if (range.sequence > book.durableSequence) return null;
      if (range.sent.offset < range.limit) return range;
    }
    return null;
  }

  #take(result: ReadResult, range: Held, buffer: Buffer): boolean {
    switch (result.kind) {
      case 'batches':
        this.#read = { range, batches: result.batches, buffer, next: 0 };
        return true;
      case 'gap': {
        this.#free.push(buffer);
        if (result.from !== range.sent.offset) return true;
        const { book, member, onCut } = this.#parts;
        const cut = book.ledger.cutUnreadable(member, range, { offset: result.to, events: result.eventsAt });
        book.leaveOut(cut, result.reason);
        onCut();
        return true;
      }
      case 'end':
        this.#free.push(buffer);
        return false;
      default:
        return result satisfies never;
    }
  }

  #send(read: Read): boolean {
    const { socket, inflight } = this.#parts;
    const { range, batches, buffer } = read;
    const first = read.next;
    socket.cork();
    let isCut = false;
    for (let batch = batches[read.next]; batch !== undefined; batch = batches[read.next]) {
      // the range may have been given back meanwhile
      isCut = batch.record.from >= range.limit || batch.record.from !== range.sent.offset;
      if (isCut) break;
      refuseTooLarge(batch.record.bytes, this.#parts.batchBytesMax);
      if (!inflight.allows(batch.bytes.length)) break;
      read.next++;
      this.#sendBatch(range, batch);
    }
    if (isCut || read.next === batches.length) {
      this.#read = null;
      // called when the socket has taken everything before it
      socket.write(NOTHING, () => this.#giveBack(buffer));
    }
    socket.uncork();
    return isCut || read.next > first;
  }

  #sendBatch(range: Held, { record, bytes }: ReadBatch): void {
    const { from, to, events, crc } = record;
    const { socket, inflight, packer } = this.#parts;
    const end = { offset: to, events: record.eventsBefore + events };
    const { sequence } = range;
    inflight.add({ from, end, sequence, crc, isSkip: false, bytes: bytes.length });
    range.sent = end;
    writeBatch(socket, { from, to, events, crc, sequence }, bytes, packer);
  }

  #giveBack(buffer: Buffer): void {
    this.#free.push(buffer);
    this.#parts.onFree();
  }
}
