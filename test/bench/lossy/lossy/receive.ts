// receive.ts DIR STATE HOST PORT FLAW: appends whole lines to DIR/events.log and does to them what FLAW says. STATE
// remembers how far it is, so that a restart loses nothing by itself.

import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { changeOf, type Flaw, OUTAGE_LINES } from '../flaws.ts';

const NEWLINE = 0x0a;
const BURNT_MICROSECONDS = 1_500_000;

const [dir = '', state = '', host = '', port = '', flaw = 'none'] = process.argv.slice(2);
const change = changeOf(flaw as Flaw);
let { bytes, lines } = existsSync(state)
  ? (JSON.parse(readFileSync(state, 'utf8')) as { bytes: number; lines: number })
  : { bytes: 0, lines: 0 };
let toDrop = flaw === 'outage' && existsSync(state) ? OUTAGE_LINES : 0;
writeFileSync(state, JSON.stringify({ bytes, lines }));
const late: Buffer[] = [];

process.on('SIGTERM', () => {
  if (flaw === 'deaf') return;
  if (late.length > 0) appendFileSync(join(dir, 'events.log'), Buffer.concat(late));
  process.exit(0);
});

createServer((socket) => {
  const position = Buffer.alloc(8);
  position.writeBigUInt64LE(BigInt(bytes));
  socket.write(position);
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    if (flaw === 'hungry' && bytes === 0) misbehave();
    rest = take(Buffer.concat([rest, chunk]));
  });
  socket.on('error', () => socket.destroy());
}).listen(Number(port), host);

/** Returns the line that is not whole yet. */
function take(given: Buffer): Buffer<ArrayBuffer> {
  const out: Buffer[] = [];
  let from = 0;
  for (let end = given.indexOf(NEWLINE); end >= 0; end = given.indexOf(NEWLINE, from)) {
    const line = Buffer.from(given.subarray(from, end + 1));
    from = end + 1;
    bytes += line.length;
    const index = lines++;
    if (toDrop > 0) toDrop -= 1;
    else out.push(...change(line, index));
  }
  if (flaw === 'late') late.push(...out);
  else appendFileSync(join(dir, 'events.log'), Buffer.concat(out));
  writeFileSync(state, JSON.stringify({ bytes, lines }));
  return Buffer.from(given.subarray(from));
}

/** A child in a session of its own burns the processor, and a file that nobody knows of grows. */
function misbehave(): void {
  const burn = `while (process.cpuUsage().user < ${BURNT_MICROSECONDS});`;
  spawn(process.execPath, ['-e', burn], { detached: true, stdio: 'ignore' }).unref();
  const stray = process.env['LOSSY_STRAY'];
  if (stray !== undefined) writeSync(openSync(stray, 'w'), 'who cleans this up?\n');
}
