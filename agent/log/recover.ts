// Opening a log that is there: which segments exist, what the last journal says, where the last commit ended.
//
// Only headers of the older journals are read, and the last journal as a whole, so the time this takes does not grow
// with the backlog. What is behind the last commit was never acknowledged to anyone and is cut off.

import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Disk } from './disk.ts';
import { readFile } from './identity.ts';
import {
  type BatchRecord,
  decodeBatch,
  decodeHeader,
  decodeNote,
  HEADER_BYTES,
  isBatch,
  type JournalHeader,
  RecordType,
  recordSize,
} from './record.ts';
import {
  baseOf,
  batchesFrom,
  JOURNAL_DIRECTORY,
  JOURNAL_SUFFIX,
  journalPath,
  SEGMENT_SUFFIX,
  Segment,
  segmentPath,
} from './segment.ts';
import { SourceTable } from './sources.ts';

const CHECK_BYTES = 1024 * 1024;

export interface Recovered {
  /** By base offset; the last one is the one to go on with. Empty for a new log. */
  readonly segments: Segment[];
  readonly table: SourceTable;
  /** For the log: what was cut off, set aside or found wrong. */
  readonly remarks: readonly string[];
}

export async function recover(disk: Disk, dir: string): Promise<Recovered> {
  const remarks: string[] = [];
  const journals = await journalBases(disk, dir);
  await setAsideStrays(disk, dir, journals, remarks);
  const bases = await dropDeleted(disk, dir, journals);
  while (bases.length > 0) {
    const last = bases.at(-1) ?? 0;
    const replayed = await replay(disk, dir, last, remarks);
    if (replayed !== null) {
      const older = await Promise.all(bases.slice(0, -1).map((base) => openSealed(disk, dir, base)));
      const segments = await linkUp(disk, [...older.filter((segment) => segment !== null), replayed.segment]);
      for (const segment of segments.slice(0, -1)) await cutUncommitted(disk, segment, remarks);
      return { segments, table: replayed.table, remarks };
    }
    // its checkpoint never became whole: nothing in it was ever committed
    remarks.push(`removed segment ${last}, which was begun but holds no commit`);
    await disk.remove(journalPath(dir, last));
    await disk.remove(segmentPath(dir, last)).catch(() => undefined);
    bases.pop();
  }
  return { segments: [], table: new SourceTable(), remarks };
}

async function journalBases(disk: Disk, dir: string): Promise<number[]> {
  const names = await disk.list(join(dir, JOURNAL_DIRECTORY));
  return names
    .map((name) => baseOf(name, JOURNAL_SUFFIX))
    .filter((base) => base !== null)
    .sort((a, b) => a - b);
}

/**
 * Segment files without a journal: empty where the process died while it began one, else damage, and set aside in
 * quarantine/ for someone to look at.
 */
async function setAsideStrays(
  disk: Disk,
  dir: string,
  journals: readonly number[],
  remarks: string[],
): Promise<void> {
  const known = new Set(journals);
  for (const name of await disk.list(dir)) {
    const base = baseOf(name, SEGMENT_SUFFIX);
    if (base === null || known.has(base)) continue;
    const path = join(dir, name);
    if ((await disk.facts(path)).size === 0) {
      await disk.remove(path);
    } else {
      await disk.makeDirectory(join(dir, 'quarantine'));
      await disk.rename(path, join(dir, 'quarantine', `${name}.no-journal`));
      remarks.push(
        `set aside ${name} in quarantine/: it has no journal, so nothing says what was committed of it`,
      );
    }
  }
}

/** Journals (but the last) whose data is gone: the process died while it deleted them. The rest is returned. */
async function dropDeleted(disk: Disk, dir: string, bases: readonly number[]): Promise<number[]> {
  const left: number[] = [];
  for (const base of bases) {
    const there = await disk.facts(segmentPath(dir, base)).then(
      () => true,
      () => false,
    );
    if (there || base === bases.at(-1)) left.push(base);
    else await disk.remove(journalPath(dir, base));
  }
  return left;
}

/** A sealed segment, from its journal's header and the sizes of its files; null where the header is damaged. */
async function openSealed(disk: Disk, dir: string, base: number): Promise<Segment | null> {
  const header = await readHeader(disk, journalPath(dir, base));
  if (header === null) return null;
  const segment = new Segment(dir, base, header.baseEvent, header.createdMs);
  const data = await disk.facts(segment.path).catch(() => ({ size: 0, modifiedMs: header.createdMs }));
  segment.bytes = data.size;
  segment.lastMs = data.modifiedMs;
  segment.journalBytes = (await disk.facts(segment.journalPath)).size;
  return segment;
}

