// Group commit: what sources append is gathered, written and synced together, and counts once its journal records
// are down. Two stages overlap: while the journal of one group is synced, the data of the next is written.
//
//   append ─> pending ─> [ write data, sync ] ─> [ write journal, sync ] ─> published: state moves, promises resolve
//
// Where a step fails, nothing since the last commit is trusted: all that is not published is rejected (its sources
// rewind), the segment is cut back and closed, and a new one is begun, tried again until the disk lets it.

import { setTimeout as sleep } from 'node:timers/promises';
import { SpillwayError } from '../errors.ts';
import {
  BATCH_BYTES,
  type BatchRecord,
  encodeBatch,
  encodeNote,
  type NoteRecord,
  RecordType,
} from './record.ts';
import type { SourceState, SourceTable } from './sources.ts';
import type { Space } from './space.ts';
import type { SegmentStore } from './store.ts';
import { writeFailure } from './write-failure.ts';

/** A contiguous range of whole events from one source. The chunks must not change until the promise settles. */
export interface Append {
  readonly source: SourceState;
  readonly from: number;
  readonly end: number;
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  readonly events: number;
  readonly crc: number;
  readonly sequence: number;
}

type Item = PromiseWithResolvers<void> &
  (
    | { readonly append: Append; readonly note?: never }
    | { readonly note: NoteRecord; readonly append?: never }
  );

interface Group {
  readonly items: readonly Item[];
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  /** At most what its records take. */
  readonly journalBytes: number;
}

export interface CommitLimits {
  /** Of the log, for messages. */
  readonly dir: string;
  readonly durable: boolean;
  readonly segmentBytes: number;
  readonly journalBytesMax: number;
  readonly pendingBytesMax: number;
}

/** A group waits for room as one: it must not be larger than what a small log has when nothing waits in it. */
const GROUP_BYTES_MAX = 4 * 1024 * 1024;
const HEAL_MS = 1000;
/** More than the numbers in the definition of a source may grow until it is written. */
const DEFINITION_GROWTH_BYTES = 128;

export class Committer {
  readonly #store: SegmentStore;
  readonly #table: SourceTable;
  readonly #space: Space;
  readonly #limits: CommitLimits;
  readonly #now: () => number;
  readonly #onCommit: () => void;
  #pending: Item[] = [];
  #pendingBytes = 0;
  #journalUnderWay = 0;
  #room: PromiseWithResolvers<void> | null = null;
  #loop: Promise<void> | null = null;
  /** Settles, with whether it succeeded, when the journal of the last group is down. Never rejects. */
  #journaling: Promise<boolean> = Promise.resolve(true);
  #failure: SpillwayError | null = null;
  readonly #hasFailed = () => this.#failure !== null;
  #closed = false;
  /** When the writes began that are under way: of data, and of the journal. */
  #dataSince: number | null = null;
  #journalSince: number | null = null;
  /** Sources that the journals define. */
  readonly #defined: Set<number>;
  /** Sources whose forgetting waits to be committed: nothing may come behind it. */
  readonly #leaving = new Set<number>();
  syncs = 0;
  writtenBytes = 0;

  constructor(
    parts: { store: SegmentStore; table: SourceTable; space: Space },
    limits: CommitLimits,
    { now, onCommit }: { now: () => number; onCommit: () => void },
  ) {
    this.#store = parts.store;
    this.#table = parts.table;
    this.#space = parts.space;
    this.#limits = limits;
    this.#now = now;
    this.#onCommit = onCommit;
    this.#defined = new Set(parts.table.indexes());
  }

  /** Why the log takes nothing at present, or null. */
  get failure(): SpillwayError | null {
    return this.#failure;
  }

