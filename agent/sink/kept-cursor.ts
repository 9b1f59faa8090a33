// The cursor of one destination: in memory at once, in its file within CURSOR_MS. One that cannot be written stays where
// it was: bytes are then kept longer, never deleted sooner.

import type { CursorFile, CursorState } from '../log/cursor.ts';
import type { EventLog } from '../log/log.ts';
import { cursorWants } from './tallies.ts';

const CURSOR_MS = 100;
/** After a write that failed. */
const RETRY_MS = 1000;

export class KeptCursor {
  readonly #log: EventLog;
  readonly #file: CursorFile;
  #state: CursorState;
  /** What was last written down: only by that may bytes be deleted. */
  #durable: CursorState;
  #isDirty = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;
  #failure: string | null = null;
  /** Told why it cannot be written, once, and null when it could be again. */
  onFailure: (failure: string | null) => void = () => undefined;

  constructor(log: EventLog, file: CursorFile, state: CursorState) {
    this.#log = log;
    this.#file = file;
    this.#state = state;
    this.#durable = state;
  }

  get state(): CursorState {
    return this.#state;
  }

  /** Why it could not be written the last time, or null. */
  get failure(): string | null {
    return this.#failure;
  }

  wants(from: number, to: number): boolean {
    return cursorWants(this.#durable, from, to) || cursorWants(this.#state, from, to);
  }

  set(state: CursorState): void {
    this.#state = state;
    this.#isDirty = true;
    this.#saveWithin(CURSOR_MS);
  }

  /** Writes it down now, where it has changed; false where that failed. */
  async save(): Promise<boolean> {
    if (!this.#isDirty || this.#isClosed) return !this.#isDirty;
    this.#isDirty = false;
    const state = this.#state;
    try {
      await this.#file.write(state);
      this.#durable = state;
      this.#log.cursorMoved();
      this.#fails(null);
      return true;
    } catch (error) {
      this.#isDirty = true;
      this.#fails(error instanceof Error ? error.message : String(error));
      this.#saveWithin(RETRY_MS);
      return false;
    }
  }

  /** Everything up to now, also where nothing has changed; false where that failed. */
  commit(): Promise<boolean> {
    this.#isDirty = true;
    return this.save();
  }

  async close(): Promise<void> {
    this.#stopTimer();
    await this.save();
    this.#isClosed = true;
    this.#stopTimer();
    await this.#file.close();
  }

  /** Closes it without writing down what has changed. */
  async abandon(): Promise<void> {
    this.#isDirty = false;
    await this.close();
  }

  #fails(failure: string | null): void {
    const isNews = (failure === null) !== (this.#failure === null);
    this.#failure = failure;
    if (isNews) this.onFailure(failure);
  }

  /** One cursor of all after the other: nobody waits for it, and a thread that syncs one is gone for a commit. */
  #saveWithin(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#log.cursors.lazily.pass(() => this.save());
    }, ms);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
