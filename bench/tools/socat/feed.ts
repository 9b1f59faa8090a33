// feed.ts DIR COMMAND ARG...: writes the event files in DIR into COMMAND's standard input, in the order of their
// names, as they grow and roll, like a `tail -F` that never misses the end of a rolled file.
//
// On SIGTERM it goes on to the end of the last file, then closes the pipe and waits for COMMAND. When COMMAND ends
// early (the receiver went away) another is started and the bytes in the pipe are lost: socat promises nothing.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;
const RESTART_MS = 100;
const CHUNK_BYTES = 1 << 20;

const [dir, command, ...args] = process.argv.slice(2);
if (dir === undefined || command === undefined) {
  console.error('usage: feed.ts DIR COMMAND ARG...');
  process.exit(2);
}
let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
await feed(dir, command);

async function feed(from: string, program: string): Promise<void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let sink = startSink(program);
  let file = '';
  let fd: number | null = null;
  for (;;) {
    // The order matters: a next file that exists means that this one is finished, once its end is reached.
    const next = nextFile(from, file);
    const read = fd === null ? 0 : readSync(fd, chunk, 0, CHUNK_BYTES, null);
    if (read > 0) {
      sink = await write(sink, program, chunk.subarray(0, read));
    } else if (next !== null) {
      if (fd !== null) closeSync(fd);
      file = next;
      fd = openSync(join(from, next), 'r');
    } else if (stopping) {
      break;
    } else {
      await delay(POLL_MS);
    }
  }
  await finish(sink);
}

function nextFile(from: string, after: string): string | null {
  const names = readdirSync(from).filter((name) => name.endsWith('.log') && name > after);
  return names.sort()[0] ?? null;
}

async function write(sink: ChildProcess, program: string, bytes: Buffer): Promise<ChildProcess> {
  const live = hasEnded(sink) ? await restart(program) : sink;
  // The chunk is used again, so the pipe must have taken it.
  await new Promise<void>((settle) => {
    live.once('close', () => settle());
    const { stdin } = live;
    if (stdin === null || hasEnded(live)) return settle();
    stdin.write(bytes, () => {
      live.removeAllListeners('close');
      settle();
    });
  });
  return live;
}

function hasEnded(sink: ChildProcess): boolean {
  return sink.exitCode !== null || sink.signalCode !== null;
}

async function restart(program: string): Promise<ChildProcess> {
  await delay(RESTART_MS);
  return startSink(program);
}

function startSink(program: string): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  // EPIPE when the receiver goes away; the next write sees that the child has ended.
  child.stdin.on('error', (error) => console.error(`feed: ${error.message}`));
  return child;
}

async function finish(sink: ChildProcess): Promise<void> {
  if (hasEnded(sink)) return;
  const ended = once(sink, 'exit');
  sink.stdin?.end();
  await ended;
}
