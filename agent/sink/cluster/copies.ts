// Copies of an event beyond the first: those that are known (`had`), and those of which it is known that a member has
// them, though not yet whether they will be the first or one too many (`confirmed` doubts).

import type { Counts } from '../../log/sources.ts';
import type { Lane } from './lane.ts';
import { countsOf, overlap, type Range, sumOf, withoutAll } from './range.ts';

export class Copies {
  readonly #lanes: ReadonlyMap<string, Lane>;
  #had: Counts;

  constructor(lanes: ReadonlyMap<string, Lane>, had: Readonly<Counts>) {
    this.#lanes = lanes;
    this.#had = { ...had };
  }

  get had(): Readonly<Counts> {
    return this.#had;
  }

  countHad(range: Range): void {
    this.#had = sumOf([this.#had, countsOf(range)]);
  }

  /** A range is done: who is known to have it as well has it once too often. */
  resolve(done: Range): void {
    for (const lane of this.#lanes.values()) {
      for (const doubt of lane.doubts) {
        const twice = doubt.confirmed ? overlap(doubt, done) : null;
        if (twice !== null) this.countHad(twice);
      }
      lane.doubts = lane.doubts.flatMap((doubt) =>
        doubt.confirmed ? withoutAll(doubt, [done]).map((piece) => ({ ...doubt, ...piece })) : [doubt],
      );
    }
  }

  /** The parts of a range that some member is known to have, though nobody has acknowledged them. */
  confirmedWithin(range: Range): Range[] {
    const found: Range[] = [];
    for (const { doubts } of this.#lanes.values()) {
      for (const doubt of doubts) {
        const both = doubt.confirmed ? overlap(doubt, range) : null;
        if (both !== null) found.push(...withoutAll(both, found));
      }
    }
    return found;
  }

  /** The range is done by one of those who are known to have it: it is the first copy; all the others are had. */
  unconfirm(range: Range): void {
    let first: Range[] = [range];
    for (const lane of this.#lanes.values()) {
      lane.doubts = lane.doubts.flatMap((doubt) => {
        const both = doubt.confirmed ? overlap(doubt, range) : null;
        if (both === null) return [doubt];
        for (const twice of withoutAll(both, first)) this.countHad(twice);
        first = first.flatMap((piece) => withoutAll(piece, [both]));
        return withoutAll(doubt, [both]).map((piece) => ({ ...doubt, ...piece }));
      });
    }
  }
}
