// The set of sequence numbers seen of one runner and epoch. Exact, whatever the order they come in, and small:
// a page of 65,536 numbers is one number while it fills from its start (the usual case), and a bitmap of 8 KiB
// only while it has holes. A day at 10 M events a minute takes about 2 MB when nothing is lost.

const PAGE = 65_536;

/** The numbers 0 .. n-1 of the page, or a bitmap of it. */
type Page = number | Uint8Array;

/** `first` to `end`, which is not included. */
export type VisitRange = (first: number, end: number) => void;

export class SequenceSet {
  size = 0;
  readonly #pages: Page[] = [];

  /** Adds first .. end-1; tells which of them are new and which were there, in ascending order. */
  add(first: number, end: number, fresh: VisitRange, known: VisitRange): void {
    for (let from = first; from < end; ) {
      const number = Math.floor(from / PAGE);
      const base = number * PAGE;
      const to = Math.min(end, base + PAGE);
      while (this.#pages.length <= number) this.#pages.push(0);
      this.#addToPage(number, from - base, to - base, fresh, known);
      from = to;
    }
  }

  /** The ranges of 0 .. limit-1 that are not in the set. */
  missing(limit: number, visit: VisitRange): void {
    let gapStart = 0;
    const seen = (first: number, end: number): void => {
      if (first > gapStart) visit(gapStart, Math.min(first, limit));
      gapStart = end;
    };
    for (let number = 0; number * PAGE < limit; number++) {
      const base = number * PAGE;
      runs(this.#pages[number] ?? 0, 0, Math.min(PAGE, limit - base), (first, end, present) => {
        if (present) seen(base + first, base + end);
      });
    }
    if (gapStart < limit) visit(gapStart, limit);
  }

  #addToPage(number: number, from: number, to: number, fresh: VisitRange, known: VisitRange): void {
    const page = this.#pages[number] ?? 0;
    const base = number * PAGE;
    if (page === from) {
      this.#pages[number] = to;
      this.size += to - from;
      fresh(base + from, base + to);
      return;
    }
    const bits = typeof page === 'number' ? bitmap(page) : page;
    runs(page, from, to, (first, end, present) => {
      if (present) return known(base + first, base + end);
      for (let i = first; i < end; i++) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
      this.size += end - first;
      fresh(base + first, base + end);
      this.#pages[number] = bits;
    });
  }
}

function bitmap(filled: number): Uint8Array {
  const bits = new Uint8Array(PAGE / 8);
  for (let i = 0; i < filled; i++) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  return bits;
}

/** Splits from .. to-1 of a page into runs that are in the set or not. A run is final before it is visited. */
function runs(
  page: Page,
  from: number,
  to: number,
  visit: (first: number, end: number, present: boolean) => void,
): void {
  if (typeof page === 'number') {
    if (from < page) visit(from, Math.min(to, page), true);
    if (to > page) visit(Math.max(from, page), to, false);
    return;
  }
  for (let first = from; first < to; ) {
    const present = has(page, first);
    let end = first + 1;
    while (end < to && has(page, end) === present) end++;
    visit(first, end, present);
    first = end;
  }
}

const has = (bits: Uint8Array, i: number): boolean => ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0;
