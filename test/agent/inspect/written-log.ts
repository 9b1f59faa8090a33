// A log as an agent left it: several segments of known batches from two sources, and the cursor of a destination. The
// damage done to it, and what a real reader still delivers of it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import { Position } from '../../../agent/sink/position.ts';

export const MAIN = join(import.meta.dirname, '../../../agent/main.ts');
export const SINK = 'sink';
export const BATCHES = 60;
export const DELIVERED = 25;
const OWNERS = ['spool', 'hop'] as const;

export function optionsFor(dir: string, more: Partial<LogOptions> = {}): LogOptions {
  return {
    dir,
    durability: 'fsync',
    segmentBytes: 64 * 1024,
    journalBytesMax: 64 * 1024,
    capBytes: 64 * 1024 * 1024,
    reserveBytes: 0,
    keepBytes: 64 * 1024 * 1024,
    keepAgeMs: 86_400_000,
    pendingBytesMax: 1024 * 1024,
    ...more,
  };
}

export interface Written {
  readonly from: number;
  readonly bytes: Buffer;
  readonly events: number;
  readonly owner: string;
  readonly timeMs: number;
}

/** A closed log; the destination has got the first batches. Every batch came a second after the one before. */
async function writeLog(dir: string): Promise<Written[]> {
  let now = Date.UTC(2026, 0, 1);
  const log = await EventLog.open(optionsFor(dir), undefined, () => now);
  const position = await Position.open(log, SINK, 'oldest');
  const sources = OWNERS.map((owner) =>
    log.defineSource({ owner, key: owner, identity: { name: owner }, position: 0 }),
  );
  const written: Written[] = [];
  for (let index = 0; index < BATCHES; index++) {
    const source = sources[index % 3 === 0 ? 1 : 0];
    if (source === undefined) throw new Error('no source');
    const events = 40 + ((index * 7) % 60);
    const bytes = Buffer.from(
      Array.from({ length: events }, (_, line) => `batch ${index} line ${line} ${'x'.repeat(40)}\n`).join(''),
    );
    const from = log.endOffset;
    now += 1000;
    const end = source.position + bytes.length;
    await log.append({
      source,
      from: source.position,
      end,
      chunks: [bytes],
      bytes: bytes.length,
      events,
      crc: crc32(bytes),
      sequence: 0,
    });
    written.push({ from, bytes, events, owner: source.owner, timeMs: now });
    if (index === DELIVERED - 1)
      position.acknowledge({ from, end: log.end, crc: crc32(bytes), isSkip: false });
  }
  await position.close();
  await log.close();
  return written;
}

export async function temporaryDirectory(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-inspect-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export interface Example {
  readonly dir: string;
  readonly written: readonly Written[];
  /** Segments, oldest first. */
  readonly names: readonly string[];
}

const template = join(await mkdtemp(join(tmpdir(), 'spillway-inspect-')), 'log');
const writing = writeLog(template);
test.after.always(() => rm(dirname(template), { recursive: true, force: true }));

/** A log of the test's own. */
export async function example(t: ExecutionContext): Promise<Example> {
  const written = await writing;
  const dir = join(await temporaryDirectory(t), 'log');
  await cp(template, dir, { recursive: true });
  return { dir, written, names: (await readdir(dir)).filter((name) => name.endsWith('.log')).sort() };
}

export const journalOf = (dir: string, name: string) =>
  join(dir, 'journal', name.replace('.log', '.journal'));
export const baseOf = (name: string) => Number(name.slice(0, 20));
export const total = (batches: readonly Written[]) => ({
  events: batches.reduce((sum, { events }) => sum + events, 0),
  bytes: batches.reduce((sum, { bytes }) => sum + bytes.length, 0),
});

/** Every batch that a real reader delivers after a real start on a copy of the log. */
export async function deliveredFrom(t: ExecutionContext, dir: string): Promise<Map<number, Buffer>> {
  const copy = join(await temporaryDirectory(t), 'copy');
  await cp(dir, copy, { recursive: true });
  const log = await EventLog.open(optionsFor(copy, { durability: 'os' }));
  const reader = log.reader(0);
  const delivered = new Map<number, Buffer>();
  try {
    for (;;) {
      const result = await reader.next(Buffer.alloc(16 * 1024));
      if (result.kind === 'end') return delivered;
      if (result.kind === 'gap') continue;
      for (const { record, bytes } of result.batches) delivered.set(record.from, Buffer.from(bytes));
    }
  } finally {
    await reader.close();
    await log.close();
  }
}

export async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.writeUInt8((bytes[at] ?? 0) ^ 0x10, at);
  await writeFile(path, bytes);
}

export const DAMAGES = ['flip', 'cut', 'zero', 'remove', 'garbage'] as const;

export async function spoil(path: string, where: number, how: (typeof DAMAGES)[number]): Promise<void> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null || bytes.length === 0) return;
  const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
  if (how === 'remove') await rm(path);
  else if (how === 'cut') await truncate(path, at);
  else if (how === 'flip') await flip(path, at);
  else await writeFile(path, bytes.fill(how === 'zero' ? 0 : 0x5a, at));
}

/** Where in the journal the record of the batch at a log offset begins. */
export function findRecord(journal: Buffer, from: number): number {
  for (let at = 64; at < journal.length; at += journal.readUInt32LE(at + 4)) {
    if (journal.readUInt8(at + 8) === 1 && Number(journal.readBigUInt64LE(at + 16)) === from) return at;
  }
  throw new Error(`no record for ${from}`);
}

/** Every file below a directory, with its bytes: to see that nothing was changed. */
export async function contentOf(dir: string): Promise<Record<string, number>> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, crc32(await readFile(path))])),
  );
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** `agent` with these arguments, to its end. */
export async function agent(...args: readonly string[]): Promise<Ran> {
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout: Buffer.concat(out), stderr };
}

/** The object that a tool prints with --json. */
export function jsonOf({ stdout }: Ran): Record<string, unknown> {
  return JSON.parse(stdout.toString().trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}
