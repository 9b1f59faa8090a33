// Cursors that no destination of the configuration owns. They hold no space; they are kept, and shown as they were when
// their destinations went, until one of that name adopts its cursor or an operator drops it (`agent cursor drop`).

import type { Logger } from 'pino';
import type { DestinationSnapshot } from '../http/snapshot.ts';
import type { CursorState } from '../log/cursor.ts';
import type { EventLog } from '../log/log.ts';
import { talliesOf } from './tallies.ts';

export class Orphans {
  readonly #log: EventLog;
  readonly #logger: Logger;
  #states: readonly CursorState[] = [];

  constructor(log: EventLog, logger: Logger) {
    this.#log = log;
    this.#logger = logger;
  }

  /**
   * Looks again which there are; `isOwned`: whether a destination has its cursor open, or is about to. A cursor whose
   * destination went while the agent was down is marked now: what is deleted from here on is announced as such to who
   * adopts it. Never twice at once, nor while a destination opens its cursor.
   */
  async look(isOwned: (name: string) => boolean): Promise<void> {
    const states: CursorState[] = [];
    for (const name of await this.#log.cursors.names()) {
      if (isOwned(name)) continue;
      const state = await this.#log.cursors.read(name);
      if (state === null) continue;
      const marked = state.orphaned === undefined ? await this.#mark(state, isOwned) : state;
      if (marked !== null && !isOwned(name)) states.push(marked);
    }
    this.#states = states;
  }

  snapshots(): readonly DestinationSnapshot[] {
    return this.#states.map((state) => ({
      name: state.destination,
      connected: false,
      ...talliesOf(state, state.orphaned?.at ?? state.position),
      orphaned: true,
      retransmits: 0,
      epoch: state.epoch,
    }));
  }

  /**
   * Under the lock of who drops a cursor beside us: one that is gone by then must not be made again.
   * @returns null where it is gone, or a destination's
   */
  async #mark(seen: CursorState, isOwned: (name: string) => boolean): Promise<CursorState | null> {
    const { cursors } = this.#log;
    const { destination } = seen;
    try {
      return await cursors.alone(async () => {
        const state = isOwned(destination) ? null : await cursors.read(destination);
        if (state === null || state.orphaned !== undefined) return state;
        const marked = { ...state, orphaned: { at: this.#log.end } };
        await cursors.write(marked);
        this.#logger.warn(
          { destination },
          'no destination has this name: its cursor holds no space any more; agent cursor drop removes it',
        );
        return marked;
      });
    } catch (error) {
      this.#logger.warn(
        { destination, err: error },
        'cannot mark the cursor of a destination that is gone, trying again',
      );
      return { ...seen, orphaned: { at: this.#log.end } };
    }
  }
}
