// The figures of a cell: each by all of its valid runs.

import type { Result } from '../result.ts';
import { FIGURES, type FigureName } from './scorecard.ts';
import { type Summary, summarise, widened } from './statistics.ts';

/** `resolution`: how much higher the rate may be than the one that was found, as a share of it. */
export function figuresOf(
  results: readonly Result[],
  resolution: number,
): Readonly<Partial<Record<FigureName, Summary>>> {
  const figures: Partial<Record<FigureName, Summary>> = {};
  for (const name of FIGURES) {
    const values = results.map(FIGURE[name]).filter((value) => value !== null);
    if (values.length === 0) continue;
    const summary = summarise(values);
    figures[name] = name === 'ratePerMinute' ? widened(summary, resolution) : summary;
  }
  return figures;
}

const worst = (result: Result, count: (destination: Result['destinations'][number]) => number): number =>
  Math.max(0, ...result.destinations.map(count));

const FIGURE: Readonly<Record<FigureName, (result: Result) => number | null>> = {
  ratePerMinute: (result) => result.ratePerMinute,
  mbPerSecond: (result) => result.mbPerSecond,
  cpuSecondsPerMillion: (result) => result.cpuSecondsPerMillion,
  writtenBytesPerEvent: (result) => writtenBytes(result) / Math.max(1, result.sent),
  memoryBytesMax: memoryBytesMax,
  latencyP50Ms: (result) => result.latencyMs?.p50 ?? null,
  latencyP99Ms: (result) => result.latencyMs?.p99 ?? null,
  latencyP999Ms: (result) => result.latencyMs?.p999 ?? null,
  latencyMaxMs: (result) => result.latencyMs?.max ?? null,
  drainMs: ({ window }) => Math.max(0, window.endMs - window.sentMs),
  sent: ({ sent }) => sent,
  lost: (result) => worst(result, ({ lost }) => lost.events),
  duplicated: (result) => worst(result, ({ duplicated }) => duplicated.events),
  reordered: (result) => worst(result, ({ reordered }) => reordered.events),
  torn: (result) => worst(result, ({ torn }) => torn),
  foreign: (result) => worst(result, ({ foreign }) => foreign),
};

function writtenBytes({ processes }: Result): number {
  return processes
    .filter(({ group }) => group === 'tool')
    .reduce((sum, { writtenBytes: bytes }) => sum + bytes, 0);
}

/** Of all processes of the tool together, at the moment when they have most: one of many parts is not the smaller. */
function memoryBytesMax({ processes, series, rssBytesMax }: Result): number {
  const tools = processes.filter(({ group }) => group === 'tool').map(({ name }) => name);
  const parts = series.rssBytes.filter(({ name }) => tools.includes(name));
  const sums = series.timeMs.map((_, index) =>
    parts.reduce((sum, { values }) => sum + (values[index] ?? 0), 0),
  );
  return Math.max(rssBytesMax, ...sums);
}
