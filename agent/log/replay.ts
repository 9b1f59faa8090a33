// The state of a log after its last commit: the last journal from its checkpoint on, held against the data.

import { crc32 } from 'node:zlib';
import type { Disk } from './disk.ts';
import { type Entry, lostEnd } from './go-back.ts';
import {
  type BatchRecord,
  decodeBatch,
  decodeHeader,
  decodeNote,
  HEADER_BYTES,
  isBatch,
  RecordType,
  recordSize,
} from './record.ts';
import { salvage } from './salvage.ts';
import type { DamagedRange } from './segment.ts';
import { Segment } from './segment.ts';
import { SourceTable } from './sources.ts';
import { readDespiteDamage } from './unreadable.ts';
import { readFile, replaceFile } from './whole-file.ts';

const CHECK_BYTES = 1024 * 1024;

export interface Replayed {
  readonly segment: Segment;
  readonly table: SourceTable;
  /** What lay behind its end, is damaged, and comes again from its senders; null: nothing. */
  readonly wentBack: DamagedRange | null;
}

/**
 * @param checkpointOf gives the state before this journal where its own checkpoint is damaged
 * @param mayGoBack whether the log may forget the damaged batches at its end
 * @returns null where the journal holds nothing: its segment was begun and never committed to, or all of it is lost
 */
export async function replay(
  disk: Disk,
  segment: Segment,
  remarks: string[],
  checkpointOf: () => Promise<SourceTable>,
  mayGoBack: (lost: readonly Entry[], table: SourceTable) => Promise<boolean>,
): Promise<Replayed | null> {
  const salvaged = salvage(await readFile(disk, segment.journalPath), segment.base);
  if (salvaged === null) return null;
  const { journal, holes } = salvaged;
  const header = decodeHeader(journal);
  if (header === null) return null;
  const entries = await readEntries(disk, segment, journal);
  const [first] = entries;
  if (first === undefined) return null;
  const begun = new Segment(segment.dir, segment.base, header.baseEvent, header.createdMs);
  const kept = withoutTornEnd(entries);
  if (kept.length < entries.length) {
    remarks.push(
      `cut the log behind its last good commit: the bytes of ${entries.length - kept.length} records are not there`,
    );
  }
  const hasCheckpoint = first.kind === 'note' && first.note.type === RecordType.checkpoint;
  if (!hasCheckpoint)
    remarks.push(`the checkpoint of segment ${segment.base} is damaged: taken from the one before`);
  const table = hasCheckpoint ? new SourceTable() : await checkpointOf();
  const sound = kept.slice(0, lostEnd(kept));
  const lost = kept.slice(sound.length);
  for (const entry of sound) apply(entry, begun, table, remarks);
  const wentBack = (await mayGoBack(lost, table)) ? rangeOf(begun, lost) : null;
  if (wentBack === null) for (const entry of lost) apply(entry, begun, table, remarks);
  begun.journalBytes = (wentBack === null ? kept : sound).at(-1)?.end ?? HEADER_BYTES;
  if (holes > 0) {
    remarks.push(`passed over ${holes} damaged places in the journal of segment ${segment.base}`);
    await replaceFile(disk, segment.journalPath, journal.subarray(0, begun.journalBytes));
  }
  return { segment: begun, table, wentBack };
}

function rangeOf({ end, baseEvent, events }: Segment, lost: readonly Entry[]): DamagedRange {
  const from = { offset: end, events: baseEvent + events };
  const last = lost.findLast((entry) => entry.kind === 'batch')?.record;
  return {
    from,
    to: last === undefined ? from : { offset: last.to, events: last.eventsBefore + last.events },
  };
}

function apply(entry: Entry, segment: Segment, table: SourceTable, remarks: string[]): void {
  if (entry.kind === 'note') {
    const { note } = entry;
    if (note.type !== RecordType.progress || table.has(note.source)) table.applyNote(note);
    else remarks.push(`the journal names source ${note.source}, which it never defined`);
    return;
  }
  const { record, good } = entry;
  if (record.from > segment.end) remarks.push(`nothing says what lies in [${segment.end}, ${record.from})`);
  if (!good) remarks.push(`the bytes [${record.from}, ${record.to}) are not what was written`);
  if (table.has(record.source)) table.applyBatch(record);
  else remarks.push(`the journal names source ${record.source}, which it never defined`);
  segment.bytes = record.to - segment.base;
  segment.events = record.eventsBefore + record.events - segment.baseEvent;
  segment.lastMs = record.timeMs;
}

/**
 * Batches at the end whose bytes are not there and never were durable: a crash tore them, nobody was told of them.
 * A durable batch that does not check out has rotted; it stays, and is delivered as a gap.
 */
function withoutTornEnd(entries: readonly Entry[]): readonly Entry[] {
  let lastSound = -1;
  let firstTorn = -1;
  entries.forEach((entry, index) => {
    if (entry.kind !== 'batch') return;
    if (entry.good || entry.record.durable) {
      lastSound = index;
      firstTorn = -1;
    } else if (firstTorn === -1) {
      firstTorn = index;
    }
  });
  return firstTorn > lastSound ? entries.slice(0, firstTorn) : entries;
}

async function readEntries(disk: Disk, segment: Segment, journal: Buffer): Promise<Entry[]> {
  const data = await openData(disk, segment.path);
  const entries: Entry[] = [];
  try {
    let end = segment.base;
    for (let at = HEADER_BYTES; at < journal.length; ) {
      const size = recordSize(journal, at, journal.length, true);
      if (size === 0) break;
      if (!isBatch(journal, at)) {
        entries.push({ kind: 'note', note: decodeNote(journal, at), end: at + size });
      } else {
        const record = decodeBatch(journal, at);
        // a range is journaled once; what begins before the end is left of something that was given up
        if (record.from < end) break;
        entries.push({ kind: 'batch', record, good: await data.holds(record), end: at + size });
        end = record.to;
      }
      at += size;
    }
  } finally {
    await data.close();
  }
  return entries;
}

/** A segment's data, to be checked batch by batch through one buffer, so that memory does not grow with it. */
async function openData(disk: Disk, path: string) {
  const facts = await disk.facts(path).catch(() => null);
  const fd = facts === null ? -1 : await disk.open(path, 'r');
  let buffer = Buffer.allocUnsafe(CHECK_BYTES);
  return {
    async holds({ position, bytes, crc }: BatchRecord): Promise<boolean> {
      if (fd === -1 || position + bytes > (facts?.size ?? 0)) return false;
      if (buffer.length < bytes) buffer = Buffer.allocUnsafe(bytes);
      const piece = buffer.subarray(0, bytes);
      return (await readDespiteDamage(disk, fd, piece, position)) === bytes && crc32(piece) === crc;
    },
    close: () => (fd === -1 ? Promise.resolve() : disk.close(fd)),
  };
}
