// Scribe's one call of its own: ResultCode Log(1: list<LogEntry> messages), with LogEntry{1: category, 2: message}.
//
// Both ways move bytes of many entries without an object for each: who reads is called with places in the frame, and
// who writes fills one buffer that is used again.

import { NEWLINE } from '../../bytes.ts';
import { protocolError } from '../frame.ts';
import {
  FieldType,
  field,
  i32,
  type MessageHeader,
  MessageType,
  messageHeader,
  string,
  struct,
  ThriftReader,
} from './thrift.ts';

export const LOG = 'Log';
export const ResultCode = { ok: 0, tryLater: 1 } as const;
export type ResultCode = (typeof ResultCode)[keyof typeof ResultCode];

const RESULT_FIELD = 0;

/** Told every entry, by where in the frame its category and its message stand. */
export type OnEntry = (
  categoryFrom: number,
  categoryTo: number,
  messageFrom: number,
  messageTo: number,
) => void;

/** Reads the arguments behind the header. @throws SpillwayError `protocol`; entries may have been told by then. */
export function readLogCall(reader: ThriftReader, messagesMax: number, onEntry: OnEntry): void {
  let left = messagesMax;
  for (let type = reader.i8(); type !== FieldType.stop; type = reader.i8()) {
    const id = reader.i16();
    if (id !== 1 || type !== FieldType.list) {
      reader.skip(type);
      continue;
    }
    const count = reader.list(FieldType.struct);
    left -= count;
    if (left < 0) throw protocolError('too-many-messages', `a call has more than ${messagesMax} messages`);
    for (let entry = 0; entry < count; entry++) readEntry(reader, onEntry);
  }
  if (!reader.isAtEnd) throw protocolError('malformed', 'a frame goes on behind its message');
}

function readEntry(reader: ThriftReader, onEntry: OnEntry): void {
  let categoryFrom = 0;
  let categoryTo = 0;
  let messageFrom = 0;
  let messageTo = 0;
  for (let type = reader.i8(); type !== FieldType.stop; type = reader.i8()) {
    const id = reader.i16();
    if (type !== FieldType.string || (id !== 1 && id !== 2)) {
      reader.skip(type, 1);
      continue;
    }
    const length = reader.string();
    if (id === 1) {
      categoryFrom = reader.at - length;
      categoryTo = reader.at;
    } else {
      messageFrom = reader.at - length;
      messageTo = reader.at;
    }
  }
  onEntry(categoryFrom, categoryTo, messageFrom, messageTo);
}

/** The answer to a call, in the kind that was asked. */
export function logReply(call: MessageHeader, result: ResultCode): Buffer {
  return reply(call, struct(field(FieldType.i32, RESULT_FIELD, i32(result))));
}

/** @param result a struct: the value that a method returns is its field 0. */
export function reply(call: MessageHeader, result: Buffer): Buffer {
  return Buffer.concat([messageHeader({ ...call, type: MessageType.reply }), result]);
}

const UNKNOWN_METHOD = 1;

/** TApplicationException{1: string message, 2: i32 type}. */
export function unknownMethod(call: MessageHeader): Buffer {
  const text = field(FieldType.string, 1, string(`there is no method '${call.name}'`));
  const type = field(FieldType.i32, 2, i32(UNKNOWN_METHOD));
  return Buffer.concat([messageHeader({ ...call, type: MessageType.exception }), struct(text, type)]);
}

/** What a receiver answered to call `sequence`. @throws SpillwayError `protocol`, also for an exception of the receiver. */
export function readLogReply(bytes: Buffer, sequence: number): ResultCode {
  const reader = new ThriftReader(bytes);
  const header = reader.message();
  if (header.type === MessageType.exception) {
    throw protocolError('exception', `the receiver answers with an exception: ${exceptionText(reader)}`);
  }
  if (header.type !== MessageType.reply || header.sequence !== sequence) {
    const found = `message type ${header.type} for call ${header.sequence}`;
    throw protocolError(
      'unexpected-reply',
      `the receiver sent ${found}, expected the reply to call ${sequence}`,
    );
  }
  for (let type = reader.i8(); type !== FieldType.stop; type = reader.i8()) {
    if (reader.i16() !== RESULT_FIELD || type !== FieldType.i32) {
      reader.skip(type);
      continue;
    }
    const result = reader.i32();
    if (result === ResultCode.ok || result === ResultCode.tryLater) return result;
    throw protocolError(
      'unexpected-reply',
      `the receiver answers ${result}, neither OK (0) nor TRY_LATER (1)`,
    );
  }
  throw protocolError('unexpected-reply', 'the reply of the receiver has no result');
}

function exceptionText(reader: ThriftReader): string {
  for (let type = reader.i8(); type !== FieldType.stop; type = reader.i8()) {
    if (reader.i16() !== 1 || type !== FieldType.string) {
      reader.skip(type);
      continue;
    }
    const length = reader.string();
    return reader.bytes.toString('utf8', reader.at - length, reader.at).slice(0, 200);
  }
  return 'without a text';
}

const LENGTH_BYTES = 4;
/** Field head and length of a message, and the end of its entry. */
const MESSAGE_OVERHEAD_BYTES = 3 + 4 + 1;

/**
 * One call at a time, framed and strict, in a buffer that is used again for the next one: it must have been sent by
 * then. It grows to the largest call.
 */
export class LogCallWriter {
  #buffer: Buffer;
  #at = 0;
  #count = 0;
  #countAt = 0;
  #head: Buffer = Buffer.alloc(0);

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#at;
  }

  /** What an event of so many bytes adds. */
  costOf(bytes: number): number {
    return this.#head.length + MESSAGE_OVERHEAD_BYTES + bytes;
  }

  begin(category: string, sequence: number): void {
    this.#head = field(FieldType.string, 1, string(category));
    const header = messageHeader({ isStrict: true, type: MessageType.call, name: LOG, sequence });
    const list = field(FieldType.list, 1, Buffer.from([FieldType.struct]));
    this.#at = LENGTH_BYTES;
    this.#count = 0;
    this.#room(header.length + list.length + 4);
    this.#at += header.copy(this.#buffer, this.#at);
    this.#at += list.copy(this.#buffer, this.#at);
    this.#countAt = this.#at;
    this.#at += 4;
  }

  add(events: Buffer, from: number, to: number): void {
    this.#room(this.costOf(to - from));
    this.#at += this.#head.copy(this.#buffer, this.#at);
    this.#at = this.#buffer.writeUInt8(FieldType.string, this.#at);
    this.#at = this.#buffer.writeInt16BE(2, this.#at);
    this.#at = this.#buffer.writeInt32BE(to - from, this.#at);
    this.#at += events.copy(this.#buffer, this.#at, from, to);
    this.#at = this.#buffer.writeUInt8(FieldType.stop, this.#at);
    this.#count++;
  }

  /** The whole frame. */
  finish(): Buffer {
    this.#room(1);
    this.#at = this.#buffer.writeUInt8(FieldType.stop, this.#at);
    this.#buffer.writeInt32BE(this.#count, this.#countAt);
    this.#buffer.writeInt32BE(this.#at - LENGTH_BYTES, 0);
    return this.#buffer.subarray(0, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#at + bytes, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

/** Where the event that begins at `from` ends, its newline counted in. */
export function eventEnd(events: Buffer, from: number): number {
  const newline = events.indexOf(NEWLINE, from);
  return newline === -1 ? events.length : newline + 1;
}
