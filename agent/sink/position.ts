// How far one destination has got: in memory at once, in its cursor file within CURSOR_MS, and never ahead of what
// the receiver said is durable.
//
// Conservation: appended since its start = acknowledged + buffered + dropped + skipped. Acknowledged is what lies
// below the position and was neither dropped nor skipped, so it needs no counter of its own and cannot drift.

import type { CursorFile, CursorState } from '../log/cursor.ts';
import type { EventLog } from '../log/log.ts';
import type { Counts } from '../log/sources.ts';

export interface Mark {
  readonly offset: number;
  /** Events in the log before the offset. */
  readonly events: number;
}

/** A range that the receiver has acknowledged, as batch or as skip. */
export interface Acknowledged {
  readonly from: number;
  readonly end: Mark;
  readonly crc: number;
  readonly skipped: { readonly reason: string; readonly counts: Counts } | null;
}

const CURSOR_MS = 100;

export class Position {
  readonly #log: EventLog;
  readonly #file: CursorFile;
  #state: CursorState;
  #durable: number;
  #dirty = false;
  #timer: NodeJS.Timeout | null = null;
  readonly #release: () => void;

  private constructor(log: EventLog, file: CursorFile, state: CursorState) {
    this.#log = log;
    this.#file = file;
    this.#state = state;
    this.#durable = state.position.offset;
    this.#release = log.hold({ durableOffset: () => this.#durable });
  }

  static async open(log: EventLog, destination: string, startAt: 'oldest' | 'newest'): Promise<Position> {
    const fresh = (): CursorState => {
      const start = startAt === 'oldest' ? log.start : log.end;
      return {
        version: 1,
        destination,
        stream: log.stream,
        epoch: 1,
        epochStart: start,
        session: 0,
        start,
        position: start,
        last: null,
        skipped: {},
        dropped: {},
        done: [],
        lanes: {},
      };
    };
    const { file, state } = await log.openCursor(destination, fresh);
    return new Position(log, file, state);
  }

  get state(): CursorState {
    return this.#state;
  }

  get mark(): Mark {
    return this.#state.position;
  }

  /** A session number above every earlier one, also where the cursor file lost the last of them. */
  nextSession(): number {
    const session = Math.max(this.#state.session + 1, Date.now());
    this.#change({ session });
    return session;
  }

  acknowledge(done: Acknowledged): void {
    const skipped = { ...this.#state.skipped };
    if (done.skipped !== null) {
      const before = skipped[done.skipped.reason] ?? { events: 0, bytes: 0 };
      const { events, bytes } = done.skipped.counts;
      skipped[done.skipped.reason] = { events: before.events + events, bytes: before.bytes + bytes };
    }
    const last = done.skipped === null ? { from: done.from, crc: done.crc } : null;
    this.#change({ position: done.end, last, skipped });
  }

  /** The receiver has more, or less, than the cursor says: it is right. */
  moveTo(position: Mark, last: CursorState['last']): void {
    this.#change({ position, last });
  }

  /** The receiver has nothing: all of the epoch is sent again, and what was skipped of it is counted anew. */
  startOver(): void {
    const { epochStart, start, skipped, dropped } = this.#state;
    const whole = epochStart.offset === start.offset;
    this.#change({
      position: epochStart,
      last: null,
      skipped: whole ? {} : skipped,
      dropped: whole ? {} : dropped,
    });
  }

  /** The receiver's history does not fit ours: from here on it gets another one. */
  beginEpoch(): void {
    const { position, epoch } = this.#state;
    const end = this.#log.end;
    const from = position.offset <= end.offset ? position : end;
    this.#change({ epoch: epoch + 1, epochStart: from, position: from, last: null });
  }

  tallies() {
    const { start, position, skipped, dropped } = this.#state;
    const end = this.#log.end;
    const appended = { events: end.events - start.events, bytes: end.offset - start.offset };
    const buffered = { events: end.events - position.events, bytes: end.offset - position.offset };
    const without = [...Object.values(skipped), ...Object.values(dropped)];
    const passed = { events: position.events - start.events, bytes: position.offset - start.offset };
    return {
      appended,
      buffered,
      acknowledged: {
        events: without.reduce((rest, counts) => rest - counts.events, passed.events),
        bytes: without.reduce((rest, counts) => rest - counts.bytes, passed.bytes),
      },
      skipped,
      dropped,
    };
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#save();
    this.#release();
    await this.#file.close();
  }

  #change(part: Partial<CursorState>): void {
    this.#state = { ...this.#state, ...part };
    this.#dirty = true;
    // a position that went back must hold its bytes at once
    this.#durable = Math.min(this.#durable, this.#state.position.offset);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#save();
    }, CURSOR_MS);
  }

  /** A cursor that cannot be written stays where it was: bytes are then kept longer, never deleted sooner. */
  async #save(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    const state = this.#state;
    try {
      await this.#file.write(state);
      this.#durable = Math.min(state.position.offset, this.#state.position.offset);
      this.#log.cursorMoved();
    } catch {
      this.#dirty = true;
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        void this.#save();
      }, 10 * CURSOR_MS);
    }
  }
}
