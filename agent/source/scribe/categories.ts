// Which category is taken as what: those of the configuration each by itself, the others together or not at all.

import { NEWLINE } from '../../bytes.ts';
import type { EventLog } from '../../log/log.ts';
import { Category } from './category.ts';
import { type EventLimits, Events } from './events.ts';

export interface CategoriesOptions extends EventLimits {
  readonly name: string;
  readonly categories: readonly string[];
  readonly others: 'take' | 'refuse';
}

/** One call, sorted by who takes its messages. */
export class SortedCall {
  readonly events = new Map<Category, Events>();
  refused = 0;
  refusedBytes = 0;
  bytes = 0;
}

export class Categories {
  readonly #options: CategoriesOptions;
  /** What no category of the configuration takes. */
  readonly #others: Category;
  readonly #listed = new Map<string, Category>();

  constructor(log: EventLog, options: CategoriesOptions) {
    const { name, categories } = options;
    this.#options = options;
    this.#others = new Category(log, name, null);
    for (const category of categories) this.#listed.set(category, new Category(log, name, category));
  }

  get all(): readonly Category[] {
    return [this.#others, ...this.#listed.values()];
  }

  /** Sorts the entries of a call as they are read. */
  sorter(
    frame: Buffer,
    sorted: SortedCall,
  ): (from: number, to: number, messageFrom: number, messageTo: number) => void {
    let lastFrom = 0;
    let lastTo = -1;
    let events: Events | null = null;
    let newlineAt = -1;
    return (from, to, messageFrom, messageTo) => {
      const isSame =
        to - from === lastTo - lastFrom && frame.compare(frame, from, to, lastFrom, lastTo) === 0;
      if (!isSame) events = this.#eventsOf(frame.toString('utf8', from, to), sorted);
      lastFrom = from;
      lastTo = to;
      const bytes = messageTo - messageFrom;
      if (events === null) {
        sorted.refused++;
        sorted.refusedBytes += bytes;
        return;
      }
      sorted.bytes += bytes + 1;
      // the next newline of the frame is looked for once, however many messages lie before it
      if (newlineAt < messageFrom && bytes > 0) {
        const found = frame.indexOf(NEWLINE, messageFrom);
        newlineAt = found === -1 ? Number.POSITIVE_INFINITY : found;
      }
      events.add(frame, messageFrom, messageTo, newlineAt);
    };
  }

  /** Resolves when all of a call is durable; rejects where not all of it became so. */
  async take({ events, refused, refusedBytes }: SortedCall): Promise<void> {
    const work = [...events].map(([category, taken]) => category.take(taken));
    if (refused > 0) work.push(this.#others.refuse(refused, refusedBytes));
    const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Null where it is not taken. */
  #eventsOf(name: string, { events }: SortedCall): Events | null {
    const category = this.#listed.get(name) ?? (this.#options.others === 'take' ? this.#others : null);
    if (category === null) return null;
    let taken = events.get(category);
    if (taken === undefined) {
      taken = new Events(this.#options);
      events.set(category, taken);
    }
    return taken;
  }
}
