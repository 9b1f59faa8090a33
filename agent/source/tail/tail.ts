// The tailing source: follows the files of a directory that other programs write and roll, and appends their lines.
//
// A round reads every file that may have grown, oldest first, each to its end before the next, so that a writer that
// rolls its files keeps its order. Notifications are hints to look sooner; short timers on active files and rescans
// of the directory find everything without them.

import type { Logger } from 'pino';
import type { SourceSnapshot } from '../../http/snapshot.ts';
import type { EventLog } from '../../log/log.ts';
import { ReceiveCounters } from '../receive-counters.ts';
import { BufferPool } from './buffers.ts';
import { type DirectoryOptions, type ListedFile, WatchedDirectory } from './directory.ts';
import { type FileParts, TailedFile } from './file.ts';
import { identityOf } from './identity.ts';
import { lastNewlineBefore } from './newest.ts';
import { Quarantine } from './quarantine.ts';

export interface TailOptions extends DirectoryOptions {
  readonly name: string;
  readonly readBytesMax: number;
  readonly pollMs: number;
  readonly idlePollMs: number;
  readonly rescanMs: number;
  readonly activeMs: number;
  readonly openFilesMax: number;
  readonly eventBytesMax: number;
  readonly startAt: 'oldest' | 'newest';
}

/** One turn of one file; then the others get theirs. */
const TURN_BYTES_MAX = 256 * 1024 * 1024;
const BUFFERS = 8;

export class TailSource {
  readonly #options: TailOptions;
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #directory: WatchedDirectory;
  readonly #counters: ReceiveCounters;
  readonly #parts: FileParts;
  /** By inode and birth, in the order in which they are read. */
  readonly #files = new Map<string, TailedFile>();
  #first = true;
  #listDue = true;
  #listedAt = 0;
  #hinted = false;
  #wake: (() => void) | null = null;
  #problem: string | null = null;
  #stopping = false;
  #running: Promise<void> | null = null;

