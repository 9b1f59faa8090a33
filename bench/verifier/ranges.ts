// Collects ranges of events for a verdict: counts all of them, lists the first hundred, joins neighbours.

import type { RangeList } from './spec.ts';

const LISTED_MAX = 100;

type Range = { runner: number; epoch: number; first: number; last: number };

export class Ranges {
  #events = 0;
  readonly #listed: Range[] = [];

  /** `end` is not included. */
  add({ runner, epoch }: { runner: number; epoch: number }, first: number, end: number): void {
    if (end <= first) return;
    this.#events += end - first;
    const last = this.#listed.at(-1);
    if (last && last.runner === runner && last.epoch === epoch && last.last === first - 1)
      last.last = end - 1;
    else if (this.#listed.length < LISTED_MAX) this.#listed.push({ runner, epoch, first, last: end - 1 });
  }

  get events(): number {
    return this.#events;
  }

  list(): RangeList {
    return { events: this.#events, ranges: this.#listed };
  }
}
