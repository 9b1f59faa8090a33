// The files that a tail follows, in the order in which they are read, and which of them are open.
//
// A file stays open while there is room: what is renamed or deleted behind our back is then read to its end through
// its descriptor. Beyond openFilesMax the least active one is closed for the one that is due, so none starves.

import type { Logger } from 'pino';
import { systemCodeOf } from '../../errors.ts';
import type { EventLog } from '../../log/log.ts';
import type { SourceState } from '../../log/sources.ts';
import { Copies } from './copies.ts';
import type { ListedFile, Listing } from './directory.ts';
import { type FileParts, TailedFile } from './file.ts';
import { ReadHistory } from './history.ts';
import { identityOf } from './identity.ts';
import { lastNewlineBefore, nothingAt } from './newest.ts';

export interface FollowedOptions {
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
  readonly #open = new Set<TailedFile>();
  #openMax: number;
  /** The first listing of the first start of this tail. */
  #first: boolean;
  #pruneDue = true;
  #wholeAt = performance.now();

  constructor(options: FollowedOptions, parts: Omit<FileParts, 'copies'>, logger: Logger) {
    this.#options = options;
    this.#copies = new Copies(options.rescanMs, () => this.#files.values());
    this.#parts = { ...parts, copies: this.#copies };
    this.#log = parts.log;
    this.#logger = logger;
    this.#openMax = options.openFilesMax;
    this.#first = this.#log.sourcesOf(options.name).length === 0;
    this.#recallTruncated();
  }

  get size(): number {
    return this.#files.size;
  }

  [Symbol.iterator](): Iterator<TailedFile> {
    return this.#inOrder.values();
  }

  /**
   * Brings the files in line with what the directory holds now. A listing that may lack files is not believed, for a
   * while: a file that is younger than a missing one must not be read before it.
   */
  async reconcile({ files, whole }: Listing, now: number): Promise<void> {
    const isLate = now - this.#wholeAt > NOT_WHOLE_MS_MAX;
    const entries = new Map(files.map((entry) => [keyOf(entry), entry]));
    for (const [key, entry] of entries) {
      const file = this.#files.get(key) ?? (whole || isLate ? await this.#follow(key, entry, now) : null);
      file?.seen(entry);
    }
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
  }

  /**
   * Opens a file, closing another one for it where openFilesMax are open. False where it is not there any more, or
   * where every open file has to be read to its end first.
   */
  async open(file: TailedFile): Promise<boolean> {
    if (file.isOpen) return true;
    while (this.#open.size >= this.#openMax) if (!(await this.#closeLeastActive())) return false;
    try {
      if (!(await file.open())) return false;
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'EMFILE' || code === 'ENFILE') await this.#makeDo(error);
      throw error;
    }
    this.#open.add(file);
    return true;
  }

  async close(): Promise<void> {
    for (const file of this.#open) await file.close();
    this.#open.clear();
  }

  async #follow(key: string, entry: ListedFile, now: number): Promise<TailedFile> {
    const file = new TailedFile(entry, this.#parts, now);
    if (!file.recall() && this.#first && this.#options.startAt === 'newest') {
      const size = Number(entry.stats.size);
      // of a file that cannot be read now, whatever is in it now is old
      await file.beginAt(await lastNewlineBefore(entry.path, size).catch(() => size));
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
    this.#open.delete(file);
    await file.close();
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
    this.#open.delete(file);
    await file.close();
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

  /** False where none may be closed: what is not listed any more could not be opened again. */
  async #closeLeastActive(): Promise<boolean> {
    let least: TailedFile | null = null;
    for (const file of this.#open) {
      if (file.listed && (least === null || isLessActive(file, least))) least = file;
    }
    if (least === null) return false;
    this.#open.delete(least);
    await least.close();
    return true;
  }

  /** The process may not open as many files as we were told: half of what there is goes to the rest of the agent. */
  async #makeDo(cause: unknown): Promise<void> {
    this.#openMax = Math.max(1, Math.floor(this.#open.size / 2));
    this.#logger.warn(
      { err: cause, openFilesMax: this.#openMax },
      'descriptors are used up, fewer files are held open now: raise ulimit -n or lower openFilesMax',
    );
    while (this.#open.size > this.#openMax) if (!(await this.#closeLeastActive())) return;
  }
}

/** Files with a held line come last: should they go away while they are closed, it would be lost. */
function isLessActive(a: TailedFile, b: TailedFile): boolean {
  const aHolds = a.partialBytes > 0;
  const bHolds = b.partialBytes > 0;
  return aHolds === bHolds ? a.grewAt < b.grewAt : bHolds;
}

/** Of one birth: in the order in which they were found. */
function byBirth(a: TailedFile, b: TailedFile): number {
  return a.born < b.born ? -1 : a.born > b.born ? 1 : 0;
}

function keyOf({ stats }: ListedFile): string {
  const { inode, birth } = identityOf(stats);
  return `${inode}:${birth}`;
}

function startKey(owner: string): string {
  return `start:${owner}`;
}
