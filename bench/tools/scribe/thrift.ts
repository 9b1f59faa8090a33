// As much of Scribe's protocol as a client needs: Thrift's framed transport and binary protocol, calls not in strict form,
// as Scribe's own clients write them.
//
//   frame    i32 length | message
//   call     string name | i8 1 | i32 sequence | arguments
//   Log      i8 15, i16 1: list of LogEntry (i8 12, i32 count) | i8 0
//   LogEntry i8 11, i16 1: string category | i8 11, i16 2: string message | i8 0
//   reply    string name | i8 2 | i32 sequence | i8 type, i16 0: result | i8 0; in strict form: i32 version and type | name ...
//
// Beside `ResultCode Log(1: list<LogEntry> messages)` there are two calls of fb303 that scribe_ctrl makes:
// `string getVersion()`, and `oneway void shutdown()`, which has no reply.

export const OK = 0;
export const TRY_LATER = 1;

const NEWLINE = 0x0a;
const INT_BYTES = 4;
const CALL = 1;
const REPLY = 2;
/** The code and the stop byte after it. */
const TAIL_BYTES = INT_BYTES + 1;

/** @param lines whole ones; each is a message, its newline included. */
export function logCall(category: string, lines: Buffer): Buffer {
  const entryHead = Buffer.concat([field(11, 1), text(category), field(11, 2)]);
  const head = Buffer.concat([int32(0), callHead('Log'), field(15, 1), Buffer.from([12]), int32(0)]);
  const count = linesIn(lines);
  const frame = Buffer.allocUnsafe(
    head.length + count * (entryHead.length + INT_BYTES + 1) + lines.length + 1,
  );
  let at = head.copy(frame);
  frame.writeInt32BE(frame.length - INT_BYTES, 0);
  frame.writeInt32BE(count, head.length - INT_BYTES);
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(NEWLINE, start) + 1;
    at += entryHead.copy(frame, at);
    at = frame.writeInt32BE(end - start, at);
    at += lines.copy(frame, at, start, end);
    at = frame.writeUInt8(0, at);
    start = end;
  }
  frame.writeUInt8(0, at);
  return frame;
}

/** Of a method without arguments. */
export function plainCall(method: 'getVersion' | 'shutdown'): Buffer {
  const body = Buffer.concat([callHead(method), Buffer.from([0])]);
  return Buffer.concat([int32(body.length), body]);
}

/** The result of a whole reply to Log; `failed` where the server answered with an exception; null while bytes are missing. */
export function resultIn(bytes: Buffer): number | 'failed' | null {
  const message = messageIn(bytes);
  if (message === null) return null;
  return typeOf(message) === REPLY ? message.readInt32BE(message.length - TAIL_BYTES) : 'failed';
}

/** The same of a method that returns a string. */
export function textIn(bytes: Buffer): string | 'failed' | null {
  const message = messageIn(bytes);
  if (message === null) return null;
  if (typeOf(message) !== REPLY) return 'failed';
  const nameAt = message.readInt32BE(0) < 0 ? INT_BYTES : 0;
  // name, type in the form that is not strict, sequence, head of the field
  const at = nameAt + INT_BYTES + message.readInt32BE(nameAt) + (nameAt > 0 ? 0 : 1) + INT_BYTES + 3;
  return message.toString('utf8', at + INT_BYTES, at + INT_BYTES + message.readInt32BE(at));
}

function messageIn(bytes: Buffer): Buffer | null {
  if (bytes.length < INT_BYTES) return null;
  const end = INT_BYTES + bytes.readInt32BE(0);
  return bytes.length < end ? null : bytes.subarray(INT_BYTES, end);
}

function typeOf(message: Buffer): number {
  const first = message.readInt32BE(0);
  return first < 0 ? first & 0xff : message.readUInt8(INT_BYTES + first);
}

function linesIn(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at >= 0; at = lines.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function callHead(method: string): Buffer {
  return Buffer.concat([text(method), Buffer.from([CALL]), int32(0)]);
}

function field(type: number, id: number): Buffer {
  return Buffer.from([type, id >> 8, id & 255]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([int32(bytes.length), bytes]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(INT_BYTES);
  bytes.writeInt32BE(value);
  return bytes;
}
