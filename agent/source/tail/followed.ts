// The files that a tail follows, in the order in which they are read: who joins them, and who leaves them when.

import type { Logger } from 'pino';
import type { EventLog } from '../../log/log.ts';
import type { SourceState } from '../../log/sources.ts';
import { AfterRead, type AfterReadOptions, type Spool } from './after-read.ts';
import type { Arrivals } from './arrivals.ts';
import { Copies } from './copies.ts';
import type { ListedFile, Listing } from './directory.ts';
import { type FileParts, TailedFile } from './file.ts';
import { ReadHistory } from './history.ts';
import { fileKey, identityOf } from './identity.ts';
import { lastNewlineBefore, nothingAt } from './newest.ts';
import { OpenFiles } from './open-files.ts';

export interface FollowedOptions extends AfterReadOptions {
  readonly name: string;
  readonly idlePollMs: number;
  readonly activeMs: number;
  readonly rescanMs: number;
  readonly openFilesMax: number;
  readonly startAt: 'oldest' | 'newest';
}

/** Files that are gone may come back, under another name that is followed: the log remembers the last so many. */
const GONE_MAX = 1_024;
/** What cannot be read of a file that went away is given up after so many times activeMs. */
const LEAVE_AFTER = 12;
/** A directory that never stands still is taken as it looks after this long. */
const NOT_WHOLE_MS_MAX = 1_000;

export class FollowedFiles {
  readonly #options: FollowedOptions;
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #parts: FileParts;
  readonly #copies: Copies;
  /** By inode and birth. */
  readonly #files = new Map<string, TailedFile>();
  /** Oldest first: whoever writes to a younger file has done with the older ones. */
  #inOrder: TailedFile[] = [];
  readonly #open: OpenFiles;
  readonly #afterRead: AfterRead;
  /** The first listing of the first start of this tail. */
  #first: boolean;
  #pruneDue = true;
  #wholeAt = performance.now();

  constructor(options: FollowedOptions, parts: Omit<FileParts, 'copies'>, logger: Logger, spool: Spool) {
    this.#options = options;
    this.#copies = new Copies(options.rescanMs, () => this.#files.values());
    this.#parts = { ...parts, copies: this.#copies };
    this.#log = parts.log;
    this.#logger = logger;
    this.#open = new OpenFiles(options.openFilesMax, logger);
    this.#afterRead = new AfterRead(options, { log: parts.log, logger, spool, open: this.#open });
    this.#first = this.#log.sourcesOf(options.name).length === 0;
    this.#recallTruncated();
  }

  get size(): number {
    return this.#files.size;
  }

  /** Files that were deleted because they were read. */
  get deleted(): number {
    return this.#afterRead.deleted;
  }

  [Symbol.iterator](): Iterator<TailedFile> {
    return this.#inOrder.values();
  }

