// The series of a run that never was: bytes move down a chain with noise, an outage piles up a backlog and drains.

import type { NamedSeries, ProcessFigures, Result } from '../../../bench/result.ts';
import type { DestinationVerdict } from '../../../bench/verifier/spec.ts';
import type { Shape } from './fixture.ts';

const STEP_MS = 250;
/** How much faster than the load a hop can go when it has something to catch up. */
const CATCH_UP = 2.2;

export interface SimulatedChain {
  readonly endMs: number;
  readonly latencyMaxMs: number;
  readonly series: (processes: readonly ProcessFigures[]) => Result['series'];
  readonly latencySeries: (index: number) => DestinationVerdict['latencySeries'];
}

export function simulateChain(shape: Shape, startMs: number, eventBytes: number): SimulatedChain {
  const random = seeded(42);
  const noisy = (value: number, share: number): number => value * (1 + (random() - 0.5) * share);
  const load = shape.eventsPerSecond * eventBytes;
  const total = load * shape.seconds;
  const names = ['source', ...shape.places.slice(1), ...shape.fanOut];
  const arrived = names.map(() => 0);
  const rates: number[][] = names.map(() => []);
  const backlogs: number[][] = names.map(() => []);
  const timeMs: number[] = [];
  const isAway = (name: string, second: number): boolean =>
    shape.outage !== null && name === names.at(-1) && second >= shape.outage[0] && second < shape.outage[1];

  let second = 0;
  const most = (shape.seconds * 3 * 1000) / STEP_MS;
  while (timeMs.length < most && (arrived.at(-1) ?? 0) < total * 0.99999) {
    second += STEP_MS / 1000;
    timeMs.push(startMs + second * 1000);
    const sent = Math.min(total, load * second);
    for (const [index, name] of names.entries()) {
      const before = arrived[index] ?? 0;
      const upstream = index === 0 ? sent : Math.max(before, (arrived[0] ?? 0) - noisy(load * 0.02, 1));
      const room = noisy(load * CATCH_UP, 0.2) * (STEP_MS / 1000);
      const goal = second > shape.seconds ? sent : upstream;
      const now = isAway(name, second) ? before : Math.min(goal, before + room);
      arrived[index] = now;
      rates[index]?.push(((now - before) * 1000) / STEP_MS);
      backlogs[index]?.push(Math.max(0, (arrived[0] ?? 0) - now));
    }
  }
  const named = (values: readonly number[][]): readonly NamedSeries[] =>
    names.map((name, index) => ({ name, values: values[index] ?? [] }));
  const waitMs = shape.outage === null ? 0 : (shape.outage[1] - shape.outage[0]) * 1000;
  const perProcess = (
    processes: readonly ProcessFigures[],
    value: (process: ProcessFigures) => number,
    share: number,
  ) =>
    processes.map((process) => ({
      name: process.name,
      values: timeMs.map(() => noisy(value(process), share)),
    }));
  return {
    endMs: startMs + second * 1000 - 62,
    latencyMaxMs: Math.max(183, waitMs),
    series: (processes) => ({
      timeMs,
      rateBytes: named(rates),
      backlogBytes: named(backlogs).slice(1),
      cpuCores: perProcess(processes, ({ cpuCores }) => cpuCores, 0.5),
      rssBytes: perProcess(processes, ({ rssBytesMax }) => rssBytesMax * 0.97, 0.04),
      writtenBytesPerSecond: perProcess(processes, ({ writtenBytes }) => writtenBytes / shape.seconds, 0.3),
    }),
    latencySeries: (index) =>
      Array.from({ length: shape.seconds }, (_, at) => {
        const left =
          shape.outage !== null && at >= shape.outage[0] - 1
            ? Math.max(0, shape.outage[1] * 1000 + 8000 - at * 1400)
            : 0;
        return {
          timeMs: startMs + at * 1000,
          p50: noisy(21 + index, 0.3) + left,
          p99: noisy(84 + index * 5, 0.3) + left,
          max: noisy(140 + index * 8, 0.5) + left * 1.05,
        };
      }),
  };
}

/** mulberry32: the same numbers every time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
