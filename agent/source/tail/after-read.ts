// What becomes of a file when it has been read: it is kept, or it is deleted as soon as nobody needs it any more.
//
// Deleted is only what is rolled, whose writer has been silent for deleteIdleMs, of which every byte is committed, and
// when no destination wants anything of what the log held by then. Right before that it is looked at once more under
// its descriptor. The log forgets the file after the directory was synced, so that whatever stops the agent in between
// leaves a file that is known, and not read again. The descriptor stays open for a while: what a writer adds in the
// moment of the deletion is still read.

import fs from 'node:fs/promises';
import picomatch from 'picomatch';
import type { Logger } from 'pino';
import type { EventLog } from '../../log/log.ts';
import { FileFaults } from './faults.ts';
import type { TailedFile } from './file.ts';
import type { OpenFiles } from './open-files.ts';

export interface AfterReadOptions {
  readonly dir: string;
  readonly afterRead: 'keep' | 'delete';
  readonly deleteIdleMs: number;
  readonly deleteExcept: readonly string[];
}

/** The two steps of a deletion; a test can stop between them. */
export interface Spool {
  remove(at: string | Buffer): Promise<void>;
  sync(dir: string): Promise<void>;
}

export const realSpool: Spool = {
  remove: (at) => fs.unlink(at),
  async sync(dir) {
    const handle = await fs.open(dir, 'r');
    await handle.sync().finally(() => handle.close());
  },
};

/** With one listing; the next ones take the others. */
const DELETIONS_MAX = 64;

export class AfterRead {
  readonly #options: AfterReadOptions;
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #spool: Spool;
  readonly #open: OpenFiles;
  readonly #isExcepted: (name: string) => boolean;
  /** Where the log ended when a file was first found to be read: what is before it must be delivered. */
  #waiting = new Map<TailedFile, { readonly size: number; readonly logEnd: number }>();
  readonly #faults = new FileFaults();
  #syncFault: string | null = null;
  #deleted = 0;

  constructor(
    options: AfterReadOptions,
    parts: {
      readonly log: EventLog;
      readonly logger: Logger;
      readonly spool: Spool;
      readonly open: OpenFiles;
    },
  ) {
    this.#options = options;
    this.#log = parts.log;
    this.#logger = parts.logger;
    this.#spool = parts.spool;
    this.#open = parts.open;
    this.#isExcepted = picomatch([...options.deleteExcept], { dot: true });
  }

  /** Files that were deleted, since the start. */
  get deleted(): number {
    return this.#deleted;
  }

  /** @param files all that are followed, as they were just listed. */
  async consider(files: readonly TailedFile[], now: number): Promise<void> {
    if (this.#options.afterRead === 'keep') return;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    const removed: TailedFile[] = [];
    this.#faults.keepOf(files);
    for (const file of this.#rolled(files, now)) {
      const size = file.readSize;
      if (size === null) {
        await this.#finish(file);
        continue;
      }
      const known = waiting.get(file);
      const since = known?.size === size ? known : { size, logEnd: this.#log.endOffset };
      this.#waiting.set(file, since);
      if (removed.length === DELETIONS_MAX || !this.#log.isDelivered(since.logEnd)) continue;
      if (await this.#remove(file, size)) removed.push(file);
    }
    if (removed.length > 0) await this.#sync(removed);
  }

  /** A file is rolled when it has been renamed, or when a younger one has its name but for the digits. */
  #rolled(files: readonly TailedFile[], now: number): TailedFile[] {
    const youngest = new Map<string, TailedFile>();
    for (const file of files) {
      const known = youngest.get(seriesOf(file.name));
      if (file.listed && (known === undefined || isYounger(file, known)))
        youngest.set(seriesOf(file.name), file);
    }
    const hasYounger = (file: TailedFile) => {
      const other = youngest.get(seriesOf(file.name));
      return other !== undefined && isYounger(other, file);
    };
    return files.filter(
      (file) =>
        file.listed &&
        now - file.grewAt > this.#options.deleteIdleMs &&
        !this.#isExcepted(file.name) &&
        file.isReadFromStart &&
        (file.isRenamed || hasYounger(file)),
    );
  }

  /** A line that its writer left without a newline is delivered with one. */
  async #finish(file: TailedFile): Promise<void> {
    if (file.isDoubted || file.unreadBytes > 0 || !file.settled || !file.isOpen) return;
    if (await file.finish()) {
      this.#logger.info({ path: file.path }, 'the last line of a rolled file had no newline');
    }
  }

  async #remove(file: TailedFile, size: number): Promise<boolean> {
    try {
      if (!(await this.#open.open(file))) return false;
      const at = await file.removableAt(size);
      if (at === null) return false;
      file.holdInMemory(true);
      await this.#spool.remove(at);
      this.#faults.over(file.path);
      this.#waiting.delete(file);
      this.#deleted++;
      this.#logger.info({ path: file.path, bytes: size }, 'deleted a file that is delivered');
      return true;
    } catch (error) {
      file.holdInMemory(false);
      if (this.#faults.note(file.path, error)) {
        this.#logger.warn(
          { path: file.path, err: error },
          'cannot delete a file that is delivered, trying again',
        );
      }
      return false;
    }
  }

  async #sync(removed: readonly TailedFile[]): Promise<void> {
    const { dir } = this.#options;
    try {
      await this.#spool.sync(dir);
      for (const file of removed) file.holdInMemory(false);
      this.#syncFault = null;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (this.#syncFault !== text) {
        const message = 'cannot sync a directory, what was deleted in it may come back';
        this.#logger.warn({ path: dir, err: error }, message);
      }
      this.#syncFault = text;
    }
  }
}

const IN_NUMBERS = new Intl.Collator('en', { numeric: true });

/**
 * Whether who writes to the one has done with the other, of one series. Files that were made in one tick of the kernel's
 * clock (up to 10 ms) are told apart only where all else agrees: the younger one has the higher number, something was
 * written to it, and not before the other was last written to.
 */
function isYounger(one: TailedFile, other: TailedFile): boolean {
  if (one.born !== other.born) return one.born > other.born;
  const isNext = one.size > 0 && one.writtenNs >= other.writtenNs;
  return isNext && IN_NUMBERS.compare(one.name, other.name) > 0;
}

function seriesOf(name: string): string {
  return name.replace(/\d+/g, '0');
}
