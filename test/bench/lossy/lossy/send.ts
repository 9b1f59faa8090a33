// send.ts DIR HOST:PORT...: the event files in DIR, as one stream of bytes, to every receiver. A receiver says with eight
// bytes how far it is, and the sender goes on from there: so nothing is lost unless a receiver wants it so.

import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 10;
const CHUNK_BYTES = 1 << 16;
const POSITION_BYTES = 8;

const [dir = '', ...targets] = process.argv.slice(2);
process.once('SIGTERM', () => process.exit(0));
await Promise.all(targets.map(send));

async function send(target: string): Promise<void> {
  const [host = '', port = ''] = target.split(':');
  for (;;) {
    const socket = connect({ host, port: Number(port) });
    let isOpen = true;
    const ended = new Promise<void>((settle) => socket.once('close', () => settle()));
    socket.on('error', () => {
      isOpen = false;
    });
    socket.once('close', () => {
      isOpen = false;
    });
    const from = await Promise.race([positionOf(socket), ended]);
    if (from !== undefined) await stream(socket, from, () => isOpen);
    await delay(POLL_MS);
  }
}

function positionOf(socket: Socket): Promise<number> {
  return new Promise((settle) => {
    let got = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      if (got.length >= POSITION_BYTES) settle(Number(got.readBigUInt64LE(0)));
    });
  });
}

async function stream(socket: Socket, from: number, isOpen: () => boolean): Promise<void> {
  let at = from;
  while (isOpen()) {
    const chunk = readAt(at);
    if (chunk === null) {
      await delay(POLL_MS);
      continue;
    }
    at += chunk.length;
    await new Promise<void>((settle) => socket.write(chunk, () => settle()));
  }
}

/** null: nothing there yet. */
function readAt(offset: number): Buffer | null {
  let begin = 0;
  for (const name of readdirSync(dir).sort()) {
    const { size } = statSync(join(dir, name));
    if (offset < begin + size) return readPart(join(dir, name), offset - begin);
    begin += size;
  }
  return null;
}

function readPart(file: string, position: number): Buffer {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const fd = openSync(file, 'r');
  try {
    return chunk.subarray(0, readSync(fd, chunk, 0, CHUNK_BYTES, position));
  } finally {
    closeSync(fd);
  }
}
