// The event log: the directory of plain-text segments that is at once the record of what arrived and the disk buffer
// for what has not left. Sources append to it, destinations read it, and both restart from what it says.
//
// Invariants:
//   - a batch and the position of its source are one commit; nothing is acknowledged or sent on before it
//   - a log offset never stands for other bytes; offsets rise for ever
//   - the directory never outgrows its cap, and nothing a destination still wants is deleted
//   - appended, expired and every source's counters are derived from the commits, so a crash counts nothing twice

import { type Clock, steadyClock } from '../clock.ts';
import { lockDirectory } from '../lock.ts';
import { Committer } from './committer.ts';
import { Cursors } from './cursors.ts';
import { realDisk } from './disk.ts';
import { factsOf, type LogFacts } from './facts.ts';
import type { Append } from './group.ts';
import { Holders } from './holders.ts';
import { Boundaries, batchEndingAt, type Mark, markAtLeast, markBefore, missingFrom } from './marks.ts';
import { type LogParts, openParts } from './parts.ts';
import { COLD_READS_MAX, LogReader } from './reader.ts';
import { type BatchRecord, RecordType } from './record.ts';
import type { DamagedRange } from './segment.ts';
import type { OwnerCounts, Progress, SourceDefinition, SourceState } from './sources.ts';
import { Space, type SpaceLimits } from './space.ts';
import { Turnstile } from './turnstile.ts';

export interface LogOptions extends SpaceLimits {
  readonly dir: string;
  readonly durability: 'fsync' | 'os';
  readonly segmentBytes: number;
  readonly journalBytesMax: number;
  readonly pendingBytesMax: number;
}

/** So long senders get to bring again what the log went back behind, before who is ahead of it gets a new epoch. */
const COME_AGAIN_MS = 10_000;

export class EventLog implements AsyncDisposable {
  readonly stream: string;
  readonly #options: LogOptions;
  readonly #parts: LogParts;
  readonly #space: Space;
  readonly #committer: Committer;
  /** How far destinations have got. */
  readonly cursors: Cursors;
  /** Who wants bytes of it. */
  readonly holders: Holders;
  readonly #listeners = new Set<() => void>();
  readonly #coldReads = new Turnstile(COLD_READS_MAX);
  #closed = false;
  readonly #openedMs: number;

  /** What was found and mended when the log was opened, for the agent's own log. */
  readonly remarks: readonly string[];

