// What fsck found wrong at one place: what it is, what it costs, what a start of the agent does about it.

export interface Cost {
  /** Null: nobody can know. */
  readonly events: number | null;
  readonly bytes: number;
  /** Perhaps less: what was never acknowledged to anyone is sent again by its source. */
  readonly atMost?: boolean;
}

export const NO_COST: Cost = { events: 0, bytes: 0 };

export interface Finding {
  readonly kind:
    | 'identity' // who the log is
    | 'journal' // a journal whose records can be read, all or some
    | 'journal-lost' // a journal in which nothing can be read
    | 'no-journal' // data that no journal describes
    | 'no-data' // a journal whose data is gone
    | 'damaged' // bytes that are not what was written
    | 'unknown-range' // a range of which no record tells
    | 'miscount' // numbers of events that do not add up
    | 'unknown-source' // records of a source whose definition is lost
    | 'unfinished' // left behind by a process that died, and never acknowledged
    | 'cursor' // a file of a destination's progress
    | 'position' // a destination whose progress does not fit this log
    | 'start'; // the agent would not start
  /** The file, below the log's directory. */
  readonly place: string;
  /** Bytes [from, to) of the log. */
  readonly range: { readonly from: number; readonly to: number } | null;
  readonly what: string;
  readonly cost: Cost;
  /** What a start of the agent does with it. */
  readonly start: string;
  /** Whether `--repair` ends it; if not, it is a loss that stays until its segment expires. */
  readonly mends: boolean;
}

/** Findings of one kind in one file that touch become one. */
export function merge(findings: readonly Finding[]): Finding[] {
  const merged: Finding[] = [];
  for (const finding of findings) {
    const last = merged.at(-1);
    if (last === undefined || !touches(last, finding)) {
      merged.push(finding);
      continue;
    }
    merged[merged.length - 1] = {
      ...last,
      range: { from: last.range?.from ?? 0, to: finding.range?.to ?? 0 },
      cost: add(last.cost, finding.cost),
    };
  }
  return merged;
}

function touches(a: Finding, b: Finding): boolean {
  return (
    a.kind === b.kind &&
    a.place === b.place &&
    a.what === b.what &&
    a.range !== null &&
    a.range.to === b.range?.from
  );
}

export function add(a: Cost, b: Cost): Cost {
  return {
    events: a.events === null || b.events === null ? null : a.events + b.events,
    bytes: a.bytes + b.bytes,
    ...(a.atMost === true || b.atMost === true ? { atMost: true } : {}),
  };
}