  constructor(options: TailOptions, log: EventLog, logger: Logger, quarantineDir: string) {
    this.#options = options;
    this.#log = log;
    this.#logger = logger.child({ source: options.name });
    this.#directory = new WatchedDirectory(options);
    this.#counters = new ReceiveCounters(log.counts(options.name));
    const quarantine = new Quarantine(quarantineDir, options.name);
    this.#parts = {
      owner: options.name,
      log,
      counters: this.#counters,
      buffers: new BufferPool(Math.max(options.readBytesMax, options.eventBytesMax + 1), BUFFERS),
      eventBytesMax: options.eventBytesMax,
      quarantine: (reason, chunk) => quarantine.add(reason, chunk),
    };
  }

  start(): void {
    this.#directory.watch(
      (grown) => this.#hint(grown),
      (err) => this.#logger.warn({ err }, 'no file notifications, polling instead'),
    );
    this.#running ??= this.#run();
  }

  /** Why nothing is read, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  snapshot(): SourceSnapshot {
    const { name } = this.#options;
    const counts = this.#counters.snapshot(this.#log.counts(name));
    let partial = 0;
    for (const file of this.#files.values()) partial += file.partialBytes;
    const read = { events: counts.read.events, bytes: counts.read.bytes + partial };
    const held = { events: counts.held.events, bytes: counts.held.bytes + partial };
    return { name, type: 'tail', ...counts, read, held, files: this.#files.size };
  }

  /** Reads no more; what was read goes on into the log. Idempotent. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    await this.#running;
    await this.#directory.close();
    for (const file of this.#files.values()) await file.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const startedAt = Date.now();
      try {
        if (this.#log.facts().state !== 'failing') await this.#round(startedAt);
        this.#problem = null;
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        if (this.#problem !== detail)
          this.#logger.error({ err: error }, 'cannot read the directory, trying again');
        this.#problem = detail;
        await this.#pause(this.#options.idlePollMs);
      }
      await this.#pause(this.#untilNextRound(startedAt));
    }
  }

  async #round(now: number): Promise<void> {
    this.#hinted = false;
    if (this.#listDue || now - this.#listedAt >= this.#options.rescanMs) await this.#rescan(now);
    for (const file of this.#files.values()) {
      if (this.#stopping) return;
      if (file.isOpen) await this.#drain(file, now);
    }
  }

  async #drain(file: TailedFile, now: number): Promise<void> {
    for (let bytes = 0; bytes < TURN_BYTES_MAX && !this.#stopping; bytes += this.#options.readBytesMax) {
      await this.#log.room();
      if ((await file.read(now)) !== 'more') return;
    }
  }

  async #rescan(now: number): Promise<void> {
    this.#listDue = false;
    this.#listedAt = now;
    const listed = await this.#directory.list();
    const names = new Map(listed.map((entry) => [keyOf(entry), entry]));
    for (const [key, entry] of names) {
      const file = this.#files.get(key);
      if (file === undefined) await this.#follow(key, entry, now);
      else await this.#refresh(file, entry);
    }
    this.#first = false;
    for (const [key, file] of this.#files) {
      if (!names.has(key)) await this.#leave(key, file, now);
      else if (file.isOpen && !file.unread && now - file.grewAt > this.#options.activeMs) await file.close();
    }
  }

  async #follow(key: string, entry: ListedFile, now: number): Promise<void> {
    const file = new TailedFile(entry, this.#parts, now);
    const fromNewest =
      this.#first &&
      this.#options.startAt === 'newest' &&
      this.#log.sourcesOf(this.#options.name).length === 0;
    const remark = await file.recall(fromNewest ? await lastNewlineBefore(entry.path, file.size) : 0);
    if (remark !== null) this.#logger.warn({ path: entry.path }, remark);
    this.#files.set(key, file);
    await this.#refresh(file, entry);
  }

  async #refresh(file: TailedFile, entry: ListedFile): Promise<void> {
    file.listed = true;
    file.path = entry.path;
    file.size = Math.max(Number(entry.stats.size), file.truncated ? 0 : Number(entry.stats.size));
    if (file.truncated && file.settled) {
      this.#logger.warn({ path: entry.path }, 'the file was truncated: it is read from its beginning');
      file.restart();
    }
    if (!file.unread || file.isOpen) return;
    if (this.#openFiles() >= this.#options.openFilesMax) {
      this.#listDue = true;
      return;
    }
    if (!(await file.open())) this.#listDue = true;
  }

  /** A file that is no longer listed is read to its end through its descriptor, then given up. */
  async #leave(key: string, file: TailedFile, now: number): Promise<void> {
    file.listed = false;
    if (!file.isOpen) {
      this.#files.delete(key);
      return;
    }
    const deleted = (await file.links()) === 0;
    if (now - file.grewAt <= (deleted ? this.#options.idlePollMs : this.#options.activeMs) || !file.settled)
      return;
    if (await file.finish()) {
      this.#logger.info(
        { path: file.path },
        'the file went away with a last line without newline: one was added',
      );
      return;
    }
    await file.close();
    if (deleted) await file.forget();
    this.#files.delete(key);
  }

  #openFiles(): number {
    let open = 0;
    for (const file of this.#files.values()) if (file.isOpen) open++;
    return open;
  }

  /** A file that is open is read in every round anyway; anything else is found by looking at the directory. */
  #hint(grown: string | null): void {
    this.#hinted = true;
    this.#listDue ||= grown === null || !this.#isOpen(grown);
    this.#wake?.();
  }

  #isOpen(path: string): boolean {
    for (const file of this.#files.values()) if (file.path === path && file.isOpen) return true;
    return false;
  }

  #untilNextRound(startedAt: number): number {
    const { pollMs, idlePollMs, activeMs } = this.#options;
    const now = Date.now();
    let active = false;
    for (const file of this.#files.values()) active ||= file.isOpen && now - file.grewAt <= activeMs;
    return Math.max(0, startedAt + (active ? pollMs : idlePollMs) - now);
  }

  /** Waits; a hint that is no news to an active tail does not cut it short below pollMs. */
  async #pause(ms: number): Promise<void> {
    if (this.#stopping || (this.#hinted && ms > this.#options.pollMs)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!this.#stopping && ms <= this.#options.pollMs) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }
}

function keyOf({ stats }: ListedFile): string {
  const { inode, birth } = identityOf(stats);
  return `${inode}:${birth}`;
}
