// scribed.ts -c FILE: stands in for a scribed, as far as the adapter's companions talk to one. By the definition of the
// protocol and not by our code; it keeps messages in memory, and writes them to the file <FILE>.stored when it is asked to
// end. The first Log call is answered TRY_LATER.

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [, file = ''] = process.argv.slice(2);
const port = Number(/^port=(\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1]);
const messages: Buffer[] = [];
let logCalls = 0;

createServer((socket) => {
  let bytes = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
      const end = 4 + bytes.readInt32BE(0);
      const result = resultOf(bytes.subarray(4, end));
      bytes = bytes.subarray(end);
      const reply = Buffer.concat([
        Buffer.from('\0\0\0\x03xyz\x02\0\0\0\0', 'latin1'),
        result,
        Buffer.from([0]),
      ]);
      const length = Buffer.alloc(4);
      length.writeInt32BE(reply.length);
      // In two pieces, as a slow network would bring it.
      socket.write(Buffer.concat([length, reply.subarray(0, 5)]), () => socket.write(reply.subarray(5)));
    }
  });
}).listen(port);

function resultOf(call: Buffer): Buffer {
  const nameEnd = 4 + call.readInt32BE(0);
  const name = call.toString('latin1', 4, nameEnd);
  if (name === 'getVersion') return Buffer.from('\x0b\0\0\0\0\0\x032.2', 'latin1');
  if (name === 'shutdown') {
    writeFileSync(`${file}.stored`, Buffer.concat(messages));
    process.exit(0);
  }
  if (name !== 'Log') throw new Error(`an unknown method: ${name}`);
  logCalls += 1;
  if (logCalls === 1) return Buffer.from('\x08\0\0\0\0\0\x01', 'latin1');
  takeMessages(call, nameEnd + 1 + 4 + 3 + 1);
  return Buffer.from('\x08\0\0\0\0\0\0', 'latin1');
}

/** @param from where the number of entries is. */
function takeMessages(call: Buffer, from: number): void {
  let at = from + 4;
  const text = () => {
    const length = call.readInt32BE(at + 3);
    const value = call.subarray(at + 7, at + 7 + length);
    at += 7 + length;
    return value;
  };
  for (let left = call.readInt32BE(from); left > 0; left--) {
    if (text().toString() !== 'events') throw new Error('another category');
    messages.push(text());
    at += 1;
  }
  if (at !== call.length - 1) throw new Error(`${call.length - 1 - at} bytes behind the last entry`);
}
