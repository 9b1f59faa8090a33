// A whole log under examination: identity, every segment, what lies between them, every cursor. Nothing is changed, and
// nothing is locked: beside a running agent everything that looks wrong is looked at again before it is reported, and
// what is being written just now is not judged.

import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disk } from '../log/disk.ts';
import type { Mark } from '../log/marks.ts';
import { segmentPath } from '../log/segment.ts';
import { SourceTable } from '../log/sources.ts';
import {
  type CursorSurvey,
  type JournalSurvey,
  type LogNames,
  segmentFacts,
  surveyCursor,
  surveyJournal,
  surveyNames,
  surveyStream,
} from '../log/survey.ts';
import { cursorWants } from '../sink/tallies.ts';
import { checkCursor } from './check-cursor.ts';
import { type CheckedSegment, checkSegment, type Neighbours, placesOf } from './check-segment.ts';
import { DataFile } from './data-file.ts';
import { type Finding, NO_COST } from './finding.ts';
import { lostIdentity } from './lost-identity.ts';

export interface LogReport {
  readonly stream: string | null;
  readonly segments: number;
  readonly batches: number;
  /** What checks out. */
  readonly events: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

const LOOKS_MAX = 3;
const LOOK_AGAIN_MS = 100;

export function checkLog(
  disk: Disk,
  dir: string,
  options: { readonly running: boolean; readonly onProgress?: (bytes: number) => void },
): Promise<LogReport> {
  return new LogCheck(disk, dir, options).run();
}

class LogCheck {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #running: boolean;
  readonly #onProgress: (bytes: number) => void;
  readonly #findings: Finding[] = [];
  readonly #table = new SourceTable();
  #cursors: readonly CursorSurvey[] = [];
  /** Where cursors are, with the events that the log has before that. */
  readonly #marks = new Map<number, number | undefined>();
  #before: Mark | null = null;
  #start: Mark | null = null;
  #segments = 0;
  #batches = 0;
  #events = 0;
  #bytes = 0;

  constructor(
    disk: Disk,
    dir: string,
    { running, onProgress = () => undefined }: { running: boolean; onProgress?: (bytes: number) => void },
  ) {
    this.#disk = disk;
    this.#dir = dir;
    this.#running = running;
    this.#onProgress = onProgress;
  }

  async run(): Promise<LogReport> {
    // cursors before the segments, so that none is ahead of the log only because both have moved
    this.#cursors = await this.#readCursors();
    for (const { state } of this.#cursors)
      if (state !== null) this.#marks.set(state.position.offset, undefined);
    const names = await surveyNames(this.#disk, this.#dir);
    const stream = await this.#checkIdentity();
    await this.#checkStrays(names);
    this.#checkUnfinished(names);
    await this.#checkSegments(names.journals);
    await this.#checkCursors(stream);
    return {
      stream,
      segments: this.#segments,
      batches: this.#batches,
      events: this.#events,
      bytes: this.#bytes,
      findings: this.#findings,
    };
  }

  async #readCursors(): Promise<CursorSurvey[]> {
    const { cursors } = await surveyNames(this.#disk, this.#dir);
    const surveys: CursorSurvey[] = [];
    for (const name of cursors) {
      // one slot is being written at times
      const survey = await this.#lookAgain(
        () => surveyCursor(this.#disk, this.#dir, name),
        (seen) => seen === null || seen.good === 2,
      );
      if (survey !== null) surveys.push(survey);
    }
    return surveys;
  }

  async #checkIdentity(): Promise<string | null> {
    const { there, stream } = await this.#lookAgain(
      () => surveyStream(this.#disk, this.#dir),
      (seen) => seen.stream !== null,
    );
    if (stream !== null) return stream;
    this.#findings.push(await lostIdentity(this.#disk, this.#dir, there));
    return null;
  }

  async #checkStrays({ segments, journals }: LogNames): Promise<void> {
    for (const base of segments.filter((segment) => !journals.includes(segment))) {
      const isLeft = await this.#lookAgain(
        async () => (await surveyJournal(this.#disk, this.#dir, base)) === null,
        (seen) => !seen,
      );
      if (!isLeft) continue;
      const data = await DataFile.open(this.#disk, this.#dir, base);
      if (data === null) continue;
      const { bytes } = data;
      const events = await data.eventsFrom(0);
      await data[Symbol.asyncDispose]();
      if (bytes === 0 && this.#running) continue;
      const begun = 'a segment that was begun and holds nothing';
      const lost = 'data without a journal, so nothing says what of it was committed';
      this.#findings.push({
        kind: bytes === 0 ? 'unfinished' : 'no-journal',
        place: placesOf(base).data,
        range: bytes === 0 ? null : { from: base, to: base + bytes },
        what: bytes === 0 ? begun : lost,
        cost: { events, bytes },
        start:
          bytes === 0 ? 'removes it' : 'sets it aside in quarantine/, and announces its range as damaged',
        mends: true,
      });
    }
  }

  #checkUnfinished({ unfinished }: LogNames): void {
    if (this.#running) return;
    for (const place of unfinished) {
      this.#findings.push({
        kind: 'unfinished',
        place,
        range: null,
        what: 'it was to replace another file when the agent died; that one is as it was',
        cost: NO_COST,
        start: 'leaves it there',
        mends: true,
      });
    }
  }

