// Whether a log that was opened again holds what was promised: every acknowledged event exactly once and in order,
// nothing half, positions, counters and offsets that fit the bytes, and files that hold what the journals say.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { EventLog, LogOptions } from '../../../agent/log/log.ts';
import type { ReadBatch } from '../../../agent/log/reader.ts';
import type { ModelDisk } from './model-disk.ts';
import { OWNER, openCursor, type Promised } from './workload.ts';

const BUFFER_BYTES = 8 * 1024;

/** Every batch that the log holds; a gap is an error. */
export async function everyBatch(log: EventLog, from = log.start.offset): Promise<ReadBatch[]> {
  const reader = log.reader(from);
  const batches: ReadBatch[] = [];
  const buffer = Buffer.alloc(BUFFER_BYTES);
  for (;;) {
    const result = await reader.next(buffer);
    if (result.kind === 'end') break;
    if (result.kind === 'gap')
      throw new Error(
        `gap ${result.reason} from ${result.from} to ${result.to}, log ends at ${log.endOffset}`,
      );
    for (const { record, bytes } of result.batches) batches.push({ record, bytes: Buffer.from(bytes) });
  }
  await reader.close();
  return batches;
}

export interface Opened {
  readonly options: LogOptions;
  readonly disk: ModelDisk;
  readonly promised: Promised;
}

/** @throws where the log is not what was promised. */
export async function examine(log: EventLog, { options, disk, promised }: Opened): Promise<void> {
  const positions = positionsOf(log, promised);
  const batches = await everyBatch(log);
  checkOffsets(log, batches);
  checkFeeds(log, batches, positions, promised);
  checkCounters(log, positions, promised);
  checkFiles(log, batches, options, disk);
  const { file, state } = await openCursor(log);
  await file.close();
  const { offset } = state.position;
  assert.ok(offset >= promised.cursor, `the cursor fell from ${promised.cursor} to ${offset}`);
  assert.ok(offset <= log.endOffset, `the cursor ${offset} is beyond the end ${log.endOffset}`);
  assert.ok(log.start.offset <= promised.cursorWritten, 'bytes that a destination wants were deleted');
}

/** How far each feed is by the log: a feed that was to be forgotten and is, is at its end. */
function positionsOf(log: EventLog, { feeds, leaving, acknowledged }: Promised): Map<string, number> {
  const positions = new Map<string, number>();
  for (const [name, feed] of feeds) {
    const source = log.findSource(name);
    const position = source?.position ?? (leaving.has(name) ? feed.end : 0);
    const least = acknowledged.get(name) ?? 0;
    assert.ok(position >= least, `${name} is at ${position}, acknowledged was ${least}`);
    positions.set(name, position);
    // from now on this is what a source goes by
    acknowledged.set(name, position);
  }
  return positions;
}

function checkOffsets(log: EventLog, batches: readonly ReadBatch[]): void {
  let { offset, events } = log.start;
  for (const { record } of batches) {
    assert.equal(record.from, offset, 'batches lie end to end');
    assert.equal(record.eventsBefore, events, 'events are counted through');
    offset = record.to;
    events += record.events;
  }
  assert.deepEqual(log.end, { offset, events });
}

function checkFeeds(
  log: EventLog,
  batches: readonly ReadBatch[],
  positions: ReadonlyMap<string, number>,
  { feeds }: Promised,
): void {
  const next = new Map<string, number>();
  for (const { record, bytes } of batches) {
    const name = /^\S+/.exec(bytes.toString('latin1', 0, 40))?.[0] ?? '';
    const feed = feeds.get(name);
    assert.ok(feed !== undefined, `no feed ${name}`);
    assert.deepEqual(bytes, feed.bytes(record.sourceFrom, record.sourceEnd), `bytes of ${name}`);
    // what was deleted before the log's start was checked by its counters
    const expected = next.get(name) ?? (log.start.offset === 0 ? 0 : record.sourceFrom);
    assert.equal(record.sourceFrom, feed.afterQuarantined(expected), `${name} goes on where it stopped`);
    next.set(name, record.sourceEnd);
  }
  for (const [name, end] of next) {
    const position = positions.get(name) ?? 0;
    assert.equal(
      feeds.get(name)?.afterQuarantined(end),
      feeds.get(name)?.afterQuarantined(position),
      `end of ${name}`,
    );
  }
}

function checkCounters(log: EventLog, positions: ReadonlyMap<string, number>, { feeds }: Promised): void {
  const expected = { appended: { events: 0, bytes: 0 }, quarantined: { events: 0, bytes: 0 } };
  for (const [name, feed] of feeds) {
    const counts = feed.counts(positions.get(name) ?? 0);
    for (const outcome of ['appended', 'quarantined'] as const) {
      expected[outcome].events += counts[outcome].events;
      expected[outcome].bytes += counts[outcome].bytes;
    }
  }
  const { appended, quarantined } = log.counts(OWNER);
  assert.deepEqual({ appended, quarantined }, expected, 'counters');
  assert.deepEqual(log.end, { offset: expected.appended.bytes, events: expected.appended.events });
}

/** The plain-text files hold the batches and nothing else: people and programs read them as they are. */
function checkFiles(
  log: EventLog,
  batches: readonly ReadBatch[],
  { dir }: LogOptions,
  disk: ModelDisk,
): void {
  const files = disk.paths().filter((path) => /^\d{20}\.log$/.test(path.slice(dir.length + 1)));
  const text = Buffer.concat(files.map((path) => disk.bytesOf(path)));
  assert.equal(text.length, log.end.offset - log.start.offset, 'the segment files are as long as the log');
  assert.deepEqual(text, Buffer.concat(batches.map(({ bytes }) => bytes)), 'the segment files are the log');
  const strays = disk.paths().filter((path) => path.startsWith(join(dir, 'quarantine')));
  assert.deepEqual(strays, [], 'nothing was set aside');
}
