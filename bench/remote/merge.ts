// What the machines saw, put together as if one observer had seen it: all times by the clock of the machine that the
// generator ran on, samples on the grid of its observer.

import type { WatchSample } from '../faults/record.ts';
import type { Sample } from '../observer/spec.ts';

export interface Seen<T> {
  readonly items: readonly T[];
  /** Added to its times. */
  readonly shiftMs: number;
}

/** For each time of the first: what every machine had last seen by then. A machine not yet begun is left out. */
export function mergeSamples(machines: readonly Seen<Sample>[]): Sample[] {
  const shifted = machines.map(({ items, shiftMs }) =>
    items.map((sample) => ({ ...sample, timeMs: sample.timeMs + shiftMs })),
  );
  return onGrid(shifted).map(({ timeMs, seen }) => ({
    timeMs,
    processes: Object.assign({}, ...seen.map((sample) => sample.processes)),
    directories: Object.assign({}, ...seen.map((sample) => sample.directories)),
    ...straysOf(seen),
    machine: seen.reduce(
      (sum, { machine }) => ({
        busySeconds: sum.busySeconds + machine.busySeconds,
        stealSeconds: sum.stealSeconds + machine.stealSeconds,
        ioWaitSeconds: sum.ioWaitSeconds + machine.ioWaitSeconds,
      }),
      { busySeconds: 0, stealSeconds: 0, ioWaitSeconds: 0 },
    ),
  }));
}

function straysOf(seen: readonly Sample[]): Pick<Sample, 'strays'> {
  const strays = seen.flatMap((sample) => sample.strays ?? []);
  return strays.length === 0 ? {} : { strays };
}

export function mergeWatch(machines: readonly Seen<WatchSample>[]): WatchSample[] {
  const shifted = machines.map(({ items, shiftMs }) =>
    items.map((sample) => ({ ...sample, timeMs: sample.timeMs + shiftMs })),
  );
  return onGrid(shifted).map(({ timeMs, seen }) => ({
    timeMs,
    nodes: Object.assign({}, ...seen.map(({ nodes }) => nodes)),
    unregistered: seen.find(({ unregistered }) => unregistered !== null)?.unregistered ?? null,
  }));
}

function onGrid<T extends { readonly timeMs: number }>(
  machines: readonly (readonly T[])[],
): { timeMs: number; seen: T[] }[] {
  const [grid = [], ...others] = machines;
  const cursors = others.map(() => -1);
  return grid.map((own) => {
    const seen = others.flatMap((samples, index) => {
      let cursor = cursors[index] ?? -1;
      while ((samples[cursor + 1]?.timeMs ?? Number.POSITIVE_INFINITY) <= own.timeMs) cursor++;
      cursors[index] = cursor;
      const last = samples[cursor];
      return last === undefined ? [] : [last];
    });
    return { timeMs: own.timeMs, seen: [own, ...seen] };
  });
}
