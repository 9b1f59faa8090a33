// What the verifier says of one set of event files. All counts are events unless a name says otherwise.

/** Inclusive ranges of sequence numbers. At most 100 are listed; `events` always counts all. */
export interface RangeList {
  readonly events: number;
  readonly ranges: readonly {
    readonly runner: number;
    readonly epoch: number;
    readonly first: number;
    readonly last: number;
  }[];
}

export interface LatencyFigures {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly count: number;
  /** How finely arrival was observed (the observer's poll interval, p99), ms. */
  readonly resolutionMs: number;
  /** Events that seemed to arrive before they were due (clocks differ); they count as 0 ms. */
  readonly clamped?: number;
  /** Sent and observed by different machines: every figure is right to within this, ms. */
  readonly clockBoundMs?: number;
}

/** What one member of a cluster has of the events of its destination. */
export interface MemberVerdict {
  readonly name: string;
  /** Expected events, further copies included. */
  readonly events: number;
}

export interface DestinationVerdict {
  readonly name: string;
  /** Of a cluster; everything else here is of the union of their files, order within each member. */
  readonly members?: readonly MemberVerdict[];
  /** Of a cluster that was given its events by key. */
  readonly keys?: KeyFindings;
  /** Distinct expected events found intact. expected = delivered + lost.events. */
  readonly expected: number;
  readonly delivered: number;
  readonly deliveredBytes: number;
  readonly lost: RangeList;
  /** Further copies of an event already delivered. */
  readonly duplicated: RangeList;
  /** Intact first copies that arrived after a higher sequence of the same runner and epoch. */
  readonly reordered: RangeList;
  /** Lines that carry part of an expected event: cut, glued or altered. First ones as evidence. */
  readonly torn: number;
  readonly tornExamples: readonly Evidence[];
  /** Lines that belong to no runner of the manifests. */
  readonly foreign: number;
  readonly foreignExamples: readonly Evidence[];
  readonly files: number;
  readonly bytes: number;
  /** Wall clock when the last expected event arrived; null without arrivals. */
  readonly lastArrivalMs: number | null;
  readonly firstArrivalMs: number | null;
  readonly latencyMs: LatencyFigures | null;
  /** Percentiles by second of intended time, for the chart; empty without arrivals. */
  readonly latencySeries: readonly {
    readonly timeMs: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  }[];
}

/** Where the keys of a cluster went, and in which order their events stand. */
export interface KeyFindings {
  readonly keys: number;
  /** How many keys stand at just these members, by their names joined with `+`. */
  readonly at: Readonly<Record<string, number>>;
  /** Events that stand behind a later one of the same key, at the same member. */
  readonly disordered: number;
  readonly examples: readonly string[];
}

export interface Evidence {
  readonly file: string;
  readonly offset: number;
  /** The line, JSON-escaped, at most 200 characters. */
  readonly text: string;
}