  /** How long the oldest write that is under way has taken; a healthy disk answers in milliseconds. */
  get stalledMs(): number {
    const since = Math.min(this.#dataSince ?? Infinity, this.#journalSince ?? Infinity);
    return since === Infinity ? 0 : performance.now() - since;
  }

  /** What is not committed yet, in memory. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Resolves when the batch is durable; rejects when it is not and will not become so. */
  append(append: Append): Promise<void> {
    this.#pendingBytes += append.bytes;
    return this.#push({ ...Promise.withResolvers<void>(), append });
  }

  note(note: NoteRecord): Promise<void> {
    return this.#push({ ...Promise.withResolvers<void>(), note });
  }

  /** Back pressure: resolves when less than pendingBytesMax waits. */
  async room(): Promise<void> {
    while (this.#pendingBytes >= this.#limits.pendingBytesMax && !this.#closed) {
      this.#room ??= Promise.withResolvers();
      await this.#room.promise;
    }
  }

  /** Commits what is pending, then refuses more. What the cap does not let in is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#space.close();
    this.#room?.resolve();
    await this.#loop;
    await this.#journaling;
  }

  #push(item: Item): Promise<void> {
    const refusal = this.#refusal(item);
    if (refusal !== null) {
      // nothing of what is pending changes by it
      this.#pendingBytes -= item.append?.bytes ?? 0;
      item.reject(refusal);
      return item.promise;
    }
    if (item.note?.type === RecordType.forget) this.#leaving.add(item.note.source);
    this.#pending.push(item);
    this.#loop ??= this.#run();
    return item.promise;
  }

  #refusal({ append, note }: Item): SpillwayError | null {
    if (this.#failure !== null) return this.#failure;
    if (this.#closed) return new SpillwayError('closed', 'the log is closed');
    const source = append === undefined ? note.source : append.source.index;
    if (this.#table.has(source) && !this.#leaving.has(source)) return null;
    return new SpillwayError('closed', `the log was told to forget source ${source}`);
  }

  async #run(): Promise<void> {
    // one turn of the event loop gathers what arrives together
    await Promise.resolve();
    while (this.#pending.length > 0 || this.#failure !== null) {
      if (this.#failure === null) await this.#commit(this.#take());
      else if (!(await this.#heal())) break;
    }
    // in the same breath as the last look at what is pending: what is pushed a moment later begins a new run
    this.#loop = null;
  }

  /** Never rejects: what fails is told to those who wait for it. */
  async #commit(group: Group): Promise<void> {
    try {
      await this.#writeData(group);
    } catch (error) {
      this.#fail(error, group);
      return;
    }
    if (!(await this.#journaling)) {
      this.#settle(group.items, this.#failure);
      return;
    }
    this.#journaling = this.#writeJournal(group);
    // the last group's journal may fail when nothing is pending: stay for it
    if (this.#pending.length === 0) await this.#journaling;
  }

  #take(): Group {
    const chunks: Buffer[] = [];
    const defining = new Set<number>();
    const most = Math.min(GROUP_BYTES_MAX, this.#limits.segmentBytes);
    let bytes = 0;
    let journalBytes = 0;
    let count = 0;
    for (const item of this.#pending) {
      const { append } = item;
      const dataBytes = append?.bytes ?? 0;
      const recordBytes = this.#recordBytes(item, defining);
      if (count > 0 && bytes + journalBytes + dataBytes + recordBytes > most) break;
      count++;
      journalBytes += recordBytes;
      bytes += dataBytes;
      if (append !== undefined) chunks.push(...append.chunks);
    }
    return { items: this.#pending.splice(0, count), chunks, bytes, journalBytes };
  }

  /** At most what an item adds to the journal, with the definition of its source where there is none yet. */
  #recordBytes({ append, note }: Item, defining: Set<number>): number {
    const index = append === undefined ? note.source : append.source.index;
    const bytes = append === undefined ? encodeNote(note).length : BATCH_BYTES;
    if (this.#defined.has(index) || defining.has(index)) return bytes;
    defining.add(index);
    const definition = this.#table.definition(index);
    return definition === null ? bytes : bytes + encodeNote(definition).length + DEFINITION_GROWTH_BYTES;
  }

  async #writeData(group: Group): Promise<void> {
    // what the last group still writes to its journal is not on the disk yet
    const rolls = this.#isFull(group);
    const checkpointBytes = rolls ? encodeNote(this.#table.checkpoint()).length : 0;
    const bytes = group.bytes + group.journalBytes + this.#journalUnderWay + checkpointBytes;
    await this.#space.wait(bytes, this.#hasFailed);
    if (this.#failure !== null) {
      this.#space.landed();
      throw this.#failure;
    }
    if (this.#closed && this.#space.waitingFor !== null) {
      throw new SpillwayError('disk-full', `the log is full: ${this.#space.waitingFor}`);
    }
    if (rolls) {
      if (!(await this.#journaling)) throw this.#failure;
      await this.#roll();
    }
    if (group.bytes === 0) return;
    this.#dataSince = performance.now();
    try {
      await this.#putData(group);
    } finally {
      this.#dataSince = null;
    }
  }

  async #putData(group: Group): Promise<void> {
    const writing = this.#store.active.writeData(group.chunks, group.bytes);
    this.#space.landed();
    await writing;
    this.writtenBytes += group.bytes;
    if (this.#limits.durable) {
      await this.#store.active.syncData();
      this.syncs++;
    }
  }

  /** Whether a group needs a new segment. A journal also grows where no data comes, and may begin with a long checkpoint. */
  #isFull(group: Group): boolean {
    const { segmentBytes, journalBytesMax } = this.#limits;
    const { dataAt, journalAt, begunAt } = this.#store.active;
    if (dataAt > 0 && dataAt + group.bytes > segmentBytes) return true;
    return journalAt > Math.max(journalBytesMax, 2 * begunAt);
  }

  async #roll(): Promise<void> {
    const indexes = this.#table.indexes();
    await this.#store.roll(this.#table.checkpoint());
    for (const index of indexes) this.#defined.add(index);
  }

  async #writeJournal(group: Group): Promise<boolean> {
    this.#journalUnderWay = group.journalBytes;
    this.#journalSince = performance.now();
    try {
      const { active } = this.#store;
      const { bytes, batches } = this.#encode(group);
      await active.writeJournal(bytes);
      this.writtenBytes += bytes.length;
      if (this.#limits.durable) {
        await active.syncJournal();
        this.syncs++;
      }
      this.#publish(group, batches, bytes.length);
      return true;
    } catch (error) {
      this.#fail(error, group);
      return false;
    } finally {
      this.#journalUnderWay = 0;
      this.#journalSince = null;
    }
  }

  #encode(group: Group): { bytes: Buffer; batches: BatchRecord[] } {
    const { segment } = this.#store.active;
    const batches: BatchRecord[] = [];
    const parts: Buffer[] = [];
    let from = segment.end;
    let eventsBefore = segment.baseEvent + segment.events;
    for (const { append, note } of group.items) {
      const index = append === undefined ? note.source : append.source.index;
      const definition = this.#defined.has(index) ? null : this.#table.definition(index);
      if (definition !== null) {
        parts.push(encodeNote(definition));
        this.#defined.add(index);
      }
      if (append === undefined) {
        parts.push(encodeNote(note));
        continue;
      }
      const { source, bytes, events, crc, sequence } = append;
      const record: BatchRecord = {
        source: source.index,
        from,
        to: from + bytes,
        eventsBefore,
        events,
        bytes,
        crc,
        sourceFrom: append.from,
        sourceEnd: append.end,
        segment: segment.base,
        position: from - segment.base,
        timeMs: this.#now(),
        sequence,
        durable: this.#limits.durable,
        group: this.#store.active.journalAt,
      };
      const encoded = Buffer.allocUnsafe(BATCH_BYTES);
      encodeBatch(encoded, 0, record);
      parts.push(encoded);
      batches.push(record);
      from += bytes;
      eventsBefore += events;
    }
    return { bytes: Buffer.concat(parts), batches };
  }

