// Frames of the hop protocol. Every frame is a header of 64 bytes and, for some types, a body. Little endian.
//
//    0 u16 magic 0x5753 ("SW")   2 u8 type   3 u8 flags   4 u32 body bytes   8 u64 from   16 u64 to
//   24 u64 sequence   32 u32 plain body bytes, of a compressed batch   36 u32 crc32 of the body   40 u64 credit   48 u64 events   56 .. 60 zero
//   60 u32 crc32 of bytes 0..60
//
//   hello    sender -> receiver   body: JSON (handshake.ts)
//   welcome  receiver -> sender   body: JSON; credit
//   refuse   receiver -> sender   body: JSON {code, message}; the connection closes behind it
//   batch    sender -> receiver   bytes [from, to) of the stream = body, events, crc32, sequence; flags 1: the body is
//                                 compressed with zstd, and crc32 is that of the plain bytes
//   skip     sender -> receiver   [from, to) will not come: events, reason in flags
//   ack      receiver -> sender   everything below `to` is durable; sequence of the last batch; credit
//   beat     both ways            nothing new; flags 1: the sender of it cannot take data now (its log is full)
//   bye      both ways            a clean end: nothing follows
//   challenge, proof              between hello and welcome where a token is asked for (token.ts); body: JSON
//
// Credit is a running total: the sender may have sent at most that many body bytes on this connection. A header is
// checked before anything is allocated for its body.

import { crc32 } from 'node:zlib';
import { getU64, putU64 } from '../bytes.ts';
import { SpillwayError } from '../errors.ts';

export const HEADER_BYTES = 64;
const MAGIC = 0x5753;

export const FrameType = {
  hello: 1,
  welcome: 2,
  refuse: 3,
  batch: 4,
  skip: 5,
  ack: 6,
  beat: 7,
  bye: 8,
  challenge: 9,
  proof: 10,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];
const TYPE_MAX = 10;

export const BEAT_BLOCKED = 1;
export const BATCH_ZSTD = 1;

/** Why a sender skips a range; the number travels in the flags of a skip. */
export const SKIP_REASONS = [
  'unknown',
  'peerLost',
  'dropOldest',
  'dropNewest',
  'maxAge',
  'damaged',
  'orphaned',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

export interface FrameHeader {
  readonly type: FrameType;
  readonly flags: number;
  readonly bodyBytes: number;
  /** Of a compressed batch, which the parser gives as if it had not been compressed. */
  readonly plainBytes: number;
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
  readonly events: number;
  readonly crc: number;
  readonly credit: number;
}

export interface Frame {
  readonly header: FrameHeader;
  /** Checked against the header's checksum. Of a batch: from the parser's `bodyBuffer`. */
  readonly body: Buffer;
}

const NOTHING: FrameHeader = {
  type: FrameType.beat,
  flags: 0,
  bodyBytes: 0,
  plainBytes: 0,
  from: 0,
  to: 0,
  sequence: 0,
  events: 0,
  crc: 0,
  credit: 0,
};

export function encodeHeader(fields: Partial<FrameHeader> & { readonly type: FrameType }): Buffer {
  const header = { ...NOTHING, ...fields };
  const out = Buffer.alloc(HEADER_BYTES);
  out.writeUInt16LE(MAGIC, 0);
  out.writeUInt8(header.type, 2);
  out.writeUInt8(header.flags, 3);
  out.writeUInt32LE(header.bodyBytes, 4);
  putU64(out, header.from, 8);
  putU64(out, header.to, 16);
  putU64(out, header.sequence, 24);
  out.writeUInt32LE(header.plainBytes, 32);
  out.writeUInt32LE(header.crc, 36);
  putU64(out, header.credit, 40);
  putU64(out, header.events, 48);
  out.writeUInt32LE(crc32(out.subarray(0, 60)), 60);
  return out;
}

/** A frame whose body is JSON. */
export function encodeMessage(type: FrameType, message: object, credit = 0): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([encodeHeader({ type, bodyBytes: body.length, crc: crc32(body), credit }), body]);
}

export interface ParserLimits {
  /** Of every frame with a JSON body. */
  readonly messageBytesMax: number;
  readonly batchBytesMax: number;
  /** Told of every frame before anything is allocated for its body; throws where it may not come now. */
  readonly onHeader?: (type: FrameType) => void;
  /** Where the body of a batch is put together. */
  readonly bodyBuffer?: (bytes: number) => Buffer;
  /** Of a compressed batch; without it there are none. */
  readonly unpack?: (body: Buffer, plainBytes: number) => Buffer;
}

const EMPTY = Buffer.alloc(0);

