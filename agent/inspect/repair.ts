// Makes permanent what a start does with a damaged log, and a little more: journals that say what is known and nothing
// else, cursors with two good slots, the bytes that cannot be delivered kept for someone to look at. The lock is held.
//
// Nothing that could be delivered is given up: ranges that are lost stay announced gaps, with their counts.

import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { CURSOR_DIRECTORY, CURSOR_FILE_BYTES } from '../log/cursor.ts';
import type { Disk } from '../log/disk.ts';
import { openIdentity, tracesOf, writeIdentity } from '../log/identity.ts';
import { QUARANTINE_BYTES_MAX, QUARANTINE_DIRECTORY, quarantinedBytes } from '../log/quarantine.ts';
import { encodeHeader, encodeNote, HEADER_BYTES } from '../log/record.ts';
import { journalPath } from '../log/segment.ts';
import { moveAside, writeAside } from '../log/set-aside.ts';
import { SourceTable } from '../log/sources.ts';
import { SegmentStore } from '../log/store.ts';
import {
  applyEntry,
  cursorPath,
  entriesOf,
  isCheckpoint,
  type JournalSurvey,
  surveyCursor,
  surveyJournal,
  surveyNames,
} from '../log/survey.ts';
import { replaceFile } from '../log/whole-file.ts';
import { placesOf } from './check-segment.ts';
import { DataFile } from './data-file.ts';
import type { Finding } from './finding.ts';
import { writeCursor } from './write-cursor.ts';

/** @returns what was done, in order. */
export async function repair(disk: Disk, dir: string, findings: readonly Finding[]): Promise<string[]> {
  const done: string[] = [];
  const { journals, cursors, unfinished } = await surveyNames(disk, dir);
  if (findings.some(({ kind }) => kind === 'identity')) done.push(await mendIdentity(disk, dir));
  const table = new SourceTable();
  for (const [index, base] of journals.entries()) {
    const survey = await surveyJournal(disk, dir, base);
    if (survey === null || survey.header === null) continue;
    const isDamaged = findings.some(({ kind, place }) => kind === 'damaged' && place === placesOf(base).data);
    if (isDamaged) done.push(...(await setAsideDamaged(disk, dir, survey)));
    const limit = journals[index + 1] ?? Number.POSITIVE_INFINITY;
    done.push(...(await mendJournal(disk, dir, survey, { table, limit })));
  }
  done.push(...(await start(disk, dir)));
  for (const destination of cursors) done.push(...(await mendCursor(disk, dir, destination)));
  for (const place of unfinished) {
    await disk.remove(join(dir, place));
    done.push(`removed ${place}`);
  }
  return done;
}

/** Journals and cursors carry the id of the log they belong to. */
async function mendIdentity(disk: Disk, dir: string): Promise<string> {
  const { stream: known, namedBy } = await tracesOf(disk, dir);
  const stream = await writeIdentity(disk, dir, known ?? randomBytes(16).toString('hex'), Date.now());
  return known === null
    ? `made identity.json anew, as stream ${stream}: ${namedBy === 'nothing' ? 'nothing says' : `the ${namedBy} do not agree on`} which stream it was`
    : `restored identity.json: the ${namedBy} say that this is stream ${stream}`;
}

/** Keeps what is left of damaged batches, as a reader does that comes to them; up to the same bound. */
async function setAsideDamaged(disk: Disk, dir: string, survey: JournalSurvey): Promise<string[]> {
  const done: string[] = [];
  const data = await DataFile.open(disk, dir, survey.base);
  if (data === null) return done;
  try {
    for (const entry of entriesOf(survey.journal)) {
      if (entry.kind !== 'batch' || (await data.goodBatch(entry.record)) !== null) continue;
      const name = `damaged-${entry.record.from}-${entry.record.to}`;
      const bytes = await data.batch(entry.record);
      if (bytes.length === 0) continue;
      if ((await quarantinedBytes(disk, dir)) + bytes.length > QUARANTINE_BYTES_MAX) {
        return [...done, `kept no more damaged batches: ${QUARANTINE_DIRECTORY}/ is full`];
      }
      const taken = await writeAside(disk, dir, name, bytes);
      if (taken > 0) done.push(`set aside what is left of a batch in ${QUARANTINE_DIRECTORY}/${name}`);
    }
    return done;
  } finally {
    await data[Symbol.asyncDispose]();
  }
}

/** A journal with a good header, a checkpoint, and every record that checks out and that a start can use. */
async function mendJournal(
  disk: Disk,
  dir: string,
  { base, header, headerDamaged, holes, journal }: JournalSurvey,
  { table, limit }: { table: SourceTable; limit: number },
): Promise<string[]> {
  const entries = [...entriesOf(journal)];
  const [first] = entries;
  const isLast = limit === Number.POSITIVE_INFINITY;
  // a last journal without a record is set aside, with its segment, by what follows
  if (header === null || (first === undefined && isLast)) return [];
  const checkpoint = isCheckpoint(first) ? [] : [encodeNote(structuredClone(table.checkpoint()))];
  const kept: Buffer[] = [];
  let at = HEADER_BYTES;
  let without = 0;
  for (const entry of entries) {
    const size = journal.readUInt32LE(at + 4);
    // behind a sealed segment's end there may be records of a commit that failed
    if (entry.kind === 'batch' && entry.record.to > limit) break;
    if (applyEntry(table, entry) || entry.kind === 'batch') kept.push(journal.subarray(at, at + size));
    else without++;
    at += size;
  }
  if (!headerDamaged && holes === 0 && checkpoint.length === 0 && without === 0) return [];
  await replaceFile(
    disk,
    journalPath(dir, base),
    Buffer.concat([encodeHeader(header), ...checkpoint, ...kept]),
  );
  const place = placesOf(base).journal;
  const parts = [
    headerDamaged ? 'its header made again' : '',
    checkpoint.length > 0 ? 'its checkpoint made from the journals before it' : '',
    holes > 0 ? `${holes} damaged ${holes === 1 ? 'place' : 'places'} taken out` : '',
    without > 0 ? `${without} notes of sources that nothing defines taken out` : '',
  ];
  return [`wrote ${place} again: ${parts.filter((part) => part !== '').join(', ')}`];
}

/** What a start does by itself, and a clean stop right after it. */
async function start(disk: Disk, dir: string): Promise<readonly string[]> {
  const { stream } = await openIdentity(disk, dir, Date.now());
  const { store, opening } = await SegmentStore.open({ disk, dir, stream, durable: true, now: Date.now });
  await store.close();
  return opening.remarks.map((remark) => `opened it as a start does: ${remark}`);
}

async function mendCursor(disk: Disk, dir: string, destination: string): Promise<string[]> {
  const survey = await surveyCursor(disk, dir, destination);
  if (survey === null || (survey.good === 2 && survey.fileBytes === CURSOR_FILE_BYTES)) return [];
  const path = cursorPath(dir, destination);
  if (survey.state === null) {
    await moveAside(disk, dir, path, `${basename(path)}.damaged`);
    await disk.syncDirectory(join(dir, CURSOR_DIRECTORY));
    return [`set aside the cursor of ${destination}, which cannot be read, in ${QUARANTINE_DIRECTORY}/`];
  }
  await writeCursor(disk, dir, survey.state);
  return [`wrote both slots of the cursor of ${destination} again`];
}
