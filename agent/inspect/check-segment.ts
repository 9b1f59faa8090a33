// One segment under examination: what its journal says, and whether its data is what the journal says.

import { basename } from 'node:path';
import type { Disk } from '../log/disk.ts';
import type { BatchRecord } from '../log/record.ts';
import { JOURNAL_DIRECTORY, journalPath, segmentPath } from '../log/segment.ts';
import type { SourceTable } from '../log/sources.ts';
import { applyEntry, type Entry, entriesOf, isCheckpoint, type JournalSurvey } from '../log/survey.ts';
import { DataFile } from './data-file.ts';
import { type Cost, type Finding, merge, NO_COST } from './finding.ts';

export interface Neighbours {
  /** Where the segment before ends, with the events up to there; null for the first one. */
  readonly before: { readonly offset: number; readonly events: number } | null;
  /** Where the next one begins; null for the last one. */
  readonly next: { readonly offset: number; readonly events: number | null } | null;
}

export interface CheckedSegment {
  readonly findings: readonly Finding[];
  /** End of what its journal says, with the events before it. */
  readonly end: number;
  readonly endEvents: number;
  readonly batches: number;
  readonly checkedBytes: number;
  readonly events: number;
}

export interface SegmentParts {
  readonly disk: Disk;
  readonly dir: string;
  readonly survey: JournalSurvey;
  /** The sources when the segment was begun; moved on by it. */
  readonly table: SourceTable;
  readonly neighbours: Neighbours;
  /** An agent is writing: what is not finished is not judged. */
  readonly running: boolean;
  /** Told every end of a batch, with the events before it. */
  readonly onMark: (offset: number, events: number) => void;
}

/** The names below the directory of a segment's two files. */
export function placesOf(base: number) {
  return {
    data: basename(segmentPath('', base)),
    journal: `${JOURNAL_DIRECTORY}/${basename(journalPath('', base))}`,
  };
}

export async function checkSegment(parts: SegmentParts): Promise<CheckedSegment> {
  const { disk, dir, survey, neighbours } = parts;
  const data = await DataFile.open(disk, dir, survey.base);
  try {
    const entries = [...entriesOf(survey.journal)];
    const isLast = neighbours.next === null;
    // a start needs a record to go on with in the last journal, and a header in the others
    const isLost = survey.header === null || (isLast && entries.length === 0);
    if (isLost) return await lostJournal(parts, data);
    return await new Walk(parts, data).run(entries);
  } finally {
    await data?.[Symbol.asyncDispose]();
  }
}

/** A journal of which nothing is left: its data cannot be told from what was never committed. */
async function lostJournal(
  { survey, neighbours, running }: SegmentParts,
  data: DataFile | null,
): Promise<CheckedSegment> {
  const { base } = survey;
  const { before, next } = neighbours;
  const bytes = data?.bytes ?? 0;
  const known = next?.events != null && before?.offset === base ? next.events - before.events : null;
  const events = known ?? (await data?.eventsFrom(0)) ?? 0;
  const isBegun = bytes === 0 && next === null;
  const place = placesOf(base).journal;
  const finding: Finding = isBegun
    ? {
        kind: 'unfinished',
        place,
        range: null,
        what: 'a segment that was begun and holds no commit',
        cost: NO_COST,
        start: 'removes it',
        mends: true,
      }
    : {
        kind: 'journal-lost',
        place,
        range: { from: base, to: base + bytes },
        what: 'nothing in this journal can be read, so nothing says what its segment holds',
        cost: { events, bytes },
        start: 'sets the segment aside in quarantine/, and announces its range as damaged',
        mends: true,
      };
  const end = { end: base + bytes, endEvents: (before?.events ?? 0) + events };
  const findings = isBegun && running ? [] : [finding];
  return { findings, ...end, batches: 0, checkedBytes: 0, events: 0 };
}

class Walk {
  readonly #parts: SegmentParts;
  readonly #data: DataFile | null;
  readonly #place: { readonly data: string; readonly journal: string };
  readonly #findings: Finding[] = [];
  readonly #unknownSources = new Set<number>();
  /** Batches at the end whose bytes are not there, and were not synced when they were journaled. */
  #torn: { at: number; cost: Cost } | null = null;
  #end: number;
  #endEvents: number;
  #batches = 0;
  #checkedBytes = 0;
  #events = 0;

  constructor(parts: SegmentParts, data: DataFile | null) {
    this.#parts = parts;
    this.#data = data;
    this.#place = placesOf(parts.survey.base);
    this.#end = parts.survey.base;
    this.#endEvents = parts.survey.header?.baseEvent ?? 0;
  }