  private constructor(options: LogOptions, parts: LogParts, remarks: readonly string[]) {
    const { disk, store, table, now } = parts;
    this.stream = parts.stream;
    this.remarks = remarks;
    this.#openedMs = now();
    this.#options = options;
    this.#parts = parts;
    this.#space = new Space(store, { disk, dir: options.dir, limits: options, now });
    this.holders = new Holders(store, this.#space);
    const durable = options.durability === 'fsync';
    const onBytes = (bytes: number) => {
      this.#space.cursorBytes = bytes;
    };
    this.cursors = new Cursors({ disk, dir: options.dir, durable, takeLock: parts.takeLock, onBytes });
    this.#committer = new Committer(
      { store, table, space: this.#space },
      { ...options, durable },
      { now, onCommit: () => this.#announce() },
    );
  }

  /**
   * Opens or makes the log in `options.dir`, whose parent must exist.
   * @throws SpillwayError `locked` where another process has it open.
   */
  static async open(
    options: LogOptions,
    disk = realDisk,
    clock: Clock = steadyClock(),
    takeLock = lockDirectory,
  ): Promise<EventLog> {
    const { dir } = options;
    await disk.makeDirectory(dir);
    const lock = await takeLock(dir);
    try {
      const { parts, remarks } = await openParts(options, { disk, lock, takeLock }, clock);
      const log = new EventLog(options, parts, remarks);
      await log.#space.count();
      log.#space.quarantine.countSetAside(parts.opening);
      return log;
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  // ---- for sources

  findSource(key: string): SourceState | undefined {
    return this.#parts.table.find(key);
  }

  sourcesOf(owner: string): SourceState[] {
    return this.#parts.table.ofOwner(owner);
  }

  /** Makes a source known; its definition is journaled with its first batch. */
  defineSource(definition: SourceDefinition): SourceState {
    return this.#parts.table.define(definition, this.#parts.now());
  }

  /** Nothing more is taken from a source once this is called, unless it rejects. */
  forgetSource(source: SourceState): Promise<void> {
    return this.#committer.note({ type: RecordType.forget, source: source.index, body: null });
  }

  append(append: Append): Promise<void> {
    return this.#committer.append(append);
  }

  /** Moves a source past bytes that are not appended, and counts why. */
  progress(source: SourceState, progress: Omit<Progress, 'timeMs'>): Promise<void> {
    const body: Progress = { ...progress, timeMs: this.#parts.now() };
    return this.#committer.note({ type: RecordType.progress, source: source.index, body });
  }

  /** Back pressure: resolves when less than pendingBytesMax waits to be committed. */
  room(): Promise<void> {
    return this.#committer.room();
  }

  /**
   * For a source whose sender keeps what is not taken: whether so many bytes may be appended now. Never waits. False
   * where the log fails, or is full, also of what is on its way already.
   */
  takes(bytes: number): boolean {
    if (this.#committer.failure !== null || this.#closed) return false;
    return this.#space.admits(bytes + this.#committer.pendingBytes);
  }

  /** Who a batch came from; null where that is forgotten. */
  ownerOf(source: number): string | null {
    return this.#parts.table.owner(source);
  }

  /** Whose bytes it has taken, also where nobody of that name is configured any more. */
  owners(): readonly string[] {
    return this.#parts.table.owners();
  }

  counts(owner: string): OwnerCounts {
    return this.#parts.table.counts(owner);
  }

  /** Whether no destination wants anything before the offset any more, by what is durable of its cursor. */
  isDelivered(offset: number): boolean {
    return !this.holders.want({ base: this.#parts.store.start, end: offset });
  }

  // ---- for destinations

  get start(): Mark {
    return { offset: this.#parts.store.start, events: this.#parts.store.startEvent };
  }

  get end(): Mark {
    return { offset: this.#parts.store.end, events: this.#parts.store.endEvent };
  }

  reader(offset: number): LogReader {
    const { disk, store } = this.#parts;
    const onDamage = (name: string, bytes: Buffer) => this.#space.quarantine.add(name, bytes, { once: true });
    return new LogReader(disk, store, offset, onDamage, this.#coldReads);
  }

  /** The batch that ends at `offset`; null where none does, or where the log no longer has it. */
  batchEndingAt(offset: number): Promise<BatchRecord | null> {
    return batchEndingAt(this.#parts.disk, this.#parts.store, offset);
  }

  /** For one who looks for boundaries one behind the other. */
  boundaries(): Boundaries {
    return new Boundaries(this.#parts.disk, this.#parts.store);
  }

  get endOffset(): number {
    return this.#parts.store.end;
  }

  /** What it went back behind when it was opened, because it is damaged; null: nothing. */
  get wentBack(): DamagedRange | null {
    return this.#parts.opening.wentBack;
  }

  /** Whether its senders may be about to bring again what lies before the offset, and now is behind its end. */
  awaits(offset: number): boolean {
    const { opening, store, now } = this.#parts;
    const { wentBack } = opening;
    if (wentBack === null || offset <= store.end || offset > wentBack.to.offset) return false;
    return now() - this.#openedMs < COME_AGAIN_MS;
  }

  /** Calls back after every commit, and when the log is closed, until the function it returns is called. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first batch boundary at or behind the offset. */
  markAtLeast(offset: number): Promise<Mark> {
    return markAtLeast(this.#parts.disk, this.#parts.store, offset);
  }

  /** The boundary behind the last batch from `from` on that is older; null where none is. */
  markOlderThan(ageMs: number, from: number): Promise<Mark | null> {
    return markBefore(this.#parts.disk, this.#parts.store, from, this.#parts.now() - ageMs);
  }

  /** What lies behind the mark and is deleted, or was lost. */
  missingFrom(mark: Mark): readonly { readonly from: Mark; readonly to: Mark }[] {
    return missingFrom(this.#parts.store, mark);
  }

  /** Bytes on the disk for a byte of data: small batches have large journals. */
  get diskShare(): number {
    const { bytes, presentBytes } = this.#parts.store;
    return presentBytes === 0 ? 1 : Math.max(1, bytes / presentBytes);
  }

  /** Calls back whenever an append finds no room, until the function it returns is called. */
  onFull(listener: () => void): () => void {
    return this.#space.onFull(listener);
  }

  /** A durable cursor has moved: there may be room now. */
  cursorMoved(): void {
    if (this.#space.waitingFor !== null) this.holders.retain();
  }

  // ---- for operators

  /** The ranges of it that are lost to damage, as far as that was seen when it was opened. */
  get damaged(): readonly DamagedRange[] {
    return this.#parts.store.damaged;
  }

  /** Keeps bytes that are no event, or that are not what was written, for someone to look at; within a bound. */
  setAside(name: string, bytes: Buffer): Promise<void> {
    return this.#space.quarantine.add(name, bytes);
  }

  facts(): LogFacts {
    const { capBytes } = this.#options;
    return factsOf({ ...this.#parts, space: this.#space, committer: this.#committer, capBytes });
  }

  /** Commits what was appended, closes the files, gives the lock back. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.holders.stopRetention();
    await this.#committer.close();
    // whoever has the lock next must not find files that go away
    await this.#space.settled();
    this.#announce();
    await this.#parts.store.close();
    await this.#parts.lock[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
