// Thrift's framed transport, as it arrives: four bytes of length (big endian), then so many bytes of one message.
//
// Nothing is allocated that a length claims: what is kept of a frame are the pieces that have arrived, and each of them
// only if there is room for it. Of a frame without room only the beginning is kept, enough to know what to answer.

import { protocolError } from '../frame.ts';

const LENGTH_BYTES = 4;
/** Of a frame that finds no room: a message's header, whose name has at most 128 bytes, is within it. */
const HEAD_BYTES_MAX = 256;
/** Pieces of a frame that dribbles in are joined, so that small ones do not cost more than they hold. */
const PIECES_MAX = 256;

export interface Frame {
  /** Valid for as long as it is held. Of one that is not whole, its first bytes. */
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

export interface FrameLimits {
  readonly frameBytesMax: number;
  /** Whether so many bytes more may be kept; who hands a whole frame on gives them back. */
  readonly takeRoom?: (bytes: number) => boolean;
  readonly giveRoom?: (bytes: number) => void;
}

export class FrameReader {
  readonly #limits: FrameLimits;
  readonly #length = Buffer.alloc(LENGTH_BYTES);
  #lengthBytes = 0;
  /** Bytes of the frame that are still to come; -1: its length is not known yet. */
  #missing = -1;
  #pieces: Buffer[] = [];
  #kept = 0;
  #isWhole = true;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** A frame has begun and is not at its end. */
  get isWithin(): boolean {
    return this.#missing >= 0 || this.#lengthBytes > 0;
  }

  /** There was no room for the frame that is arriving: no more of it will be kept. */
  get isPassingOver(): boolean {
    return !this.#isWhole;
  }

  /** @throws SpillwayError `protocol` at a length that cannot be. */
  *push(chunk: Buffer): Generator<Frame> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing < 0) at = this.#takeLength(chunk, at);
      if (this.#missing < 0) return;
      const piece = chunk.subarray(at, at + this.#missing);
      at += piece.length;
      this.#missing -= piece.length;
      this.#keep(piece);
      if (this.#missing === 0) yield this.#finish();
    }
  }

  /** The connection is over: what was kept of a frame is no longer. */
  close(): void {
    this.#letGo();
  }

  #takeLength(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#length, this.#lengthBytes, at);
    this.#lengthBytes += copied;
    if (this.#lengthBytes < LENGTH_BYTES) return at + copied;
    this.#lengthBytes = 0;
    const length = this.#length.readInt32BE(0);
    if (length <= 0) throw protocolError('frame-length', `a frame says it has ${length} bytes`);
    const { frameBytesMax } = this.#limits;
    if (length > frameBytesMax)
      throw protocolError(
        'oversized',
        `a frame says it has ${length} bytes, at most ${frameBytesMax} are taken`,
      );
    this.#missing = length;
    return at + copied;
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    if (this.#isWhole && this.#limits.takeRoom?.(piece.length) === false) this.#giveUp();
    if (this.#isWhole) {
      this.#kept += piece.length;
      this.#pieces.push(piece);
      if (this.#pieces.length > PIECES_MAX) this.#pieces = [Buffer.concat(this.#pieces)];
      return;
    }
    const [head = Buffer.alloc(0)] = this.#pieces;
    if (head.length < HEAD_BYTES_MAX)
      this.#pieces = [Buffer.concat([head, piece.subarray(0, HEAD_BYTES_MAX - head.length)])];
  }

  #giveUp(): void {
    const head = Buffer.concat(this.#pieces).subarray(0, HEAD_BYTES_MAX);
    this.#letGo();
    this.#isWhole = false;
    this.#pieces = [Buffer.from(head)];
  }

  #finish(): Frame {
    const [only] = this.#pieces;
    const bytes = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    const frame = { bytes, isWhole: this.#isWhole };
    this.#pieces = [];
    this.#kept = 0;
    this.#isWhole = true;
    this.#missing = -1;
    return frame;
  }

  #letGo(): void {
    this.#limits.giveRoom?.(this.#kept);
    this.#pieces = [];
    this.#kept = 0;
  }
}

/** A message with its length before it; the parts must not change until they are sent. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
  frame.writeInt32BE(message.length, 0);
  message.copy(frame, LENGTH_BYTES);
  return frame;
}