/** Takes bytes as they come, gives whole frames. After it has thrown, the connection is of no more use. */
export class FrameParser {
  readonly #limits: ParserLimits;
  readonly #head = Buffer.alloc(HEADER_BYTES);
  #headBytes = 0;
  #header: FrameHeader | null = null;
  #body: Buffer = EMPTY;
  #bodyBytes = 0;
  #crc = 0;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  /** @throws SpillwayError `protocol` with `data.reason`, a word for a counter. */
  *push(chunk: Buffer): Generator<Frame, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#header === null) {
        const take = Math.min(HEADER_BYTES - this.#headBytes, chunk.length - at);
        chunk.copy(this.#head, this.#headBytes, at, at + take);
        this.#headBytes += take;
        at += take;
        if (this.#headBytes < HEADER_BYTES) {
          if (this.#headBytes >= 2 && this.#head.readUInt16LE(0) !== MAGIC) throw notOurs(this.#head);
          return;
        }
        this.#header = this.#decode();
        if (this.#header.bodyBytes > 0) {
          this.#body = this.#bodyBuffer(this.#header);
          continue;
        }
      } else {
        const take = Math.min(this.#header.bodyBytes - this.#bodyBytes, chunk.length - at);
        const piece = chunk.subarray(at, at + take);
        this.#crc = crc32(piece, this.#crc);
        piece.copy(this.#body, this.#bodyBytes);
        this.#bodyBytes += take;
        at += take;
        if (this.#bodyBytes < this.#header.bodyBytes) return;
      }
      yield this.#finish(this.#header);
    }
  }

  #finish(header: FrameHeader): Frame {
    if (isPacked(header)) return this.#finishPacked(header);
    if (header.bodyBytes > 0 && this.#crc !== header.crc) {
      throw protocolError('body-checksum', 'the body of a frame does not match its checksum');
    }
    return { header, body: this.#reset() };
  }

  #finishPacked(header: FrameHeader): Frame {
    const packed = this.#reset();
    const plain = this.#limits.unpack?.(packed, header.plainBytes) ?? packed;
    if (crc32(plain) !== header.crc) {
      throw protocolError('body-checksum', 'the body of a compressed frame does not match its checksum');
    }
    const flags = header.flags & ~BATCH_ZSTD;
    const body = this.#bodyBuffer({ type: header.type, bodyBytes: plain.length, flags });
    plain.copy(body);
    return { header: { ...header, flags, bodyBytes: plain.length }, body };
  }

  /** Ready for the next frame; gives the body of the last. */
  #reset(): Buffer {
    const body = this.#body;
    this.#header = null;
    this.#headBytes = 0;
    this.#body = EMPTY;
    this.#bodyBytes = 0;
    this.#crc = 0;
    return body;
  }

  #bodyBuffer({ type, bodyBytes, flags }: Pick<FrameHeader, 'type' | 'bodyBytes' | 'flags'>): Buffer {
    const { bodyBuffer } = this.#limits;
    return type === FrameType.batch && bodyBuffer !== undefined && !isPacked({ type, flags })
      ? bodyBuffer(bodyBytes)
      : Buffer.allocUnsafe(bodyBytes);
  }

  #decode(): FrameHeader {
    const head = this.#head;
    if (head.readUInt16LE(0) !== MAGIC) throw notOurs(head);
    if (crc32(head.subarray(0, 60)) !== head.readUInt32LE(60)) {
      throw protocolError('header-checksum', 'the header of a frame does not match its checksum');
    }
    const type = head.readUInt8(2);
    if (type < 1 || type > TYPE_MAX) throw protocolError('frame-type', `frame type ${type} is not known`);
    const header: FrameHeader = {
      type: type as FrameType,
      flags: head.readUInt8(3),
      bodyBytes: head.readUInt32LE(4),
      plainBytes: head.readUInt32LE(32),
      from: getU64(head, 8),
      to: getU64(head, 16),
      sequence: getU64(head, 24),
      events: getU64(head, 48),
      crc: head.readUInt32LE(36),
      credit: getU64(head, 40),
    };
    if (Number.isNaN(header.from + header.to + header.sequence + header.credit + header.events)) {
      throw protocolError('number-range', 'a number in a frame is beyond 2^53');
    }
    if (isPacked(header)) this.#checkPacked(header);
    this.#limits.onHeader?.(header.type);
    const limit = this.#bodyLimit(header.type);
    if (header.bodyBytes > limit) {
      throw protocolError(
        'oversized',
        `a frame of type ${type} announces ${header.bodyBytes} bytes, at most ${limit} are allowed`,
      );
    }
    return header;
  }

  /** Before anything is allocated. */
  #checkPacked({ plainBytes }: FrameHeader): void {
    const { batchBytesMax, unpack } = this.#limits;
    if (unpack === undefined)
      throw protocolError('compression', 'a batch is compressed, which was not agreed');
    if (plainBytes > batchBytesMax) {
      const message = `a compressed batch announces ${plainBytes} bytes, at most ${batchBytesMax} are allowed`;
      throw protocolError('oversized', message);
    }
  }

  #bodyLimit(type: FrameType): number {
    switch (type) {
      case FrameType.hello:
      case FrameType.welcome:
      case FrameType.refuse:
      case FrameType.challenge:
      case FrameType.proof:
        return this.#limits.messageBytesMax;
      case FrameType.batch:
        return this.#limits.batchBytesMax;
      case FrameType.skip:
      case FrameType.ack:
      case FrameType.beat:
      case FrameType.bye:
        return 0;
      default:
        return type satisfies never;
    }
  }
}

function isPacked({ type, flags }: Pick<FrameHeader, 'type' | 'flags'>): boolean {
  return type === FrameType.batch && (flags & BATCH_ZSTD) !== 0;
}

export function protocolError(reason: string, message: string): SpillwayError {
  return new SpillwayError('protocol', message, { data: { reason } });
}

function notOurs(head: Buffer): SpillwayError {
  const start = head.toString('latin1', 0, 4);
  const looksLike = /^(GET |POST|HEAD|PUT |OPTI)/.test(start)
    ? ' (it looks like HTTP: is this the right port?)'
    : (head[0] === 0x16 || head[0] === 0x15) && head[1] === 3
      ? ' (it looks like TLS: set tls on both sides or on neither)'
      : '';
  return protocolError('not-spillway', `the peer does not speak the hop protocol${looksLike}`);
}