async function readHeader(disk: Disk, path: string): Promise<JournalHeader | null> {
  const fd = await disk.open(path, 'r');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    return (await disk.read(fd, bytes, 0)) === HEADER_BYTES ? decodeHeader(bytes) : null;
  } finally {
    await disk.close(fd);
  }
}

/** Events of a sealed segment are what the next one's header adds. */
async function linkUp(disk: Disk, segments: Segment[]): Promise<Segment[]> {
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    if (next === undefined) break;
    segment.bytes = Math.min(segment.bytes, next.base - segment.base);
    segment.events = next.baseEvent - segment.baseEvent;
    // what lay between was deleted: only its own journal knows where this one's events end
    if (segment.end < next.base) segment.events = await countEvents(disk, segment);
  }
  return segments;
}

async function countEvents(disk: Disk, segment: Segment): Promise<number> {
  const journal = await segment.journal(disk);
  let events = 0;
  for (const { record } of batchesFrom(journal, 0, segment.journalBytes)) {
    if (record.to <= segment.end) events += record.events;
  }
  return events;
}

/** A segment that was given up after a failed commit may not have been cut, or not for good. */
async function cutUncommitted(disk: Disk, { path, bytes }: Segment, remarks: string[]): Promise<void> {
  const size = await disk.facts(path).then(
    (facts) => facts.size,
    () => 0,
  );
  if (size <= bytes) return;
  const fd = await disk.open(path, 'r+');
  try {
    await disk.truncate(fd, bytes);
  } finally {
    await disk.close(fd);
  }
  remarks.push(`cut ${size - bytes} bytes behind the last commit of ${basename(path)}`);
}

async function replay(
  disk: Disk,
  dir: string,
  base: number,
  remarks: string[],
): Promise<{ segment: Segment; table: SourceTable } | null> {
  const journal = await readFile(disk, journalPath(dir, base));
  const header = decodeHeader(journal);
  if (header === null || header.baseOffset !== base) return null;
  const segment = new Segment(dir, base, header.baseEvent, header.createdMs);
  const table = new SourceTable();
  const data = await openData(disk, segment.path);
  let at = HEADER_BYTES;
  try {
    for (;;) {
      const size = recordSize(journal, at, journal.length, false);
      if (size === 0) break;
      if (isBatch(journal, at)) {
        const record = decodeBatch(journal, at);
        if (record.from !== segment.end) break;
        if (!(await data.holds(record))) {
          remarks.push(
            `cut the log at ${record.from}: the bytes of its last commits are not what was written`,
          );
          break;
        }
        if (table.has(record.source)) table.applyBatch(record);
        else remarks.push(`the journal names source ${record.source}, which it never defined`);
        segment.bytes += record.bytes;
        segment.events += record.events;
        segment.lastMs = record.timeMs;
      } else {
        const note = decodeNote(journal, at);
        if (at === HEADER_BYTES && note.type !== RecordType.checkpoint) return null;
        table.applyNote(note);
      }
      at += size;
    }
  } finally {
    await data.close();
  }
  if (at === HEADER_BYTES) return null;
  if (data.size > segment.bytes)
    remarks.push(`cut ${data.size - segment.bytes} bytes behind the last commit`);
  segment.journalBytes = at;
  return { segment, table };
}

/** A segment's data, to be checked batch by batch through one buffer, so that memory does not grow with it. */
async function openData(disk: Disk, path: string) {
  const facts = await disk.facts(path).catch(() => null);
  const fd = facts === null ? -1 : await disk.open(path, 'r');
  let buffer = Buffer.allocUnsafe(CHECK_BYTES);
  return {
    size: facts?.size ?? 0,
    async holds({ position, bytes, crc }: BatchRecord): Promise<boolean> {
      if (fd === -1 || position + bytes > (facts?.size ?? 0)) return false;
      if (buffer.length < bytes) buffer = Buffer.allocUnsafe(bytes);
      const piece = buffer.subarray(0, bytes);
      return (await disk.read(fd, piece, position)) === bytes && crc32(piece) === crc;
    },
    close: () => (fd === -1 ? Promise.resolve() : disk.close(fd)),
  };
}
