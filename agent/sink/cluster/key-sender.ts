// Sends one member its parts of ranges under keyHash, in their order, as far as credit goes: like member-sender.ts, but
// what it sends is put together already.

import { crc32 } from 'node:zlib';
import { countEvents, NEWLINE } from '../../bytes.ts';
import { SpillwayError } from '../../errors.ts';
import { writeBatch } from '../../wire/packing.ts';
import type { GapReason } from '../gaps.ts';
import type { Channel, LaneSender } from '../lane.ts';
import type { Book } from './book.ts';
import type { KeyBodies } from './key-bodies.ts';
import type { KeyHeld } from './key-lane.ts';
import type { KeyLedger } from './key-ledger.ts';

export interface KeySenderParts extends Channel {
  readonly member: string;
  readonly book: Book<KeyLedger>;
  readonly bodies: KeyBodies;
  /** Everything that the destination has is given out. */
  readonly isDrained: () => boolean;
}

export class KeySender implements LaneSender {
  readonly #parts: KeySenderParts;
  /** Compressed already, and waiting for credit. */
  #ready: { readonly part: KeyHeld; readonly at: number; readonly bytes: Buffer } | null = null;

  constructor(parts: KeySenderParts) {
    this.#parts = parts;
  }

  get done(): boolean {
    return this.#parts.isDrained() && this.#part() === null;
  }

  async step(): Promise<boolean> {
    const part = this.#part();
    if (part === null) return false;
    const { bodies, packer, inflight } = this.#parts;
    const at = part.sent.offset;
    if (this.#ready?.part !== part || this.#ready.at !== at) {
      const { body, reason } = await bodies.of(part);
      if (this.#part() !== part) return true;
      if (body.length < part.to.offset - part.log.from.offset) {
        this.#cutShort(part, body, reason ?? 'damaged');
        return true;
      }
      const bytes = this.#cut(body, at - part.log.from.offset);
      await packer?.prepare([bytes]);
      this.#ready = { part, at, bytes };
      return true;
    }
    const { bytes } = this.#ready;
    if (!inflight.allows(bytes.length)) return false;
    this.#ready = null;
    this.#send(part, bytes);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ready = null;
  }

  /** The first one that stands in the cursor and is not sent. */
  #part(): KeyHeld | null {
    const { book, member } = this.#parts;
    for (const part of book.ledger.lane(member).held) {
      if (part.sequence > book.durableSequence) return null;
      if (part.sent.offset < part.limit) return part;
    }
    return null;
  }

  /** What the log lost of a part is counted. Where some was sent already, nobody can say which: all the rest is left out. */
  #cutShort(part: KeyHeld, body: Buffer, reason: GapReason): void {
    const { book, member } = this.#parts;
    const start = part.log.from.offset;
    const isWhole = part.sent.offset === start;
    const end = isWhole ? { offset: start + body.length, events: countEvents(body) } : part.sent;
    book.leaveOutPart(book.ledger.cut(member, part, end), reason);
  }

  /** As many whole events as make a batch. */
  #cut(body: Buffer, from: number): Buffer {
    const most = Math.min(this.#parts.batchBytesMax, this.#parts.readBytesMax);
    if (body.length - from <= most) return body.subarray(from);
    const end = body.lastIndexOf(NEWLINE, from + most - 1) + 1;
    if (end > from) return body.subarray(from, end);
    const bytes = body.indexOf(NEWLINE, from) + 1 - from;
    // larger than ours, as the log took it; theirs it must fit
    if (bytes <= this.#parts.batchBytesMax) return body.subarray(from, from + bytes);
    throw new SpillwayError(
      'config',
      `an event of ${bytes} bytes is more than the ${this.#parts.batchBytesMax} that the receiver takes: raise batchBytesMax of its listen source`,
    );
  }

  #send(part: KeyHeld, bytes: Buffer): void {
    const { socket, inflight, packer } = this.#parts;
    const { sequence, sent } = part;
    const crc = crc32(bytes);
    const events = countEvents(bytes);
    const end = { offset: sent.offset + bytes.length, events: sent.events + events };
    inflight.add({ from: sent.offset, end, sequence, crc, isSkip: false, bytes: bytes.length });
    part.sent = end;
    const fields = { from: sent.offset, to: end.offset, events, crc, sequence };
    socket.cork();
    writeBatch(socket, fields, bytes, packer);
    socket.uncork();
  }
}