  async run(entries: readonly Entry[]): Promise<CheckedSegment> {
    this.#checkJournal(entries);
    const { next } = this.#parts.neighbours;
    const limit = next?.offset ?? Number.POSITIVE_INFINITY;
    for (const entry of entries) {
      // behind a sealed segment's end there may be records of a commit that failed
      if (entry.kind === 'batch' && (entry.record.from < this.#end || entry.record.to > limit)) break;
      const isKnown = applyEntry(this.#parts.table, entry);
      if (!isKnown) this.#unknownSource(entry);
      if (entry.kind === 'batch') await this.#checkBatch(entry.record);
    }
    if (!this.#parts.running) await this.#checkEnd(limit);
    return {
      findings: merge(this.#findings),
      end: this.#end,
      endEvents: this.#endEvents,
      batches: this.#batches,
      checkedBytes: this.#checkedBytes,
      events: this.#events,
    };
  }

  #checkJournal([first]: readonly Entry[]): void {
    const { headerDamaged, holes } = this.#parts.survey;
    const add = (what: string, start: string) =>
      this.#add({ kind: 'journal', place: this.#place.journal, range: null, what, cost: NO_COST, start });
    if (headerDamaged) add('its header does not check out', 'makes it again from the first record');
    if (holes > 0)
      add(
        `${holes} ${holes === 1 ? 'place' : 'places'} in it where records do not check out`,
        'passes over them, and announces the ranges of which nothing is known as damaged',
      );
    if (!isCheckpoint(first))
      add('its checkpoint is damaged', 'takes the state of the sources from the segment before');
  }

  #unknownSource(entry: Entry): void {
    const source = entry.kind === 'batch' ? entry.record.source : entry.note.source;
    if (this.#unknownSources.has(source)) return;
    this.#unknownSources.add(source);
    this.#add({
      kind: 'unknown-source',
      place: this.#place.journal,
      range: null,
      what: `it names source ${source}, whose definition is lost`,
      cost: NO_COST,
      start: 'does not know the source again: what it brought since may be read, or sent, once more',
      mends: false,
    });
  }

  async #checkBatch(record: BatchRecord): Promise<void> {
    const { from, to, events, eventsBefore, bytes } = record;
    if (from > this.#end) this.#unknownRange(from, eventsBefore);
    else if (eventsBefore !== this.#endEvents) this.#miscount(from, eventsBefore);
    this.#end = to;
    this.#endEvents = eventsBefore + events;
    this.#parts.onMark(to, this.#endEvents);
    this.#batches++;
    if (this.#data !== null && (await this.#data.goodBatch(record)) !== null) {
      this.#torn = null;
      this.#checkedBytes += bytes;
      this.#events += events;
      return;
    }
    if (record.durable) this.#torn = null;
    else this.#torn ??= { at: this.#findings.length, cost: NO_COST };
    this.#add({
      kind: this.#data === null ? 'no-data' : 'damaged',
      place: this.#place.data,
      range: { from, to },
      what: this.#data === null ? 'the file is gone' : 'the bytes are not what was written',
      cost: { events, bytes },
      start: 'goes on; the range is announced to destinations as damaged, with its count, and set aside',
      mends: false,
    });
  }

  #unknownRange(to: number, events: number): void {
    this.#add({
      kind: 'unknown-range',
      place: this.#place.journal,
      range: { from: this.#end, to },
      what: 'no record says what lies there',
      cost: { events: events - this.#endEvents, bytes: to - this.#end },
      start: 'goes on; the range is announced to destinations as damaged, with its count',
      mends: false,
    });
  }

  #miscount(at: number, events: number): void {
    this.#add({
      kind: 'miscount',
      place: this.#place.journal,
      range: null,
      what: `the batch at ${at} says that ${events} events lie before it, the records before it make ${this.#endEvents}`,
      cost: NO_COST,
      start: 'believes the batch',
      mends: false,
    });
  }

  async #checkEnd(limit: number): Promise<void> {
    const { base } = this.#parts.survey;
    const isLast = limit === Number.POSITIVE_INFINITY;
    if (isLast && this.#torn !== null) this.#cutTorn(this.#torn.at);
    const committed = Math.min(this.#end, limit) - base;
    const { torn } = this.#parts.survey;
    const behind = Math.max(0, (this.#data?.bytes ?? 0) - (isLast ? committed : limit - base));
    if (behind === 0 && !(isLast && torn)) return;
    const events = (await this.#data?.eventsFrom((this.#data?.bytes ?? 0) - behind)) ?? 0;
    this.#add({
      kind: 'unfinished',
      place: torn && isLast ? this.#place.journal : this.#place.data,
      range: null,
      what:
        torn && isLast
          ? 'its last record does not check out: torn when the agent died, or rotted since'
          : `${behind} bytes behind the last commit, which were never acknowledged to anyone`,
      cost: torn && isLast ? { events, bytes: behind, atMost: true } : NO_COST,
      start: 'cuts the log there; sources send or read again what they were not told is safe',
    });
  }

  /** What a crash tore: a start cuts it off, and nothing of it is left to announce. */
  #cutTorn(at: number): void {
    const torn = this.#findings.splice(at);
    const from = torn[0]?.range?.from ?? this.#end;
    const events = torn.reduce((sum, { cost }) => sum + (cost.events ?? 0), 0);
    this.#add({
      kind: 'unfinished',
      place: this.#place.data,
      range: { from, to: this.#end },
      what: 'the last batches were journaled, but their bytes never reached the disk',
      cost: { events, bytes: this.#end - from, atMost: true },
      start: 'cuts the log there; with durability: os they may have been acknowledged',
    });
    this.#end = from;
    this.#endEvents -= events;
  }

  #add(finding: Omit<Finding, 'mends'> & { readonly mends?: boolean }): void {
    this.#findings.push({ mends: true, ...finding });
  }
}
