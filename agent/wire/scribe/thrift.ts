// Apache Thrift's binary protocol (TBinaryProtocol), as far as Scribe and fb303 need it. All numbers are big endian.
//
//   message   strict: i32 0x80010000 | type, string name, i32 seqid; else: string name, i8 type, i32 seqid
//   struct    (i8 field type, i16 field id, value)..., i8 0
//   string    i32 length, bytes      list   i8 element type, i32 count, elements
//   map       i8 key type, i8 value type, i32 count, pairs
//
// The reader trusts no number it reads: every step is held against the bytes that there are, and no count is allocated.

import { protocolError } from '../frame.ts';

export const MessageType = { call: 1, reply: 2, exception: 3, oneway: 4 } as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

export const FieldType = {
  stop: 0,
  bool: 2,
  i8: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;

/** What a call was written in, and its answer is: strict has a version before it. */
export interface MessageHeader {
  readonly isStrict: boolean;
  readonly type: MessageType;
  readonly name: string;
  readonly sequence: number;
}

const VERSION_1 = 0x8001;
const NAME_BYTES_MAX = 128;
const DEPTH_MAX = 16;
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [FieldType.bool]: 1,
  [FieldType.i8]: 1,
  [FieldType.double]: 8,
  [FieldType.i16]: 2,
  [FieldType.i32]: 4,
  [FieldType.i64]: 8,
};

/** Every method throws SpillwayError `protocol` where the bytes end too early or cannot be what they say. */
export class ThriftReader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  message(): MessageHeader {
    const first = this.i32();
    if (first < 0) return this.#strict(first);
    const name = this.#name(first);
    return { isStrict: false, type: messageType(this.i8()), name, sequence: this.i32() };
  }

  i8(): number {
    return this.bytes.readInt8(this.#advance(1));
  }

  i16(): number {
    return this.bytes.readInt16BE(this.#advance(2));
  }

  i32(): number {
    return this.bytes.readInt32BE(this.#advance(4));
  }

  /** Passes over a string; its bytes are those before `at` now, as many as it returns. */
  string(): number {
    const length = this.i32();
    if (length < 0) throw protocolError('malformed', `a string says it has ${length} bytes`);
    this.#advance(length);
    return length;
  }

  /** The number of elements that a list says it has; they are of type `element`. */
  list(element: number): number {
    const type = this.i8();
    const count = this.#count();
    if (count > 0 && type !== element)
      throw protocolError('malformed', `a list has elements of type ${type}, expected ${element}`);
    return count;
  }

  /** Passes over a value of that type. */
  skip(type: number, depth = 0): void {
    if (depth > DEPTH_MAX) throw protocolError('malformed', `values are nested more than ${DEPTH_MAX} deep`);
    const fixed = FIXED_BYTES[type];
    if (fixed !== undefined) this.#advance(fixed);
    else if (type === FieldType.string) this.string();
    else if (type === FieldType.struct) this.#skipStruct(depth);
    else if (type === FieldType.map) this.#skipPairs(depth);
    else if (type === FieldType.set || type === FieldType.list) this.#skipElements(depth);
    else throw protocolError('malformed', `there is no type ${type}`);
  }

  #strict(first: number): MessageHeader {
    const version = first >>> 16;
    if (version !== VERSION_1) throw protocolError('malformed', `a message is of version ${version}`);
    const type = messageType(first & 0xff);
    const name = this.#name(this.i32());
    return { isStrict: true, type, name, sequence: this.i32() };
  }

  #name(length: number): string {
    if (length < 0 || length > NAME_BYTES_MAX)
      throw protocolError('malformed', `the name of a method says it has ${length} bytes`);
    const from = this.#advance(length);
    return this.bytes.toString('latin1', from, this.at);
  }

  #skipStruct(depth: number): void {
    for (let type = this.i8(); type !== FieldType.stop; type = this.i8()) {
      this.i16();
      this.skip(type, depth + 1);
    }
  }

  #skipElements(depth: number): void {
    const type = this.i8();
    for (let left = this.#count(); left > 0; left--) this.skip(type, depth + 1);
  }

  #skipPairs(depth: number): void {
    const [key, value] = [this.i8(), this.i8()];
    for (let left = this.#count(); left > 0; left--) {
      this.skip(key, depth + 1);
      this.skip(value, depth + 1);
    }
  }

  /** Each element has at least a byte: more of them than bytes cannot be. */
  #count(): number {
    const count = this.i32();
    if (count < 0 || count > this.bytes.length - this.at)
      throw protocolError('malformed', `a container says it has ${count} elements`);
    return count;
  }

  #advance(bytes: number): number {
    const from = this.at;
    if (bytes > this.bytes.length - from)
      throw protocolError('truncated', 'a message ends before its last value');
    this.at += bytes;
    return from;
  }
}

function messageType(type: number): MessageType {
  const known = Object.values(MessageType).find((one) => one === type);
  if (known === undefined) throw protocolError('malformed', `there is no message of type ${type}`);
  return known;
}

export function messageHeader({ isStrict, type, name, sequence }: MessageHeader): Buffer {
  const tail = Buffer.alloc(4);
  tail.writeInt32BE(sequence, 0);
  if (!isStrict) return Buffer.concat([string(name), Buffer.from([type]), tail]);
  const version = Buffer.alloc(4);
  version.writeUInt32BE(VERSION_1 * 0x1_0000 + type, 0);
  return Buffer.concat([version, string(name), tail]);
}

export function string(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([i32(body.length), body]);
}

export function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value, 0);
  return bytes;
}

export function i64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value), 0);
  return bytes;
}

export function field(type: number, id: number, value: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0]);
  head.writeInt16BE(id, 1);
  return Buffer.concat([head, value]);
}

/** Fields as a struct. */
export function struct(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat([...fields, Buffer.from([FieldType.stop])]);
}
