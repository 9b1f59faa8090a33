// Few runs, said honestly: a median, an interval that its order statistics give without assuming a distribution, and
// whether a difference between two could have been seen at all.

/** A run differs from its median by more than this share: the figure is called erratic. */
const ERRATIC_SHARE = 0.2;
/** Coverage that an interval for the median must reach; the whole range of five runs has 93.75 %. */
const COVERAGE_MIN = 0.93;

export interface Summary {
  readonly runs: number;
  readonly median: number;
  /** Of the median; equal to the median for one run, which says nothing about the spread. */
  readonly low: number;
  readonly high: number;
  readonly erratic: boolean;
}

/** @throws RangeError without values */
export function summarise(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('no values to summarise');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const runs = sorted.length;
  const middle = (runs - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  const cut = ranksToCut(runs);
  const erratic = sorted.some((value) => Math.abs(value - median) > ERRATIC_SHARE * Math.abs(median));
  return { runs, median, low: at(cut), high: at(runs - 1 - cut), erratic };
}

/** Of a figure that was found by steps of this share: the true one may be a step higher. */
export function widened(summary: Summary, share: number): Summary {
  return { ...summary, high: summary.high * (1 + share) };
}

/** Ranks that may be left out at each end while the rest still covers the median often enough. */
function ranksToCut(runs: number): number {
  let cut = 0;
  while (coverage(runs, cut + 1) >= COVERAGE_MIN && 2 * (cut + 1) < runs) cut++;
  return cut;
}

/** How often the values between these ranks hold the median of what they were drawn from. */
function coverage(runs: number, cut: number): number {
  let [tail, choose] = [0, 1];
  for (let beyond = 0; beyond <= cut; beyond++) {
    tail += choose / 2 ** runs;
    choose = (choose * (runs - beyond)) / (beyond + 1);
  }
  return 1 - 2 * tail;
}

/** The smallest difference, as a share of the larger median, that these two would have shown; null with one run. */
export function visibleShare(a: Summary, b: Summary): number | null {
  if (a.runs < 2 || b.runs < 2) return null;
  const larger = Math.max(Math.abs(a.median), Math.abs(b.median));
  if (larger === 0) return null;
  return (reach(a) + reach(b)) / larger;
}

/** True where the intervals do not meet. With a single run of either nothing can be told. */
export function differ(a: Summary, b: Summary): boolean | null {
  if (a.runs < 2 || b.runs < 2) return null;
  return a.low > b.high || b.low > a.high;
}

function reach({ median, low, high }: Summary): number {
  return Math.max(median - low, high - median);
}
