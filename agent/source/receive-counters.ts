// What a source has read and where that is now. `appended`, `suppressed` and `quarantined` live in the log's commits;
// this adds what has no commit: what is held, and what was handed back.

import type { OwnerCounts } from '../log/sources.ts';

export interface Tally {
  readonly events: number;
  readonly bytes: number;
}

export class ReceiveCounters {
  readonly #atStart: Tally;
  readonly #read = { events: 0, bytes: 0 };
  readonly #refused = { events: 0, bytes: 0 };
  readonly #held = { events: 0, bytes: 0 };
  #quiet: PromiseWithResolvers<void> | null = null;

  /** @param committed the counts in the log when the source is opened: all of that was read before. */
  constructor(committed: OwnerCounts) {
    const all = Object.values(committed);
    this.#atStart = {
      events: all.reduce((sum, counts) => sum + counts.events, 0),
      bytes: all.reduce((sum, counts) => sum + counts.bytes, 0),
    };
  }

  /** Since the start. */
  get readBytes(): number {
    return this.#read.bytes;
  }

  read(events: number, bytes: number): void {
    add(this.#read, events, bytes);
    add(this.#held, events, bytes);
  }

  settled(events: number, bytes: number): void {
    this.#letGo(events, bytes);
  }

  refused(events: number, bytes: number): void {
    this.#letGo(events, bytes);
    add(this.#refused, events, bytes);
  }

  /** Resolves when nothing is held: the log has settled all that it was given. */
  async quiet(): Promise<void> {
    while (this.#held.bytes > 0) {
      this.#quiet ??= Promise.withResolvers();
      await this.#quiet.promise;
    }
  }

  /** Not committed and not lost: it will be read again. */
  unread(events: number, bytes: number): void {
    this.#letGo(events, bytes);
    add(this.#read, -events, -bytes);
  }

  snapshot(committed: OwnerCounts) {
    const { appended, suppressed, quarantined, refused } = committed;
    return {
      read: sum(this.#atStart, this.#read),
      appended: { ...appended },
      suppressed: { ...suppressed },
      quarantined: { ...quarantined },
      refused: sum(refused, this.#refused),
      held: { ...this.#held },
    };
  }

  #letGo(events: number, bytes: number): void {
    add(this.#held, -events, -bytes);
    if (this.#held.bytes > 0) return;
    this.#quiet?.resolve();
    this.#quiet = null;
  }
}

function add(tally: { events: number; bytes: number }, events: number, bytes: number): void {
  tally.events += events;
  tally.bytes += bytes;
}

function sum(a: Tally, b: Tally): Tally {
  return { events: a.events + b.events, bytes: a.bytes + b.bytes };
}