  #publish(group: Group, batches: readonly BatchRecord[], journalBytes: number): void {
    const { segment } = this.#store.active;
    let next = 0;
    // in the order of the journal: a replay must come to the same state
    for (const { note } of group.items) {
      const record = note === undefined ? batches[next++] : undefined;
      if (note !== undefined) this.#table.applyNote(note);
      if (record === undefined) continue;
      this.#table.applyBatch(record);
      segment.bytes += record.bytes;
      segment.events += record.events;
      segment.lastMs = record.timeMs;
    }
    segment.journalBytes += journalBytes;
    this.#settle(group.items, null);
    this.#onCommit();
  }

  #fail(cause: unknown, group: Group): void {
    this.#failure ??= cause instanceof SpillwayError ? cause : writeFailure(this.#limits.dir, cause);
    // who waits for room is rejected, too: what mends the log must not wait for it
    this.#space.wake();
    this.#settle(group.items, this.#failure);
    const rest = this.#pending;
    this.#pending = [];
    this.#settle(rest, this.#failure);
  }

  #settle(items: readonly Item[], error: SpillwayError | null): void {
    for (const item of items) {
      this.#pendingBytes -= item.append?.bytes ?? 0;
      if (item.note?.type === RecordType.forget) {
        this.#leaving.delete(item.note.source);
        if (error === null) this.#defined.delete(item.note.source);
      }
      if (error === null) item.resolve();
      else item.reject(error);
    }
    if (this.#pendingBytes < this.#limits.pendingBytesMax && this.#room !== null) {
      this.#room.resolve();
      this.#room = null;
    }
  }

  /** Begins a new segment once the disk lets it. False when the log was closed meanwhile. */
  async #heal(): Promise<boolean> {
    await this.#journaling;
    while (!this.#closed) {
      try {
        await this.#roll();
        this.#failure = null;
        this.#journaling = Promise.resolve(true);
        return true;
      } catch {
        // the failure that is shown stays the first one
        await sleep(HEAL_MS);
      }
    }
    return false;
  }
}
