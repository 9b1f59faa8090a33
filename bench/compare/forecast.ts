// How long a comparison will take and how much disk it needs, said before it begins.

import type { Cell, Mode } from './schedule.ts';

/** Starting, connecting, draining, verifying: about this much beside a load. */
const AROUND_MS = 12_000;
/** Probes until the rate is found; a run then confirms it. */
const PROBES: Readonly<Record<Mode, number>> = { quick: 4, full: 6 };
const PROBE_MS: Readonly<Record<Mode, number>> = { quick: 13_000, full: 22_000 };
const FLOOD_MS = 40_000;
/** Ten cases, and a start of a JVM. */
const FIDELITY_MS = 12_000;
const EVENT_BYTES = 130;
/** Event files of both ends, buffers, and what the filesystem keeps free. */
const DISK_FACTOR = 3;
const RATE_MAX_PER_SECOND = 1.5e6;

export interface Forecast {
  readonly runs: number;
  readonly minutes: number;
  readonly diskBytes: number;
}

export function forecast(cells: readonly Cell[], mode: Mode): Forecast {
  const times = cells.map((cell) => expectedMs(cell, mode));
  const loads = cells.map((cell) => (loadMs(cell, mode) / 1000) * eventsPerSecond(cell) * EVENT_BYTES);
  return {
    runs: cells.length,
    minutes: Math.ceil(times.reduce((sum, ms) => sum + ms, 0) / 60_000),
    diskBytes: DISK_FACTOR * Math.max(0, ...loads),
  };
}

export function forecastText({ runs, minutes, diskBytes }: Forecast): string {
  return `${runs} runs, about ${minutes} minutes; up to ${(diskBytes / 1e9).toFixed(1)} GB of disk at once`;
}

export function expectedMs(cell: Cell, mode: Mode): number {
  const { kind } = cell.row;
  if (kind === 'flood') return FLOOD_MS;
  if (kind === 'fidelity') return FIDELITY_MS;
  if (kind === 'sustained') return PROBES[mode] * PROBE_MS[mode] + loadMs(cell, mode) + AROUND_MS;
  return loadMs(cell, mode) + AROUND_MS;
}

function loadMs({ row }: Cell, mode: Mode): number {
  const { generator, quick } = row.file.scenario;
  return mode === 'quick' ? (row.quickDuration ?? quick.duration ?? generator.duration) : generator.duration;
}

function eventsPerSecond({ row }: Cell): number {
  if (row.kind === 'sustained' || row.kind === 'flood') return RATE_MAX_PER_SECOND;
  const { rate } = row.file.scenario.generator;
  return rate.kind === 'schedule' ? rate.eventsPerSecond : RATE_MAX_PER_SECOND;
}
