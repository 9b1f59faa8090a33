// The tailing source: follows the files of a directory that other programs write and roll, and appends their lines.
//
// A round reads every file that may have grown, oldest first, each to its end before the next, so that a writer that
// rolls its files keeps its order. Notifications are hints to look sooner; short timers on active files and rescans
// of the directory find everything without them. Every interval is measured by the monotonic clock: a wall clock that
// is set back must not put off a look.

import { join } from 'node:path';
import type { Logger } from 'pino';
import { systemCodeOf } from '../../errors.ts';
import type { SourceSnapshot } from '../../http/snapshot.ts';
import type { EventLog } from '../../log/log.ts';
import { ReceiveCounters } from '../receive-counters.ts';
import { realSpool, type Spool } from './after-read.ts';
import { Arrivals } from './arrivals.ts';
import { BufferPool } from './buffers.ts';
import { type DirectoryOptions, type Listing, SpoolDirectory } from './directory.ts';
import { FileFaults } from './faults.ts';
import type { TailedFile } from './file.ts';
import { FollowedFiles, type FollowedOptions } from './followed.ts';
import { GUARD_BYTES } from './history.ts';
import { Notifications } from './notifications.ts';
import { Pace } from './pace.ts';

export interface TailOptions extends DirectoryOptions, FollowedOptions {
  readonly readBytesMax: number;
  readonly pollMs: number;
  readonly rescanMs: number;
  readonly eventBytesMax: number;
}

/**
 * One turn of one file; then the others get theirs. A turn reads at least what was there when the directory was
 * listed: a writer that went on to the next file left no more than that.
 */
const TURN_BYTES_MAX = 256 * 1024 * 1024;
/** Listing takes at most one part in so many of the time, however many files there are. */
const LISTING_SHARE = 10;
const BUFFERS = 8;
/** Of openFilesMax, one part in so many and no more than that is kept for files that have just appeared. */
const ARRIVALS_SHARE = 8;
const ARRIVALS_MAX = 32;

export class TailSource {
  readonly #options: TailOptions;
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #directory: SpoolDirectory;
  readonly #notifications: Notifications;
  readonly #arrivals: Arrivals;
  readonly #counters: ReceiveCounters;
  readonly #pace: Pace;
  readonly #files: FollowedFiles;
  readonly #rewinds = { count: 0 };
  readonly #truncations = { count: 0 };
  readonly #abandoned = { bytes: 0 };
  /** Files that cannot be read. */
  readonly #faults = new FileFaults();
  #listDue = true;
  #listedAt = 0;
  #listNotBefore = 0;
  #hinted = false;
  #grown = new Set<string>();
  /** Named in this round, whether followed or not. */
  readonly #grownNames = new Set<string>();
  #wake: (() => void) | null = null;
  #problem: string | null = null;
  #stopping = false;
  #running: Promise<void> | null = null;

