// Who may still want bytes of the log: nothing that one of them wants is deleted. What nobody wants is, turn by turn, once
// all that are there from the start have taken their holds.

import type { Mark } from './marks.ts';
import type { Space } from './space.ts';
import type { SegmentStore } from './store.ts';

/** Something that may still want bytes of the log: a destination, by what is durable of its cursor. */
export interface Holder {
  /** Whether it wants any byte of [from, to). */
  readonly wants: (from: number, to: number) => boolean;
  /** Gives up its oldest bytes where the log needs the room. */
  readonly yields?: () => boolean;
}

const RETAIN_EVERY_MS = 1000;

export class Holders {
  readonly #store: SegmentStore;
  readonly #space: Space;
  readonly #holders = new Set<Holder>();
  #retainTimer: NodeJS.Timeout | null = null;

  constructor(store: SegmentStore, space: Space) {
    this.#store = store;
    this.#space = space;
    space.setWanted((segment) => this.want(segment));
  }

  /** Nothing that it wants is deleted, until the function that this returns is called. */
  add(holder: Holder): () => void {
    this.#holders.add(holder);
    return () => this.#holders.delete(holder);
  }

  want({ base, end }: { readonly base: number; readonly end: number }): boolean {
    if (this.#retainTimer === null) return true;
    for (const holder of this.#holders) if (holder.wants(base, end)) return true;
    return false;
  }

  /** The oldest segment that is wanted, if all who want it yield, this holder among them; else null. */
  oldestYielded(holder: Holder): { readonly end: number } | null {
    const { segments, active } = this.#store;
    const held = segments.find((segment) => segment !== active.segment && this.want(segment));
    if (held === undefined || !holder.wants(held.base, held.end)) return null;
    const wanting = [...this.#holders].filter((other) => other.wants(held.base, held.end));
    return wanting.every((other) => other.yields?.() === true) ? held : null;
  }

  /** Where the newest sealed segment begins that this holder wants; null where it wants none. */
  newestSealed(holder: Holder): Mark | null {
    const { segments, active } = this.#store;
    const held = segments.findLast(
      (segment) => segment !== active.segment && holder.wants(segment.base, segment.end),
    );
    return held === undefined ? null : { offset: held.base, events: held.baseEvent };
  }

  /** Nothing is deleted before this is called: first every destination must have taken its hold. */
  startRetention(): void {
    this.#retainTimer ??= setInterval(() => this.retain(), RETAIN_EVERY_MS).unref();
  }

  stopRetention(): void {
    if (this.#retainTimer !== null) clearInterval(this.#retainTimer);
  }

  retain(): void {
    // a file that cannot be deleted now is tried again at the next turn
    this.#space.retain().catch(() => undefined);
  }
}
