// What lies in a log directory, read without changing anything and without the lock: for tools that look at a log
// that is damaged, or that an agent is writing to at this moment. A file may be gone when it is looked at.

import { join } from 'node:path';
import { systemCodeOf } from '../errors.ts';
import { CURSOR_DIRECTORY, type CursorState, decodeSlot } from './cursor.ts';
import type { Disk } from './disk.ts';
import { QUARANTINE_DIRECTORY } from './quarantine.ts';
import {
  type BatchRecord,
  decodeBatch,
  decodeHeader,
  decodeNote,
  HEADER_BYTES,
  isBatch,
  type JournalHeader,
  type NoteRecord,
  RecordType,
  recordSize,
} from './record.ts';
import { salvage } from './salvage.ts';
import {
  baseOf,
  JOURNAL_DIRECTORY,
  JOURNAL_SUFFIX,
  journalPath,
  SEGMENT_SUFFIX,
  segmentPath,
} from './segment.ts';
import type { SourceTable } from './sources.ts';
import { readFile } from './whole-file.ts';

const CURSOR_SUFFIX = '.cursor';
const SUFFIX_OF_REPLACEMENT = '.tmp';

export interface NamedSize {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface LogNames {
  /** Base offsets, ascending. */
  readonly segments: readonly number[];
  readonly journals: readonly number[];
  /** Destinations. */
  readonly cursors: readonly string[];
  /** Paths below the directory of files that were to replace others, and were not finished. */
  readonly unfinished: readonly string[];
}

export async function surveyNames(disk: Disk, dir: string): Promise<LogNames> {
  // a segment's data is made before its journal, and deleted before it: so the journals are listed last
  const cursors = await listIfThere(disk, join(dir, CURSOR_DIRECTORY));
  const here = await listIfThere(disk, dir);
  const journals = await listIfThere(disk, join(dir, JOURNAL_DIRECTORY));
  const unfinished = (names: readonly string[], below: string) =>
    names.filter((name) => name.endsWith(SUFFIX_OF_REPLACEMENT)).map((name) => join(below, name));
  return {
    segments: basesOf(here, SEGMENT_SUFFIX),
    journals: basesOf(journals, JOURNAL_SUFFIX),
    cursors: cursors
      .filter((name) => name.endsWith(CURSOR_SUFFIX))
      .map((name) => name.slice(0, -CURSOR_SUFFIX.length))
      .sort(),
    unfinished: [...unfinished(here, ''), ...unfinished(journals, JOURNAL_DIRECTORY)],
  };
}

function basesOf(names: readonly string[], suffix: string): number[] {
  return names
    .map((name) => baseOf(name, suffix))
    .filter((base) => base !== null)
    .sort((a, b) => a - b);
}

/** The id of the log; null where identity.json is gone or does not say. */
export async function surveyStream(
  disk: Disk,
  dir: string,
): Promise<{ there: boolean; stream: string | null }> {
  const file = await unlessGone(readFile(disk, join(dir, 'identity.json')));
  const stream = /"stream":"([0-9a-f]{32})"/.exec(file?.toString() ?? '')?.[1] ?? null;
  return { there: file !== null, stream };
}

export interface JournalSurvey {
  readonly base: number;
  /** As it lies there, with what is preallocated. */
  readonly fileBytes: number;
  /** Null where nothing in it can be read. */
  readonly header: JournalHeader | null;
  /** The header is made from the first record. */
  readonly headerDamaged: boolean;
  /** Places in it that do not check out and are passed over. */
  readonly holes: number;
  /** Header and good records, nothing else; empty where nothing can be read. */
  readonly journal: Buffer;
  /** Behind the last good record there is something that is not zero. */
  readonly torn: boolean;
}

/** Null where the journal is gone. */
export async function surveyJournal(disk: Disk, dir: string, base: number): Promise<JournalSurvey | null> {
  const bytes = await unlessGone(readFile(disk, journalPath(dir, base)));
  if (bytes === null) return null;
  const salvaged = salvage(bytes, base);
  const journal = salvaged?.journal ?? Buffer.alloc(0);
  const headerDamaged = decodeHeader(bytes)?.baseOffset !== base;
  return {
    base,
    fileBytes: bytes.length,
    header: salvaged === null ? null : decodeHeader(journal),
    headerDamaged,
    holes: (salvaged?.holes ?? 0) - (salvaged !== null && headerDamaged ? 1 : 0),
    journal,
    torn: bytes.subarray(endOfGood(bytes, journal)).some((byte) => byte !== 0),
  };
}

/** Where in the file the last record ends that the salvaged journal has. */
function endOfGood(bytes: Buffer, journal: Buffer): number {
  let last = 0;
  for (let at = HEADER_BYTES; at < journal.length; at += recordSize(journal, at, journal.length, true))
    last = at;
  if (last === 0) return Math.min(HEADER_BYTES, bytes.length);
  const record = journal.subarray(last);
  return bytes.lastIndexOf(record) + record.length;
}

export type Entry =
  | { readonly kind: 'batch'; readonly record: BatchRecord }
  | { readonly kind: 'note'; readonly note: NoteRecord };

/** The records of a salvaged journal. */
export function* entriesOf(journal: Buffer): Generator<Entry, void, undefined> {
  for (let at = HEADER_BYTES; at < journal.length; ) {
    const size = recordSize(journal, at, journal.length, true);
    if (size === 0) return;
    yield isBatch(journal, at)
      ? { kind: 'batch', record: decodeBatch(journal, at) }
      : { kind: 'note', note: decodeNote(journal, at) };
    at += size;
  }
}

export function isCheckpoint(entry: Entry | undefined): boolean {
  return entry?.kind === 'note' && entry.note.type === RecordType.checkpoint;
}

/** Moves the sources on by a record. False: it names a source whose definition is lost. */
export function applyEntry(table: SourceTable, entry: Entry): boolean {
  if (entry.kind === 'batch') {
    if (!table.has(entry.record.source)) return false;
    table.applyBatch(entry.record);
    return true;
  }
  const { note } = entry;
  if (note.type === RecordType.progress && !table.has(note.source)) return false;
  table.applyNote(note);
  return true;
}

/** Null where the file is gone. */
export function segmentFacts(disk: Disk, dir: string, base: number) {
  return unlessGone(disk.facts(segmentPath(dir, base)));
}

export interface CursorSurvey {
  readonly destination: string;
  readonly fileBytes: number;
  /** Slots that check out. */
  readonly good: number;
  /** Of the slot with the higher turn; null where none checks out. */
  readonly state: CursorState | null;
}

/** Null where the cursor is gone. */
export async function surveyCursor(
  disk: Disk,
  dir: string,
  destination: string,
): Promise<CursorSurvey | null> {
  const bytes = await unlessGone(readFile(disk, cursorPath(dir, destination)));
  if (bytes === null) return null;
  const slots = [0, 1].map((slot) => decodeSlot(bytes, slot)).filter((slot) => slot !== null);
  const [newest] = slots.sort((a, b) => b.turn - a.turn);
  return { destination, fileBytes: bytes.length, good: slots.length, state: newest?.state ?? null };
}

export function cursorPath(dir: string, destination: string): string {
  return join(dir, CURSOR_DIRECTORY, `${destination}${CURSOR_SUFFIX}`);
}

export async function surveyQuarantine(disk: Disk, dir: string): Promise<NamedSize[]> {
  const directory = join(dir, QUARANTINE_DIRECTORY);
  const found: NamedSize[] = [];
  for (const name of (await listIfThere(disk, directory)).sort()) {
    const facts = await disk.facts(join(directory, name)).catch(() => null);
    if (facts !== null) found.push({ name, bytes: facts.size, modifiedMs: facts.modifiedMs });
  }
  return found;
}

async function listIfThere(disk: Disk, directory: string): Promise<string[]> {
  return (await unlessGone(disk.list(directory))) ?? [];
}

export async function unlessGone<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
