// Opening a log that is there: which segments exist, what the last journal says, where the last commit ended.
//
// Only headers of the older journals are read, and the last journal as a whole, so the time this takes does not grow
// with the backlog. What is behind the last commit was never acknowledged to anyone and is cut off.

import { basename, join } from 'node:path';
import { MAKING_SUFFIX } from './active.ts';
import type { Disk } from './disk.ts';
import { mayGoBack } from './go-back.ts';
import type { Mark } from './marks.ts';
import { Opening } from './opening.ts';
import {
  decodeBatch,
  decodeHeader,
  HEADER_BYTES,
  isBatch,
  type JournalHeader,
  RECORD_ALIGNMENT,
  recordSize,
} from './record.ts';
import { replay } from './replay.ts';
import { salvage } from './salvage.ts';
import {
  baseOf,
  batchesFrom,
  type DamagedRange,
  JOURNAL_DIRECTORY,
  JOURNAL_SUFFIX,
  journalPath,
  SEGMENT_SUFFIX,
  Segment,
  segmentPath,
} from './segment.ts';
import { moveAside, writeAside } from './set-aside.ts';
import { SourceTable } from './sources.ts';
import { unlessGone } from './survey.ts';
import { cutTornData } from './torn-data.ts';
import { readDespiteDamage } from './unreadable.ts';
import { readFile } from './whole-file.ts';

/** The last record of a sealed journal that is no note lies within so much of its end. */
const JOURNAL_END_BYTES = 16 * 1024;

export interface Recovered {
  /** By base offset; the last one is the one to go on with. Empty for a new log. */
  readonly segments: Segment[];
  readonly table: SourceTable;
  /** Where the log ends, where that is behind the last segment: its data is not all there. */
  readonly end: Mark | null;
  readonly opening: Opening;
}

export async function recover(disk: Disk, dir: string): Promise<Recovered> {
  const opening = new Opening();
  const journals = await journalBases(disk, dir);
  await setAsideStrays(disk, dir, journals, opening);
  const bases = await dropDeleted(disk, dir, journals);
  for (let last = bases.at(-1); last !== undefined; last = bases.at(-1)) {
    const before = bases.slice(0, -1);
    const found = new Segment(dir, last, 0, 0);
    const replayed = await replay(
      disk,
      found,
      opening.remarks,
      () => stateAfter(disk, dir, before, opening),
      (lost, table) => mayGoBack(disk, dir, lost, table),
    );
    if (replayed !== null) {
      const older = await Promise.all(before.map((base) => openSealed(disk, dir, base, opening)));
      const segments = await linkUp(disk, [...older.filter((segment) => segment !== null), replayed.segment]);
      for (const [index, segment] of segments.slice(0, -1).entries()) {
        const next = segments[index + 1]?.base ?? segment.end;
        if (segment.end < next) await cutTornData(disk, segment, next, opening);
        await cutUncommitted(disk, segment, opening);
      }
      if (replayed.wentBack !== null) await keepRest(disk, replayed.segment, replayed.wentBack, opening);
      const end = await cutTornData(disk, replayed.segment, Number.POSITIVE_INFINITY, opening);
      return { segments, table: replayed.table, end, opening };
    }
    await giveUp(disk, found, opening);
    bases.pop();
  }
  return { segments: [], table: new SourceTable(), end: null, opening };
}

/** What is left of the batches that the log goes back behind; the file is cut when it is opened for writing. */
async function keepRest(
  disk: Disk,
  segment: Segment,
  wentBack: DamagedRange,
  opening: Opening,
): Promise<void> {
  const { from, to } = wentBack;
  const bytes = (await unlessGone(readFile(disk, segment.path)))?.subarray(segment.bytes) ?? Buffer.alloc(0);
  if (bytes.length > 0) {
    const name = `damaged-${from.offset}-${to.offset}`;
    opening.asideBytes += await writeAside(disk, segment.dir, name, bytes);
  }
  opening.wentBack = wentBack;
  opening.say(
    `went back from ${to.offset} to ${from.offset}, the last good commit: the ${to.events - from.events} events behind it are damaged, no destination has them, and their senders are asked for them again; what is left of them is in quarantine/`,
  );
}

/** The state of the sources when the segment after these was begun. */
async function stateAfter(
  disk: Disk,
  dir: string,
  bases: readonly number[],
  opening: Opening,
): Promise<SourceTable> {
  const last = bases.at(-1);
  if (last === undefined) return new SourceTable();
  const earlier = () => stateAfter(disk, dir, bases.slice(0, -1), opening);
  const replayed = await replay(disk, new Segment(dir, last, 0, 0), opening.remarks, earlier, () =>
    Promise.resolve(false),
  );
  return replayed?.table ?? (await earlier());
}

