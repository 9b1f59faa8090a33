// The batches of a range of a log, one after the other, each checked; what is not there or not what was written comes
// as a gap. Memory is one journal and one batch, whatever the size of the log. Nothing is changed and nothing locked.

import type { Disk } from '../log/disk.ts';
import type { BatchRecord } from '../log/record.ts';
import { type SourceState, SourceTable } from '../log/sources.ts';
import { applyEntry, entriesOf, type JournalSurvey, surveyJournal, surveyNames } from '../log/survey.ts';
import { DataFile } from './data-file.ts';

export interface Range {
  readonly fromOffset: number;
  readonly toOffset: number;
  /** Times of batches. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The name of a configured source; null: all. */
  readonly owner: string | null;
}

export type Found =
  /** Valid until the next one is asked for. */
  | { readonly kind: 'batch'; readonly record: BatchRecord; readonly owner: string; readonly bytes: Buffer }
  | {
      readonly kind: 'gap';
      readonly from: number;
      readonly to: number;
      /** Null: nobody knows. */
      readonly events: number | null;
      readonly why: 'damaged' | 'unknown' | 'gone';
    };

export async function* batchesIn(
  disk: Disk,
  dir: string,
  range: Range,
): AsyncGenerator<Found, void, undefined> {
  const { journals } = await surveyNames(disk, dir);
  // the oldest segments need not be opened
  const first = Math.max(
    0,
    journals.findLastIndex((base) => base <= range.fromOffset),
  );
  const walk = new Walk(disk, dir, range, Math.max(range.fromOffset, journals[first] ?? 0));
  for (const [index, base] of journals.entries()) {
    if (index < first) continue;
    if (walk.done) return;
    const survey = await surveyJournal(disk, dir, base);
    if (survey !== null) yield* walk.segment(survey, journals[index + 1] ?? Number.POSITIVE_INFINITY);
  }
}

class Walk {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #range: Range;
  readonly #table = new SourceTable();
  /** Where the last batch ended, with the events up to there; at first where the range begins. */
  #at: { offset: number; events: number | null };

  constructor(disk: Disk, dir: string, range: Range, start: number) {
    this.#disk = disk;
    this.#dir = dir;
    this.#range = range;
    this.#at = { offset: start, events: null };
  }

  get done(): boolean {
    return this.#at.offset >= this.#range.toOffset;
  }

  async *segment(survey: JournalSurvey, limit: number): AsyncGenerator<Found, void, undefined> {
    if (survey.header === null) return;
    const data = await DataFile.open(this.#disk, this.#dir, survey.base);
    try {
      for (const entry of entriesOf(survey.journal)) {
        // behind a sealed segment's end there may be records of a commit that failed
        if (entry.kind === 'batch' && entry.record.to > limit) return;
        applyEntry(this.#table, entry);
        if (entry.kind === 'batch') yield* this.#batch(entry.record, data);
        if (this.done) return;
      }
    } finally {
      await data?.[Symbol.asyncDispose]();
    }
  }

  async *#batch(record: BatchRecord, data: DataFile | null): AsyncGenerator<Found, void, undefined> {
    const { from, to, events, eventsBefore, timeMs } = record;
    const { fromOffset, toOffset, fromMs, toMs, owner } = this.#range;
    if (to <= fromOffset || to <= this.#at.offset) return;
    const before = this.#at;
    this.#at = { offset: to, events: eventsBefore + events };
    if (timeMs < fromMs || timeMs >= toMs) return;
    if (from > before.offset) {
      const missing = before.events === null ? null : eventsBefore - before.events;
      yield { kind: 'gap', from: before.offset, to: from, events: missing, why: 'unknown' };
    }
    if (from >= toOffset) return;
    const source = this.#ownerOf(record.source);
    if (owner !== null && source !== owner) return;
    const bytes = (await data?.goodBatch(record)) ?? null;
    if (bytes !== null) yield { kind: 'batch', record, owner: source ?? 'unknown', bytes };
    else yield { kind: 'gap', from, to, events, why: data === null ? 'gone' : 'damaged' };
  }

  #ownerOf(index: number): string | null {
    const source = this.#table.definition(index)?.body as SourceState | undefined;
    return source?.owner ?? null;
  }
}
