// How far each source has been appended: the half of the log's state that is not bytes.
//
// A source is one tailed file or one lane of a peer. Its position changes only by journal records, in the same
// commit as the bytes, so that a restart, a retry or a second read never appends the same bytes twice. Counters are
// kept per configured source ("owner"), because files and peers come and go.

import type { BatchRecord, NoteRecord } from './record.ts';
import { RecordType } from './record.ts';

export interface Counts {
  events: number;
  bytes: number;
}

/** What became of what was read; all but `appended` are recorded by progress notes. */
export const OUTCOMES = ['appended', 'suppressed', 'quarantined', 'refused'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type OwnerCounts = Readonly<Record<Outcome, Counts>>;

export interface SourceState {
  readonly index: number;
  readonly owner: string;
  /** Unique among the sources of a log: what the source is found by after a restart. */
  readonly key: string;
  readonly identity: Readonly<Record<string, string | number>>;
  /** Bytes [0, position) of the source are dealt with, durably. */
  position: number;
  /** The last batch that came from it: from there to `position`, with this checksum. */
  lastFrom: number;
  lastCrc: number;
  /** Events in [where it was defined, position): delivered, quarantined or skipped. */
  events: number;
  sequence: number;
  seenMs: number;
}

export interface SourceDefinition {
  readonly owner: string;
  readonly key: string;
  readonly identity: Readonly<Record<string, string | number>>;
  readonly position: number;
}

/** Moves a source without appending bytes, or counts something at its present position. */
export interface Progress {
  readonly outcome: Exclude<Outcome, 'appended'> | 'skipped';
  readonly reason: string;
  readonly from: number;
  readonly end: number;
  readonly events: number;
  readonly bytes: number;
  readonly timeMs: number;
}

interface Checkpoint {
  readonly nextIndex: number;
  readonly sources: readonly SourceState[];
  readonly counters: Readonly<Record<string, OwnerCounts>>;
  readonly skipped: Readonly<Record<string, Counts>>;
}

function noCounts(): OwnerCounts {
  const zero = (): Counts => ({ events: 0, bytes: 0 });
  return { appended: zero(), suppressed: zero(), quarantined: zero(), refused: zero() };
}

export class SourceTable {
  #nextIndex = 1;
  readonly #byIndex = new Map<number, SourceState>();
  readonly #byKey = new Map<string, SourceState>();
  readonly #counters = new Map<string, OwnerCounts>();
  /** Gaps that peers announced, by reason. */
  readonly #skipped = new Map<string, Counts>();

  find(key: string): SourceState | undefined {
    return this.#byKey.get(key);
  }

  ofOwner(owner: string): SourceState[] {
    return [...this.#byIndex.values()].filter((source) => source.owner === owner);
  }

  owner(index: number): string | null {
    return this.#byIndex.get(index)?.owner ?? null;
  }

  identity(index: number): SourceState['identity'] | null {
    return this.#byIndex.get(index)?.identity ?? null;
  }

  has(index: number): boolean {
    return this.#byIndex.has(index);
  }

  indexes(): readonly number[] {
    return [...this.#byIndex.keys()];
  }

  /** A new source; it is journaled with the first record that names it, or by the next checkpoint. */
  define(definition: SourceDefinition, seenMs: number): SourceState {
    const source: SourceState = {
      index: this.#nextIndex,
      ...definition,
      lastFrom: definition.position,
      lastCrc: 0,
      events: 0,
      sequence: 0,
      seenMs,
    };
    this.#add(source);
    return source;
  }

  /** The note that journals a source as it is now. */
  definition(index: number): NoteRecord | null {
    const source = this.#byIndex.get(index);
    return source === undefined ? null : { type: RecordType.source, source: index, body: { ...source } };
  }

  counts(owner: string): OwnerCounts {
    let counts = this.#counters.get(owner);
    if (counts === undefined) {
      counts = noCounts();
      this.#counters.set(owner, counts);
    }
    return counts;
  }

  owners(): readonly string[] {
    return [...this.#counters.keys()];
  }

  skipped(): ReadonlyMap<string, Readonly<Counts>> {
    return this.#skipped;
  }

  applyBatch(record: BatchRecord): void {
    const source = this.#byIndex.get(record.source);
    if (source === undefined)
      throw new Error(`journal names source ${record.source}, which was never defined`);
    source.position = record.sourceEnd;
    source.lastFrom = record.sourceFrom;
    source.lastCrc = record.crc;
    source.events += record.events;
    source.sequence = record.sequence;
    source.seenMs = record.timeMs;
    const appended = this.counts(source.owner).appended;
    appended.events += record.events;
    appended.bytes += record.bytes;
  }

  applyNote(note: NoteRecord): void {
    switch (note.type) {
      case RecordType.checkpoint:
        this.#restore(note.body as Checkpoint);
        return;
      case RecordType.source:
        // known already where it was defined in this run, or where a checkpoint holds it
        if (!this.#byIndex.has(note.source)) this.#add({ ...(note.body as SourceState) });
        return;
      case RecordType.progress:
        this.#applyProgress(note.source, note.body as Progress);
        return;
      case RecordType.forget:
        this.#remove(note.source);
        return;
      default:
        note.type satisfies never;
    }
  }

  checkpoint(): NoteRecord {
    const body: Checkpoint = {
      nextIndex: this.#nextIndex,
      sources: [...this.#byIndex.values()],
      counters: Object.fromEntries(this.#counters),
      skipped: Object.fromEntries(this.#skipped),
    };
    return { type: RecordType.checkpoint, source: 0, body };
  }

  #applyProgress(index: number, progress: Progress): void {
    const source = this.#byIndex.get(index);
    if (source === undefined) throw new Error(`journal names source ${index}, which was never defined`);
    if (progress.end > source.position) {
      source.position = progress.end;
      source.lastFrom = progress.end;
      source.lastCrc = 0;
      source.events += progress.events;
    }
    source.seenMs = progress.timeMs;
    let counts: Counts | undefined;
    if (progress.outcome === 'skipped') {
      counts = this.#skipped.get(progress.reason) ?? { events: 0, bytes: 0 };
      this.#skipped.set(progress.reason, counts);
    } else {
      counts = this.counts(source.owner)[progress.outcome];
    }
    counts.events += progress.events;
    counts.bytes += progress.bytes;
  }

  #restore(checkpoint: Checkpoint): void {
    this.#byIndex.clear();
    this.#byKey.clear();
    this.#counters.clear();
    this.#skipped.clear();
    for (const source of checkpoint.sources) this.#add({ ...source });
    for (const [owner, counts] of Object.entries(checkpoint.counters)) {
      this.#counters.set(owner, structuredClone(counts));
    }
    for (const [reason, counts] of Object.entries(checkpoint.skipped))
      this.#skipped.set(reason, { ...counts });
    this.#nextIndex = checkpoint.nextIndex;
  }

  #add(source: SourceState): void {
    this.#byIndex.set(source.index, source);
    this.#byKey.set(source.key, source);
    this.#nextIndex = Math.max(this.#nextIndex, source.index + 1);
  }

  #remove(index: number): void {
    const source = this.#byIndex.get(index);
    if (source === undefined) return;
    this.#byIndex.delete(index);
    if (this.#byKey.get(source.key) === source) this.#byKey.delete(source.key);
  }
}