  constructor(options: TailOptions, log: EventLog, logger: Logger, spool: Spool = realSpool) {
    this.#options = options;
    this.#log = log;
    this.#logger = logger.child({ source: options.name });
    this.#directory = new SpoolDirectory(options);
    this.#counters = new ReceiveCounters(log.counts(options.name));
    this.#pace = new Pace(options.pollMs, performance.now());
    const parts = {
      owner: options.name,
      log,
      counters: this.#counters,
      buffers: new BufferPool(
        GUARD_BYTES + Math.max(options.readBytesMax, options.eventBytesMax + 1),
        BUFFERS,
      ),
      eventBytesMax: options.eventBytesMax,
      rewinds: this.#rewinds,
      truncations: this.#truncations,
      abandoned: this.#abandoned,
    };
    const arrivalsMax = Math.min(ARRIVALS_MAX, Math.floor(options.openFilesMax / ARRIVALS_SHARE));
    const openFilesMax = options.openFilesMax - arrivalsMax;
    this.#files = new FollowedFiles({ ...options, openFilesMax }, parts, this.#logger, spool);
    this.#arrivals = new Arrivals(arrivalsMax, (key) => this.#files.isOpen(key));
    this.#notifications = new Notifications(options.dir, {
      onName: (name) => this.#nameHint(name),
      onGrown: (name) => this.#growthHint(name),
      onError: (err) => this.#logger.warn({ err }, 'no file notifications, polling instead'),
    });
  }

  start(): void {
    this.#notifications.open();
    this.#running ??= this.#run();
  }

  /** Why nothing is read, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Files that are not read for so long that somebody may miss them, in words; or null. */
  get heldBack(): string | null {
    const held = [...this.#files].filter(({ likeness }) => likeness?.told === true);
    const [first] = held;
    if (first === undefined) return null;
    return `${this.#options.name} holds back ${held.length} files that may be copies, ${first.path} of ${first.likeness?.of} among them`;
  }

  snapshot(): SourceSnapshot {
    const { name } = this.#options;
    const counts = this.#counters.snapshot(this.#log.counts(name));
    let partial = 0;
    let mayBeCopy = 0;
    for (const file of this.#files) {
      partial += file.partialBytes;
      if (file.likeness !== null) mayBeCopy++;
    }
    const read = { events: counts.read.events, bytes: counts.read.bytes + partial };
    const held = { events: counts.held.events, bytes: counts.held.bytes + partial };
    return {
      name,
      type: 'tail',
      ...counts,
      read,
      held,
      files: this.#files.size,
      heldBack: { mayBeCopy, unreadable: this.#faults.size },
      truncations: this.#truncations.count,
      abandonedBytes: this.#abandoned.bytes,
      deletedFiles: this.#files.deleted,
    };
  }

  /** Reads no more; what was read goes on into the log. Idempotent. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    await this.#running;
    await this.#notifications.close();
    await this.#arrivals.close();
    await this.#files.close();
  }

  /** Resolves when the log has settled all that it was given. */
  settled(): Promise<void> {
    return this.#counters.quiet();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const startedAt = performance.now();
      this.#hinted = false;
      const { readBytes } = this.#counters;
      if (this.#log.facts().state !== 'failing') await this.#round(startedAt);
      this.#pace.round(this.#counters.readBytes - readBytes, performance.now());
      await this.#pause(startedAt);
    }
  }

  /** Ends early where a commit failed: what was rewound comes before what follows it. */
  async #round(now: number): Promise<void> {
    const rewinds = this.#rewinds.count;
    if (now - this.#listedAt >= this.#options.rescanMs) this.#listDue = true;
    if (this.#listDue && now >= this.#listNotBefore) await this.#rescan(now);
    const grown = this.#grown;
    this.#grown = new Set();
    this.#grownNames.clear();
    for (const file of this.#files) {
      if (this.#stopping || this.#rewinds.count !== rewinds) return;
      if (this.#isDue(file, grown.has(file.path), now)) await this.#turn(file, now, rewinds);
    }
  }

  async #rescan(now: number): Promise<void> {
    this.#listDue = false;
    this.#listedAt = now;
    try {
      const listing = await this.#list();
      // only the listing: what follows may wait for room in the log, for as long as it is full
      const took = performance.now() - now;
      this.#listNotBefore = now + Math.min(LISTING_SHARE * took, this.#options.rescanMs);
      this.#listDue ||= !listing.whole;
      await this.#files.reconcile(listing, this.#arrivals, now);
      this.#faults.keepOf(this.#files);
      if (listing.directory === null) return;
      await this.#notifications.follow(listing.directory);
      this.#problem = null;
    } catch (error) {
      this.#say(error);
    }
  }

  /** What is still open of a directory that is gone is read to its end and let go. */
  async #list(): Promise<Listing> {
    try {
      return await this.#directory.list();
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
      this.#say(error);
      return { files: [], whole: true, directory: null };
    }
  }

  #say(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    if (this.#problem !== detail) {
      this.#logger.error({ err: error }, 'cannot read the directory, trying again');
    }
    this.#problem = detail;
  }

  #isDue(file: TailedFile, hinted: boolean, now: number): boolean {
    if (file.unreadBytes > 0 || file.isDoubted || hinted) return !this.#faults.isPending(file.path, now);
    return file.isOpen && (!file.listed || now - file.grewAt <= this.#options.activeMs);
  }

  /** A file that cannot be read must not hold up the others. */
  async #turn(file: TailedFile, now: number, rewinds: number): Promise<void> {
    try {
      if (!(await this.#files.open(file))) {
        this.#listDue = true;
        return;
      }
      const remark = await file.reconsider(now);
      if (remark !== null) this.#logger.warn({ path: file.path }, remark);
      await this.#drain(file, now, rewinds);
      this.#faults.over(file.path);
    } catch (error) {
      if (this.#faults.note(file.path, error, now + this.#options.rescanMs)) {
        this.#logger.error({ path: file.path, err: error }, 'cannot read a file, trying again');
      }
    }
  }

  async #drain(file: TailedFile, now: number, rewinds: number): Promise<void> {
    const turnBytes = Math.max(TURN_BYTES_MAX, file.unreadBytes);
    for (let bytes = 0; bytes <= turnBytes && !this.#stopping; bytes += this.#options.readBytesMax) {
      await this.#log.room();
      if (this.#rewinds.count !== rewinds || (await file.read(now)) !== 'more') return;
    }
  }

  #nameHint(name: string | null): void {
    this.#listDue = true;
    if (name !== null && this.#directory.matches(name)) this.#arrivals.meet(join(this.#options.dir, name));
    this.#hint();
  }

  #growthHint(name: string): void {
    // a program that writes line by line says the same hundreds of times a second
    if (this.#grownNames.has(name)) return;
    this.#grownNames.add(name);
    if (!this.#directory.matches(name)) return;
    this.#grown.add(join(this.#options.dir, name));
    this.#hint();
  }

  #hint(): void {
    const isNews = !this.#hinted;
    this.#hinted = true;
    if (isNews) this.#wake?.();
  }

  /** When the next round is due: soon while anything grows or is hinted at, else after idlePollMs. */
  #nextRoundAt(startedAt: number): number {
    const { idlePollMs, activeMs } = this.#options;
    const now = performance.now();
    let active = this.#hinted;
    for (const file of this.#files) active ||= file.isOpen && now - file.grewAt <= activeMs;
    return startedAt + (active ? this.#pace.intervalMs : idlePollMs);
  }

  /** Waits for the next round; a hint brings it forward. Always gives the event loop a turn. */
  async #pause(startedAt: number): Promise<void> {
    if (this.#stopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wakeAt = (at: number) => setTimeout(resolve, Math.max(0, at - performance.now()));
    let timer = wakeAt(this.#nextRoundAt(startedAt));
    this.#wake = () => {
      clearTimeout(timer);
      timer = wakeAt(this.#stopping ? 0 : this.#nextRoundAt(startedAt));
    };
    await promise;
    this.#wake = null;
  }
}