  async #checkSegments(bases: readonly number[]): Promise<void> {
    let survey = await this.#survey(bases[0]);
    for (const [index, base] of bases.entries()) {
      const nextBase = bases[index + 1];
      const next = await this.#survey(nextBase);
      if (survey !== null) {
        const after =
          nextBase === undefined ? null : { offset: nextBase, events: next?.header?.baseEvent ?? null };
        await this.#checkSegment(base, survey, { before: this.#before, next: after }, index === 0);
      }
      survey = next;
    }
  }

  #survey(base: number | undefined): Promise<JournalSurvey | null> {
    return base === undefined ? Promise.resolve(null) : surveyJournal(this.#disk, this.#dir, base);
  }

  async #checkSegment(
    base: number,
    first: JournalSurvey,
    neighbours: Neighbours,
    isFirst: boolean,
  ): Promise<void> {
    const sources = structuredClone(this.#table.checkpoint());
    let survey: JournalSurvey | null = first;
    const look = async (): Promise<CheckedSegment | null> => {
      survey ??= await surveyJournal(this.#disk, this.#dir, base);
      if (survey === null) return null;
      const known = survey;
      survey = null;
      const facts = await segmentFacts(this.#disk, this.#dir, base);
      if (facts === null && neighbours.next !== null) return this.#deleted(known, neighbours, isFirst);
      this.#table.applyNote(sources);
      const { disk, dir, running } = { disk: this.#disk, dir: this.#dir, running: this.#running };
      const onMark = (offset: number, events: number) => {
        if (this.#marks.has(offset)) this.#marks.set(offset, events);
      };
      return checkSegment({ disk, dir, survey: known, table: this.#table, neighbours, running, onMark });
    };
    const checked = await this.#lookAgain(look, (seen) => seen === null || seen.findings.length === 0);
    if (checked === null) return;
    const baseEvent = first.header?.baseEvent ?? this.#before?.events ?? 0;
    await this.#checkBetween(base, baseEvent);
    this.#start ??= { offset: base, events: baseEvent };
    if (this.#marks.has(base)) this.#marks.set(base, baseEvent);
    this.#before = { offset: checked.end, events: checked.endEvents };
    this.#findings.push(...checked.findings);
    this.#segments++;
    this.#batches += checked.batches;
    this.#events += checked.events;
    this.#bytes += checked.checkedBytes;
    this.#onProgress(this.#bytes);
  }

  /** Data goes before its journal when a segment is deleted: only who still wants the range says that it was not that. */
  #deleted({ base, header }: JournalSurvey, { next }: Neighbours, isFirst: boolean): CheckedSegment {
    const to = next?.offset ?? base;
    const events = (next?.events ?? 0) - (header?.baseEvent ?? 0);
    const isLoss = this.#isWanted(base, to) ?? !isFirst;
    const finding: Finding = {
      kind: isLoss ? 'no-data' : 'unfinished',
      place: isLoss ? placesOf(base).data : placesOf(base).journal,
      range: isLoss ? { from: base, to } : null,
      what: isLoss ? 'the file is gone' : 'the journal of a segment that was being deleted',
      cost: isLoss ? { events, bytes: to - base } : NO_COST,
      start: isLoss
        ? 'removes the journal, too; the range is announced to destinations as damaged, with its count'
        : 'removes it',
      mends: true,
    };
    const end = { end: to, endEvents: (header?.baseEvent ?? 0) + events };
    return { findings: [finding], ...end, batches: 0, checkedBytes: 0, events: 0 };
  }

  /** What retention deleted between two segments is no loss: nobody wants it. */
  async #checkBetween(base: number, baseEvent: number): Promise<void> {
    const before = this.#before;
    if (before === null || before.offset >= base) return;
    if (this.#running) this.#cursors = await this.#readCursors();
    if (this.#isWanted(before.offset, base) === false) return;
    if (this.#isStray(before.offset, base)) return;
    this.#findings.push({
      kind: 'unknown-range',
      place: basename(segmentPath('', base)),
      range: { from: before.offset, to: base },
      what: 'nothing is there of what lay before this segment',
      cost: { events: baseEvent - before.events, bytes: base - before.offset },
      start: 'goes on; the range is announced to destinations as damaged, with its count',
      mends: false,
    });
  }

  /** It is reported as data without a journal. */
  #isStray(from: number, to: number): boolean {
    return this.#findings.some(
      ({ kind, range }) => kind === 'no-journal' && range !== null && range.from <= from && range.to >= to,
    );
  }

  /** Null: there is no cursor that could say. */
  #isWanted(from: number, to: number): boolean | null {
    const states = this.#cursors.flatMap(({ state }) => (state === null ? [] : [state]));
    return states.length === 0 ? null : states.some((state) => cursorWants(state, from, to));
  }

  async #checkCursors(stream: string | null): Promise<void> {
    const end = this.#before ?? { offset: 0, events: 0 };
    const start = this.#start ?? { offset: 0, events: 0 };
    const extent = { stream, start, end, eventsAt: (offset: number) => this.#marks.get(offset) };
    for (const cursor of this.#cursors) {
      // beside a running agent a cursor may be read later than the end that it has come to
      if (this.#running && (cursor.state?.position.offset ?? 0) > extent.end.offset) continue;
      const findings = checkCursor(cursor, extent);
      if (findings.length === 0 || !this.#running) {
        this.#findings.push(...findings);
        continue;
      }
      // it may have moved on meanwhile, with the log, and what it had may be deleted by now
      const now = await surveyCursor(this.#disk, this.#dir, cursor.destination);
      const hasMoved = now?.state?.position.offset !== cursor.state?.position.offset;
      const ahead = { ...extent, end: { ...end, offset: Number.POSITIVE_INFINITY } };
      if (now !== null) this.#findings.push(...checkCursor(now, hasMoved ? ahead : extent));
    }
  }

  /** Beside a running agent a second look tells what is wrong from what was on its way. */
  async #lookAgain<T>(look: () => Promise<T>, isFine: (seen: T) => boolean): Promise<T> {
    for (let looks = 1; ; looks++) {
      const seen = await look();
      if (isFine(seen) || !this.#running || looks >= LOOKS_MAX) return seen;
      await sleep(LOOK_AGAIN_MS);
    }
  }
}