  /**
   * Brings the files in line with what the directory holds now. A listing that may lack files is not believed, for a
   * while: a file that is younger than a missing one must not be read before it.
   */
  async reconcile({ files, whole }: Listing, arrivals: Arrivals, now: number): Promise<void> {
    const isLate = now - this.#wholeAt > NOT_WHOLE_MS_MAX;
    const entries = new Map(files.map((entry) => [keyOf(entry), entry]));
    for (const [key, entry] of entries) {
      const file = this.#files.get(key) ?? (whole || isLate ? await this.#follow(key, entry, now) : null);
      file?.seen(entry);
    }
    if (whole || isLate) await this.#adopt(arrivals, now);
    if (whole) {
      if (this.#first) await this.#rememberStart();
      this.#first = false;
      for (const [key, file] of this.#files) if (!entries.has(key)) await this.#tryToLeave(key, file, now);
      this.#wholeAt = now;
    }
    for (const source of this.#copies.expired(now)) {
      // what the log could not be told is tried again after the next start
      await this.#log.forgetSource(source).catch(() => undefined);
    }
    if (this.#pruneDue) await this.#prune();
    this.#inOrder = [...this.#files.values()].sort(byBirth);
    await this.#openUnread();
    if (whole) await this.#afterRead.consider(this.#inOrder, now);
  }

  open(file: TailedFile): Promise<boolean> {
    return this.#open.open(file);
  }

  isOpen(key: string): boolean {
    return this.#files.get(key)?.isOpen === true;
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  /** Takes over the files that have appeared, for as many as there is room; the others stay where they are. */
  async #adopt(arrivals: Arrivals, now: number): Promise<void> {
    for (const arrival of arrivals) {
      if (!(await this.#open.makeRoom())) return;
      const key = keyOf(arrival.entry);
      const file = this.#files.get(key) ?? (await this.#follow(key, arrival.entry, now));
      arrivals.take(arrival);
      await this.#open.adopt(file, arrival.handle);
    }
  }

  /** What is open is read, whatever becomes of its name; for what is here to be read there may be room already. */
  async #openUnread(): Promise<void> {
    for (const file of this.#inOrder) {
      if (!this.#open.hasRoom) return;
      // who is to read it says what is wrong with it
      if (!file.isOpen && file.unreadBytes > 0) await this.#open.open(file).catch(() => false);
    }
  }

  async #follow(key: string, entry: ListedFile, now: number): Promise<TailedFile> {
    const file = new TailedFile(entry, this.#parts, now);
    if (!file.recall() && this.#first && this.#options.startAt === 'newest') {
      const size = Number(entry.stats.size);
      // of a file that cannot be read now, whatever is in it now is old
      await file.beginAt(await lastNewlineBefore(entry.at, size).catch(() => size), 'newest');
    }
    this.#files.set(key, file);
    return file;
  }

  /** Of a tail that begins with the newest, also an empty directory must be remembered: what comes later is news. */
  async #rememberStart(): Promise<void> {
    if (this.#options.startAt !== 'newest') return;
    const { name } = this.#options;
    const key = startKey(name);
    const start =
      this.#log.findSource(key) ?? this.#log.defineSource({ owner: name, key, identity: {}, position: 0 });
    await this.#log.progress(start, nothingAt(0));
  }

  /** What cannot be asked or read of one file must not hold up the others. */
  async #tryToLeave(key: string, file: TailedFile, now: number): Promise<void> {
    try {
      await this.#leave(key, file, now);
    } catch (error) {
      if (this.#mayWait(file, now)) return;
      this.#logger.warn({ path: file.path, err: error }, 'cannot read a file that went away to its end');
      await this.#abandon(key, file);
    }
  }

  #mayWait(file: TailedFile, now: number): boolean {
    return now - file.missedAt <= LEAVE_AFTER * this.#options.activeMs;
  }

  async #abandon(key: string, file: TailedFile): Promise<void> {
    const bytes = file.unreadBytes + file.partialBytes;
    this.#parts.abandoned.bytes += bytes;
    if (bytes > 0) {
      this.#logger.warn({ path: file.path, bytes }, 'a file went away before it was read to its end');
    }
    this.#drop(key);
    await this.#open.closeOne(file);
  }

  /** A file that is no longer listed is read to its end through its descriptor, then given up. */
  async #leave(key: string, file: TailedFile, now: number): Promise<void> {
    file.missed(now);
    if (!file.isOpen) return this.#abandon(key, file);
    const deleted = (await file.links()) === 0;
    const quietMs = deleted ? this.#options.idlePollMs : this.#options.activeMs;
    if (now - file.grewAt <= quietMs || !file.settled) return;
    if (file.isDoubted || file.unreadBytes > 0) {
      if (!this.#mayWait(file, now)) await this.#abandon(key, file);
      return;
    }
    if (await file.finish()) {
      this.#logger.info({ path: file.path }, 'the last line of a file that went away had no newline');
      return;
    }
    await this.#open.closeOne(file);
    if (deleted) await file.forget();
    this.#drop(key);
  }

  /** Of files that were truncated shortly before the last stop: their copies may not have been found yet. */
  #recallTruncated(): void {
    for (const source of this.#log.sourcesOf(this.#options.name)) {
      if (!this.#isSuperseded(source)) continue;
      const history = new ReadHistory();
      history.batch({ from: source.lastFrom, end: source.position, crc: source.lastCrc });
      this.#copies.truncated(source, history, performance.now());
    }
  }

  /** Whether its file was truncated: there is another source of it now. */
  #isSuperseded(source: SourceState): boolean {
    return this.#log.findSource(source.key) !== source;
  }

  #drop(key: string): void {
    this.#files.delete(key);
    this.#pruneDue = true;
  }

  /** Forgets the files that are gone for longest, beyond GONE_MAX; what fails is tried again with the next one. */
  async #prune(): Promise<void> {
    this.#pruneDue = false;
    const { name } = this.#options;
    const followed = new Set([...this.#files.values()].map((file) => file.key));
    const gone = this.#log
      .sourcesOf(name)
      .filter((source) => !followed.has(source.key) && !this.#isSuperseded(source))
      .filter(({ key }) => key !== startKey(name))
      .sort((a, b) => b.seenMs - a.seenMs);
    for (const source of gone.slice(GONE_MAX)) await this.#log.forgetSource(source).catch(() => undefined);
  }
}

/** Of one birth: in the order in which they were found. */
function byBirth(a: TailedFile, b: TailedFile): number {
  return a.born < b.born ? -1 : a.born > b.born ? 1 : 0;
}

function keyOf({ stats }: ListedFile): string {
  return fileKey(identityOf(stats));
}

function startKey(owner: string): string {
  return `start:${owner}`;
}
