// Scribe's `ResultCode Log(1: list<LogEntry> messages)` in Thrift's binary protocol, framed, as much as a client needs.
//
//   frame    i32 length | message
//   call     string "Log" | i8 1 | i32 sequence | i8 15, i16 1: list of structs | i8 0
//   LogEntry i8 11, i16 1: string category | i8 11, i16 2: string message | i8 0
//   reply    ... | i8 8, i16 0: i32 code | i8 0

export const OK = 0;
export const TRY_LATER = 1;

const HEAD_BYTES = 4;
/** The code and the stop byte after it. */
const TAIL_BYTES = 5;

/** Not in strict form, as Scribe's own clients write it. */
export function logCall(category: string, messages: readonly Buffer[]): Buffer {
  const entries = messages.flatMap((message) => [
    field(11, 1),
    text(category),
    field(11, 2),
    int32(message.length),
    message,
    Buffer.from([0]),
  ]);
  const list = [field(15, 1), Buffer.from([12]), int32(messages.length), ...entries];
  const body = Buffer.concat([text('Log'), Buffer.from([1]), int32(0), ...list, Buffer.from([0])]);
  return Buffer.concat([int32(body.length), body]);
}

/** The code of a whole reply; null while bytes are missing. */
export function replyIn(bytes: Buffer): number | null {
  if (bytes.length < HEAD_BYTES) return null;
  const end = HEAD_BYTES + bytes.readInt32BE(0);
  if (bytes.length < end) return null;
  return bytes.readInt32BE(end - TAIL_BYTES);
}

function field(type: number, id: number): Buffer {
  return Buffer.from([type, id >> 8, id & 255]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([int32(bytes.length), bytes]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
