// Whether all destinations got the very same events: by set difference, for equal counts prove nothing.

import type { Evidence } from '../run/evidence.ts';
import type { DestinationVerdict, RangeList } from '../verifier/spec.ts';

type Range = RangeList['ranges'][number];

export function setFailures({ plan, destinations }: Evidence): string[] {
  if (!plan.scenario.asserts.equalSets) return [];
  const [first, ...others] = destinations;
  if (first === undefined || others.length === 0) return ['fewer than two destinations to compare'];
  return [
    ...destinations.flatMap(strangers),
    ...others.flatMap((other) => [...missing(first, other), ...missing(other, first)]),
  ];
}

/** Lines that belong to no event are in no set. */
function strangers({ name, torn, foreign }: DestinationVerdict): string[] {
  return torn + foreign === 0 ? [] : [`${name}: ${torn} torn and ${foreign} foreign lines are in no set`];
}

/** What `has` got and `lacks` did not. */
function missing(has: DestinationVerdict, lacks: DestinationVerdict): string[] {
  if (has.expected !== lacks.expected)
    return [`${has.name} and ${lacks.name} were judged by different loads`];
  const known = [has, lacks].every(({ lost }) => listed(lost) === lost.events);
  if (!known) return [`${has.name} and ${lacks.name}: more ranges are lost than are listed, sets unknown`];
  const events = without(lacks.lost.ranges, has.lost.ranges).reduce((sum, range) => sum + sizeOf(range), 0);
  return events === 0 ? [] : [`${has.name} has ${events} events that ${lacks.name} has not`];
}

function listed({ ranges }: RangeList): number {
  return ranges.reduce((sum, range) => sum + sizeOf(range), 0);
}

function sizeOf({ first, last }: Range): number {
  return last - first + 1;
}

/** What of the ranges is in none of the others. */
function without(ranges: readonly Range[], others: readonly Range[]): Range[] {
  return ranges.flatMap((range) =>
    others
      .filter(({ runner, epoch }) => runner === range.runner && epoch === range.epoch)
      .reduce<Range[]>((left, other) => left.flatMap((piece) => cut(piece, other)), [range]),
  );
}

function cut(range: Range, other: Range): Range[] {
  if (other.last < range.first || other.first > range.last) return [range];
  return [
    ...(range.first < other.first ? [{ ...range, last: other.first - 1 }] : []),
    ...(other.last < range.last ? [{ ...range, first: other.last + 1 }] : []),
  ];
}
