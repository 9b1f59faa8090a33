// Everything in a log directory, counted: what `agent ls` shows. It reads journals and cursors, never the events, so it
// is quick however much waits; beside a running agent each part is of its own moment.

import type { ClusterCursor, CursorState } from '../log/cursor.ts';
import type { Disk } from '../log/disk.ts';
import type { Mark } from '../log/marks.ts';
import { type Counts, type SourceState, SourceTable } from '../log/sources.ts';
import {
  applyEntry,
  type CursorSurvey,
  entriesOf,
  type JournalSurvey,
  type NamedSize,
  segmentFacts,
  surveyCursor,
  surveyJournal,
  surveyNames,
  surveyQuarantine,
  surveyStream,
} from '../log/survey.ts';
import { countsOf, fromRecord } from '../sink/cluster/range.ts';
import { talliesOf } from '../sink/tallies.ts';

export interface SegmentEntry {
  readonly base: number;
  /** By its journal. */
  readonly bytes: number;
  readonly events: number;
  readonly batches: number;
  /** Of these, what its file is too short for. */
  readonly damaged: Readonly<Counts>;
  /** Places in its journal that do not check out. */
  readonly holes: number;
  readonly fileBytes: number | null;
  readonly journalFileBytes: number;
  /** When its last batch came; where it has none, when it was begun. */
  readonly lastMs: number;
  readonly state: 'active' | 'sealed' | 'data missing' | 'data short' | 'journal unreadable';
}

/** What a cluster's cursor says beyond its position. */
export interface ClusterProgress {
  readonly frontier: Mark;
  readonly had: Counts;
  readonly members: readonly {
    readonly name: string;
    /** Given to it, and not acknowledged. */
    readonly held: Counts;
    readonly inDoubt: Counts;
  }[];
}

export interface CursorEntry {
  readonly destination: string;
  /** No destination of the configuration has this name; null where none was given and no agent has marked it. */
  readonly orphaned: boolean | null;
  /** How many of its two slots check out. */
  readonly slots: number;
  /** Null where none does. */
  readonly progress: {
    readonly stream: string;
    readonly position: Mark;
    readonly epoch: number;
    readonly epochStart: Mark;
    readonly start: Mark;
    /** What it still wants: without what its policy gave up. */
    readonly lag: Counts;
    readonly dropped: CursorState['dropped'];
    readonly skipped: CursorState['skipped'];
    /** Given up, and not announced yet. */
    readonly gaps: CursorState['gaps'];
    /** Null: it has one endpoint. */
    readonly cluster: ClusterProgress | null;
  } | null;
}

export interface Inventory {
  readonly dir: string;
  readonly stream: string | null;
  readonly appended: Counts;
  readonly expired: Counts;
  /** What journals say and the files of their segments, which are there, are too short for. */
  readonly damaged: Counts;
  readonly present: Counts;
  /** Everything in the directory together. */
  readonly diskBytes: number;
  readonly segments: readonly SegmentEntry[];
  readonly sources: readonly SourceState[];
  readonly cursors: readonly CursorEntry[];
  readonly quarantine: readonly NamedSize[];
}

/** @param destinations those that a configuration names; null: none was given */
export async function takeInventory(
  disk: Disk,
  dir: string,
  destinations: readonly string[] | null,
): Promise<Inventory> {
  const names = await surveyNames(disk, dir);
  // before the segments: then none is ahead of the log
  const cursors: CursorSurvey[] = [];
  for (const name of names.cursors) {
    const cursor = await surveyCursor(disk, dir, name);
    if (cursor !== null) cursors.push(cursor);
  }
  const table = new SourceTable();
  const segments: SegmentEntry[] = [];
  let end: Mark = { offset: 0, events: 0 };
  for (const [index, base] of names.journals.entries()) {
    const journal = await surveyJournal(disk, dir, base);
    if (journal === null) continue;
    const facts = await segmentFacts(disk, dir, base);
    const next = names.journals[index + 1] ?? null;
    const { entry, mark } = entryOf(journal, facts?.size ?? null, next, table);
    segments.push(entry);
    end = mark ?? end;
  }
  const quarantine = await surveyQuarantine(disk, dir);
  const there = segments.filter(({ fileBytes }) => fileBytes !== null);
  const damaged = sum(there.map((entry) => entry.damaged));
  const said = sum(there);
  const present = { events: said.events - damaged.events, bytes: said.bytes - damaged.bytes };
  const files = [
    ...segments.map(({ fileBytes, journalFileBytes }) => (fileBytes ?? 0) + journalFileBytes),
    ...cursors.map(({ fileBytes }) => fileBytes),
    ...quarantine.map(({ bytes }) => bytes),
  ];
  return {
    dir,
    stream: (await surveyStream(disk, dir)).stream,
    appended: { events: end.events, bytes: end.offset },
    expired: { events: end.events - said.events, bytes: end.offset - said.bytes },
    damaged,
    present,
    diskBytes: files.reduce((total, bytes) => total + bytes, 0),
    segments,
    sources: table.indexes().flatMap((index) => (table.definition(index)?.body as SourceState) ?? []),
    cursors: cursors.map((cursor) => cursorEntry(cursor, end, destinations)),
    quarantine,
  };
}

