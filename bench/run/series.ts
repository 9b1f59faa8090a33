// The observer's samples turned into the columns of the report's charts and into sums over a window.

import type { Sample } from '../observer/spec.ts';
import type { NamedSeries, ProcessFigures, Series } from '../result.ts';
import { SOURCE } from './observer.ts';

type ProcessSample = Sample['processes'][string];
type GroupOf = (process: string) => 'tool' | 'rig';

/** `members`: directories that hold a part of a destination each, and so have no backlog of their own. */
export function seriesOf(samples: readonly Sample[], members: readonly string[] = []): Series {
  const processes = namesIn(samples, (sample) => sample.processes);
  const directories = namesIn(samples, (sample) => sample.directories);
  const perProcess = (value: (at: ProcessSample) => number) => {
    return processes.map((name) =>
      rateSeries(samples, name, (sample) => mapped(sample.processes[name], value)),
    );
  };
  return {
    timeMs: samples.map(({ timeMs }) => timeMs),
    rateBytes: directories.map((name) => {
      return rateSeries(samples, name, (sample) => sample.directories[name]?.totalBytes);
    }),
    backlogBytes: directories
      .filter((name) => name !== SOURCE && !members.includes(name))
      .map((name) => ({ name, values: samples.map((sample) => backlogAt(sample, name)) })),
    cpuCores: perProcess(({ cpuSeconds }) => cpuSeconds),
    rssBytes: processes.map((name) => ({
      name,
      values: samples.map((sample) => sample.processes[name]?.rssBytes ?? null),
    })),
    writtenBytesPerSecond: perProcess(({ writtenBytes }) => writtenBytes),
  };
}

/** Bytes written into the chain that a directory has not got yet. */
export function backlogAt(sample: Sample, directory: string): number | null {
  const [source, there] = [sample.directories[SOURCE], sample.directories[directory]];
  if (source === undefined || there === undefined) return null;
  return Math.max(0, source.totalBytes - there.totalBytes);
}

/** What each process cost between the two times. */
export function processFigures(
  samples: readonly Sample[],
  startMs: number,
  endMs: number,
  groupOf: GroupOf,
): ProcessFigures[] {
  const first = samples.findLast(({ timeMs }) => timeMs <= startMs) ?? samples[0];
  const last = samples.find(({ timeMs }) => timeMs >= endMs) ?? samples.at(-1);
  if (first === undefined || last === undefined) return [];
  const window = samples.filter(({ timeMs }) => timeMs >= first.timeMs && timeMs <= last.timeMs);
  const seconds = Math.max(0.001, (last.timeMs - first.timeMs) / 1000);
  return namesIn(window, (sample) => sample.processes).map((name) => {
    const seen = window.map((sample) => sample.processes[name]).filter((at) => at !== undefined);
    const total = (value: (at: ProcessSample) => number) => {
      const before = first.processes[name];
      const after = seen.at(-1);
      // Not there in the first sample: it started within the window, from nothing.
      return after === undefined ? 0 : value(after) - (before === undefined ? 0 : value(before));
    };
    const cpuSeconds = total((at) => at.cpuSeconds);
    return {
      name,
      group: groupOf(name),
      cpuSeconds,
      cpuCores: cpuSeconds / seconds,
      rssBytesMax: Math.max(...seen.map((at) => at.rssBytes)),
      writtenBytes: total((at) => at.writtenBytes),
    };
  });
}

/** Share of all cores that the hypervisor gave to others. */
export function stealPercent(samples: readonly Sample[], cores: number): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.timeMs <= first.timeMs) return 0;
  const seconds = (last.timeMs - first.timeMs) / 1000;
  return ((last.machine.stealSeconds - first.machine.stealSeconds) / (seconds * cores)) * 100;
}

function namesIn(samples: readonly Sample[], part: (sample: Sample) => object): string[] {
  return [...new Set(samples.flatMap((sample) => Object.keys(part(sample))))];
}

function mapped<T>(at: T | undefined, value: (at: T) => number): number | undefined {
  return at === undefined ? undefined : value(at);
}

function rateSeries(
  samples: readonly Sample[],
  name: string,
  total: (sample: Sample) => number | undefined,
): NamedSeries {
  const values = samples.map((sample, index) => {
    const before = samples[index - 1];
    const [was, is] = [before && total(before), total(sample)];
    if (before === undefined || was === undefined || is === undefined) return null;
    return ((is - was) * 1000) / Math.max(1, sample.timeMs - before.timeMs);
  });
  return { name, values };
}