/** A segment whose journal says nothing: removed where it was only begun, set aside where it holds bytes. */
async function giveUp(
  disk: Disk,
  { dir, base, path, journalPath: journal }: Segment,
  opening: Opening,
): Promise<void> {
  const size = await disk.facts(path).then(
    (facts) => facts.size,
    () => 0,
  );
  if (size === 0) {
    opening.say(`removed segment ${base}, which was begun but holds no commit`);
    await disk.remove(path).catch(() => undefined);
  } else {
    await setAside(disk, dir, path, 'damaged-journal', opening);
    opening.say(`set aside segment ${base} in quarantine/: nothing in its journal can be read`);
  }
  await disk.remove(journal);
}

async function setAside(disk: Disk, dir: string, path: string, why: string, opening: Opening): Promise<void> {
  const bytes = await moveAside(disk, dir, path, `${basename(path)}.${why}`);
  opening.asideBytes += bytes;
  opening.unknownBytes += bytes;
}

async function journalBases(disk: Disk, dir: string): Promise<number[]> {
  const directory = join(dir, JOURNAL_DIRECTORY);
  const names = await disk.list(directory);
  for (const name of names) if (name.endsWith(MAKING_SUFFIX)) await disk.remove(join(directory, name));
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
  opening: Opening,
): Promise<void> {
  const known = new Set(journals);
  for (const name of await disk.list(dir)) {
    const base = baseOf(name, SEGMENT_SUFFIX);
    if (base === null || known.has(base)) continue;
    const path = join(dir, name);
    if ((await disk.facts(path)).size === 0) {
      await disk.remove(path);
    } else {
      await setAside(disk, dir, path, 'no-journal', opening);
      opening.say(
        `set aside ${name} in quarantine/: it has no journal, so nothing says what was committed of it`,
      );
    }
  }
}

/** Journals (but the last) whose data is gone: the process died while it deleted them. The rest is returned. */
async function dropDeleted(disk: Disk, dir: string, bases: readonly number[]): Promise<number[]> {
  const left: number[] = [];
  const deleted: number[] = [];
  for (const base of bases) {
    const there = (await unlessGone(disk.facts(segmentPath(dir, base)))) !== null;
    if (there || base === bases.at(-1)) left.push(base);
    else deleted.push(base);
  }
  // for good: data that a power loss brings back without its journal would pass for damage
  if (deleted.length > 0) await disk.syncDirectory(dir);
  for (const base of deleted) await disk.remove(journalPath(dir, base));
  return left;
}

/** A sealed segment, from its journal's header and the sizes of its files; null where nothing in the journal can be read. */
async function openSealed(disk: Disk, dir: string, base: number, opening: Opening): Promise<Segment | null> {
  const journal = await disk.facts(journalPath(dir, base));
  const header = await readHeader(disk, dir, base);
  if (header === null) {
    await giveUp(disk, new Segment(dir, base, 0, 0), opening);
    return null;
  }
  const segment = new Segment(dir, base, header.baseEvent, header.createdMs);
  segment.bytes = await disk.facts(segment.path).then(
    ({ size }) => size,
    () => 0,
  );
  segment.journalBytes = journal.size;
  segment.lastMs = (await lastBatchMs(disk, segment)) ?? header.createdMs;
  return segment;
}

/** When the last batch came, by the end of the journal: the times of files change when they are copied or touched. */
async function lastBatchMs(disk: Disk, { journalPath: path, journalBytes }: Segment): Promise<number | null> {
  const from = Math.max(HEADER_BYTES, journalBytes - JOURNAL_END_BYTES);
  const bytes = Buffer.alloc(Math.max(0, journalBytes - from));
  const fd = await disk.open(path, 'r');
  try {
    const got = await readDespiteDamage(disk, fd, bytes, from);
    for (let at = got - (got % RECORD_ALIGNMENT); at >= 0; at -= RECORD_ALIGNMENT) {
      if (recordSize(bytes, at, got, false) > 0 && isBatch(bytes, at)) return decodeBatch(bytes, at).timeMs;
    }
    return null;
  } finally {
    await disk.close(fd);
  }
}

/** Only the first bytes of a journal, unless they are damaged. */
async function readHeader(disk: Disk, dir: string, base: number): Promise<JournalHeader | null> {
  const path = journalPath(dir, base);
  const fd = await disk.open(path, 'r');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    const header =
      (await readDespiteDamage(disk, fd, bytes, 0)) === HEADER_BYTES ? decodeHeader(bytes) : null;
    if (header?.baseOffset === base) return header;
  } finally {
    await disk.close(fd);
  }
  const salvaged = salvage(await readFile(disk, path), base);
  return salvaged === null ? null : decodeHeader(salvaged.journal);
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
async function cutUncommitted(disk: Disk, { path, bytes }: Segment, opening: Opening): Promise<void> {
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
  opening.say(`cut ${size - bytes} bytes behind the last commit of ${basename(path)}`);
}