function sum(parts: readonly Readonly<Counts>[]): Counts {
  const zero = { events: 0, bytes: 0 };
  return parts.reduce<Counts>(
    (total, { events, bytes }) => ({ events: total.events + events, bytes: total.bytes + bytes }),
    zero,
  );
}

function entryOf(
  { base, header, journal, holes, fileBytes: journalFileBytes }: JournalSurvey,
  fileBytes: number | null,
  next: number | null,
  table: SourceTable,
): { entry: SegmentEntry; mark: Mark | null } {
  const baseEvent = header?.baseEvent ?? 0;
  let end: Mark = { offset: base, events: baseEvent };
  let batches = 0;
  const damaged: Counts = { events: 0, bytes: 0 };
  let lastMs = header?.createdMs ?? 0;
  for (const record of entriesOf(journal)) {
    // behind a sealed segment's end there may be records of a commit that failed
    if (record.kind === 'batch' && next !== null && record.record.to > next) break;
    applyEntry(table, record);
    if (record.kind === 'note') continue;
    const { to, eventsBefore, events, bytes, position, timeMs } = record.record;
    // from the first batch that is not whole on: what lies behind it is set aside with it
    if (damaged.bytes > 0 || (fileBytes !== null && position + bytes > fileBytes)) {
      damaged.events += events;
      damaged.bytes += bytes;
    }
    end = { offset: to, events: eventsBefore + events };
    batches++;
    lastMs = timeMs;
  }
  const bytes = end.offset - base;
  const whole = next === null ? 'active' : 'sealed';
  const state =
    header === null
      ? 'journal unreadable'
      : fileBytes === null
        ? 'data missing'
        : fileBytes < bytes
          ? 'data short'
          : whole;
  const counted = { bytes, events: end.events - baseEvent, batches, holes, lastMs, damaged };
  const entry = { base, ...counted, fileBytes, journalFileBytes, state } as const;
  return { entry, mark: header === null ? null : end };
}

function cursorEntry(
  { destination, good, state }: CursorSurvey,
  end: Mark,
  destinations: readonly string[] | null,
): CursorEntry {
  const marked = state?.orphaned === undefined ? null : true;
  const orphaned = destinations === null ? marked : !destinations.includes(destination);
  if (state === null) return { destination, orphaned, slots: good, progress: null };
  const { stream, position, epoch, epochStart, start } = state;
  const { buffered, dropped, skipped } = talliesOf(state, end);
  const progress = {
    stream,
    position,
    epoch,
    epochStart,
    start,
    lag: buffered,
    dropped,
    skipped,
    gaps: state.gaps.filter(({ to }) => to.offset > position.offset),
    cluster: state.cluster === undefined ? null : clusterProgress(state.cluster),
  };
  return { destination, orphaned, slots: good, progress };
}

function clusterProgress({ frontier, had, members }: ClusterCursor): ClusterProgress {
  return {
    frontier,
    had,
    members: Object.entries(members).map(([name, member]) => ({
      name,
      held: sum(member.held.map(([, ...range]) => countsOf(fromRecord(range)))),
      inDoubt: sum([member.unlisted, ...member.doubts.map(([, , ...range]) => countsOf(fromRecord(range)))]),
    })),
  };
}
