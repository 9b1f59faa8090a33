// Which of the files that a tail follows are open, and which is closed for the next one.
//
// A file stays open while there is room: what is renamed or deleted behind our back is then read to its end through
// its descriptor. Beyond the limit the least active one is closed for the one that is due, so none starves.

import type fs from 'node:fs/promises';
import type { Logger } from 'pino';
import { systemCodeOf } from '../../errors.ts';
import type { TailedFile } from './file.ts';

export class OpenFiles {
  readonly #logger: Logger;
  readonly #open = new Set<TailedFile>();
  #max: number;

  constructor(max: number, logger: Logger) {
    this.#max = max;
    this.#logger = logger;
  }

  get hasRoom(): boolean {
    return this.#open.size < this.#max;
  }

  /**
   * Opens a file, closing another one for it where too many are open. False where it is not there any more, or where
   * every open file has to be read to its end first.
   */
  async open(file: TailedFile): Promise<boolean> {
    if (file.isOpen) return true;
    if (!(await this.makeRoom())) return false;
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

  /** For a file that was opened elsewhere there must be room. */
  async adopt(file: TailedFile, handle: fs.FileHandle): Promise<void> {
    if (file.isOpen) return handle.close();
    file.adopt(handle);
    this.#open.add(file);
  }

  /** False where none may be closed: what is not listed any more could not be opened again. */
  async makeRoom(): Promise<boolean> {
    while (!this.hasRoom) if (!(await this.#closeLeastActive())) return false;
    return true;
  }

  async closeOne(file: TailedFile): Promise<void> {
    this.#open.delete(file);
    await file.close();
  }

  async close(): Promise<void> {
    for (const file of this.#open) await file.close();
    this.#open.clear();
  }

  async #closeLeastActive(): Promise<boolean> {
    let least: TailedFile | null = null;
    for (const file of this.#open) {
      if (file.listed && (least === null || isLessActive(file, least))) least = file;
    }
    if (least === null) return false;
    await this.closeOne(least);
    return true;
  }

  /** The process may not open as many files as we were told: half of what there is goes to the rest of the agent. */
  async #makeDo(cause: unknown): Promise<void> {
    this.#max = Math.max(1, Math.floor(this.#open.size / 2));
    this.#logger.warn(
      { err: cause, openFilesMax: this.#max },
      'descriptors are used up, fewer files are held open now: raise ulimit -n or lower openFilesMax',
    );
    while (this.#open.size > this.#max) if (!(await this.#closeLeastActive())) return;
  }
}

/** What is not read yet comes last: should the file go away while it is closed, it would be lost. */
function isLessActive(a: TailedFile, b: TailedFile): boolean {
  const aHolds = a.partialBytes > 0 || a.unreadBytes > 0;
  const bHolds = b.partialBytes > 0 || b.unreadBytes > 0;
  return aHolds === bHolds ? a.grewAt < b.grewAt : bHolds;
}
