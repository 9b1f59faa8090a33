// Group commit: what sources append is gathered, written and synced together, and counts once its journal records
// are down. Two stages overlap: while the journal of one group is synced, the data of the next is written.
//
//   append ─> pending ─> [ write data, sync ] ─> [ write journal, sync ] ─> published: state moves, promises resolve
//
// Where a step fails, nothing since the last commit is trusted: all that is not published is rejected (its sources
// rewind), the segment is cut back and closed, and a new one is begun, tried again until the disk lets it.

import { setTimeout as sleep } from 'node:timers/promises';
import { SpillwayError } from '../errors.ts';
import { type Append, type Group, Grouping, type Item } from './group.ts';
import { Pending } from './pending.ts';
import { type BatchRecord, encodeNote, type NoteRecord, RecordType } from './record.ts';
import type { SourceTable } from './sources.ts';
import type { Space } from './space.ts';
import type { SegmentStore } from './store.ts';
import { writeFailure } from './write-failure.ts';

export interface CommitLimits {
  /** Of the log, for messages. */
  readonly dir: string;
  readonly durable: boolean;
  readonly segmentBytes: number;
  readonly journalBytesMax: number;
  readonly pendingBytesMax: number;
}

const HEAL_MS = 1000;
export class Committer {
  readonly #store: SegmentStore;
  readonly #table: SourceTable;
  readonly #space: Space;
  readonly #limits: CommitLimits;
  readonly #onCommit: () => void;
  readonly #pending: Pending;
  readonly #grouping: Grouping;
  #journalUnderWay = 0;
  #loop: Promise<void> | null = null;
  /** Settles, with whether it succeeded, when the journal of the last group is down. Never rejects. */
  #journaling: Promise<boolean> = Promise.resolve(true);
  #failure: SpillwayError | null = null;
  readonly #hasFailed = () => this.#failure !== null;
  #closed = false;
  /** When the writes began that are under way: of data, and of the journal. */
  #dataSince: number | null = null;
  #journalSince: number | null = null;
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
    this.#pending = new Pending(limits.pendingBytesMax);
    this.#grouping = new Grouping(parts.table, limits, now);
    this.#onCommit = onCommit;
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
    return this.#pending.bytes;
  }

  /** Resolves when the batch is durable; rejects when it is not and will not become so. */
  append(append: Append): Promise<void> {
    return this.#push({ ...Promise.withResolvers<void>(), append });
  }

  note(note: NoteRecord): Promise<void> {
    return this.#push({ ...Promise.withResolvers<void>(), note });
  }

  /** Back pressure: resolves when less than pendingBytesMax waits. */
  room(): Promise<void> {
    return this.#pending.room();
  }

  /** Commits what is pending, then refuses more. What the cap does not let in is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#space.close();
    this.#pending.close();
    await this.#loop;
    await this.#journaling;
  }

  #push(item: Item): Promise<void> {
    const refusal = this.#refusal(item);
    if (refusal === null) {
      this.#pending.push(item);
      this.#loop ??= this.#run();
    } else item.reject(refusal);
    return item.promise;
  }

  #refusal({ append, note }: Item): SpillwayError | null {
    if (this.#failure !== null) return this.#failure;
    if (this.#closed) return new SpillwayError('closed', 'the log is closed');
    const source = append === undefined ? note.source : append.source.index;
    if (this.#table.has(source) && !this.#pending.isLeaving(source)) return null;
    return new SpillwayError('closed', `the log was told to forget source ${source}`);
  }

  async #run(): Promise<void> {
    // one turn of the event loop gathers what arrives together
    await Promise.resolve();
    while (this.#pending.items.length > 0 || this.#failure !== null) {
      if (this.#failure === null) await this.#commit(this.#grouping.take(this.#pending.items));
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
      this.#pending.settle(group.items, this.#failure);
      return;
    }
    this.#journaling = this.#writeJournal(group);
    // the last group's journal may fail when nothing is pending: stay for it
    if (this.#pending.items.length === 0) await this.#journaling;
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
    this.#grouping.defined(indexes);
  }

  async #writeJournal(group: Group): Promise<boolean> {
    this.#journalUnderWay = group.journalBytes;
    this.#journalSince = performance.now();
    try {
      const { active } = this.#store;
      const { bytes, batches } = this.#grouping.encode(group, active);
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

  #publish(group: Group, batches: readonly BatchRecord[], journalBytes: number): void {
    const { segment } = this.#store.active;
    let next = 0;
    // in the order of the journal: a replay must come to the same state
    for (const { note } of group.items) {
      const record = note === undefined ? batches[next++] : undefined;
      if (note !== undefined) this.#apply(note);
      if (record === undefined) continue;
      this.#table.applyBatch(record);
      segment.bytes += record.bytes;
      segment.events += record.events;
      segment.lastMs = record.timeMs;
    }
    segment.journalBytes += journalBytes;
    this.#pending.settle(group.items, null);
    this.#onCommit();
  }

  #apply(note: NoteRecord): void {
    this.#table.applyNote(note);
    if (note.type === RecordType.forget) this.#grouping.forgotten(note.source);
  }

  #fail(cause: unknown, group: Group): void {
    this.#failure ??= cause instanceof SpillwayError ? cause : writeFailure(this.#limits.dir, cause);
    // who waits for room is rejected, too: what mends the log must not wait for it
    this.#space.wake();
    this.#pending.settle(group.items, this.#failure);
    this.#pending.settle(this.#pending.drain(), this.#failure);
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
