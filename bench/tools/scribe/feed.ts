// feed.ts DIR POSITION HOST PORT: logs the lines of the event files in DIR to a Scribe server, in the order of the files'
// names, as they grow and roll. A batch that is answered TRY_LATER, or not at all, is sent again; where it goes on after
// a restart is in the file POSITION, written after each answer.

import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { logCall, OK, replyIn } from './thrift.ts';

const POLL_MS = 20;
const AGAIN_MS = 100;
const ANSWER_MS = 10_000;
const BATCH_BYTES = 1 << 18;
const NEWLINE = 0x0a;

interface Position {
  readonly file: string;
  readonly offset: number;
}

const [dir, positionFile, host, port] = process.argv.slice(2);
if (dir === undefined || positionFile === undefined || host === undefined || port === undefined) {
  console.error('usage: feed.ts DIR POSITION HOST PORT');
  process.exit(2);
}
let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
await feed(dir, positionFile, { host, port: Number(port) });

async function feed(from: string, path: string, server: { host: string; port: number }): Promise<void> {
  let position = readPosition(path);
  let socket: Socket | null = null;
  while (!stopping) {
    const batch = nextBatch(from, position);
    if (batch === null) {
      await delay(POLL_MS);
      continue;
    }
    if (batch.lines.length > 0) {
      socket ??= await opened(server);
      if (socket === null || !(await sent(socket, batch.lines))) {
        if (socket?.destroyed === true) socket = null;
        await delay(AGAIN_MS);
        continue;
      }
    }
    position = batch.after;
    writeFileSync(`${path}.tmp`, JSON.stringify(position));
    renameSync(`${path}.tmp`, path);
  }
  socket?.destroy();
}

function readPosition(path: string): Position {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Position;
  } catch {
    // The first start: from the first byte of the first file.
    return { file: '', offset: 0 };
  }
}

/** Whole lines with their newlines; null when there is nothing yet. */
function nextBatch(from: string, { file, offset }: Position): { lines: Buffer[]; after: Position } | null {
  // The order matters: a next file that exists means that this one is finished, once its end is reached.
  const next = readdirSync(from)
    .filter((name) => name.endsWith('.log') && name > file)
    .sort()[0];
  const lines = file === '' ? [] : linesAt(join(from, file), offset);
  const bytes = lines.reduce((sum, { length }) => sum + length, 0);
  if (bytes > 0) return { lines, after: { file, offset: offset + bytes } };
  return next === undefined ? null : { lines: [], after: { file: next, offset: 0 } };
}

function linesAt(path: string, offset: number): Buffer[] {
  const chunk = Buffer.allocUnsafe(BATCH_BYTES);
  const fd = openSync(path, 'r');
  const read = readSync(fd, chunk, 0, BATCH_BYTES, offset);
  closeSync(fd);
  const lines: Buffer[] = [];
  for (let start = 0; ; ) {
    const end = chunk.subarray(0, read).indexOf(NEWLINE, start);
    if (end < 0) return lines;
    lines.push(chunk.subarray(start, end + 1));
    start = end + 1;
  }
}

async function opened(server: { host: string; port: number }): Promise<Socket | null> {
  const socket = connect(server);
  socket.on('error', (error) => console.error(`feed: ${error.message}`));
  const isOpen = await Promise.race([
    once(socket, 'connect').then(
      () => true,
      () => false,
    ),
    once(socket, 'close').then(
      () => false,
      () => false,
    ),
  ]);
  return isOpen ? socket : null;
}

/** True when the server has taken the batch. */
async function sent(socket: Socket, lines: readonly Buffer[]): Promise<boolean> {
  socket.write(logCall('events', lines));
  const deadline = AbortSignal.timeout(ANSWER_MS);
  let answer = Buffer.alloc(0);
  while (!socket.destroyed && !deadline.aborted) {
    const chunk = await Promise.race([
      once(socket, 'data', { signal: deadline }).then(
        ([data]) => data as Buffer,
        () => null,
      ),
      once(socket, 'close', { signal: deadline }).then(
        () => null,
        () => null,
      ),
    ]);
    if (chunk === null) break;
    answer = Buffer.concat([answer, chunk]);
    const code = replyIn(answer);
    if (code !== null) return code === OK;
  }
  // Whatever it would still answer belongs to this batch, not to the next.
  socket.destroy();
  return false;
}
