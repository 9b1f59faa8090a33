// The table that `lsevents` shows, and the same as one JSON object. Pure text; the terminal is main's business.

import { stripVTControlCharacters } from 'node:util';
import type { Reading } from './census.ts';
import type { Arrivals } from './rates.ts';

export interface View {
  /** The instance's id; null for a directory that belongs to none. */
  readonly id: string | null;
  readonly dir: string;
  readonly reading: Reading;
  readonly arrivals: Arrivals;
  /** Events per second by destination; null: no agent says. */
  readonly departures: ReadonlyMap<string, number> | null;
}

/** `rowsMax` bounds the files shown; the newest stay. */
export function renderTable(view: View, rowsMax: number): string[] {
  const { files, timeMs } = view.reading;
  const shown = rowsMax >= files.length ? files : files.slice(files.length - Math.max(rowsMax, 0));
  const total = {
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    events: files.reduce((sum, file) => sum + file.events, 0),
  };
  const rows = [
    ['file', 'size', 'events', 'age', 'arrives/s'],
    ...shown.map((file) => [
      stripVTControlCharacters(file.name),
      size(file.bytes),
      count(file.events),
      age(timeMs - file.writtenMs),
      rate(view.arrivals.byFile.get(file.identity) ?? 0),
    ]),
    [
      `${files.length} file${files.length === 1 ? '' : 's'}`,
      size(total.bytes),
      count(total.events),
      '',
      rate(view.arrivals.eventsPerSecond),
    ],
  ];
  const hidden = files.length - shown.length;
  return [
    `${view.id === null ? '' : `${view.id}  `}${view.dir}`,
    ...(hidden > 0 ? [`(${hidden} older file${hidden === 1 ? '' : 's'} not shown)`] : []),
    ...align(rows),
    `arrives/s  ${rate(view.arrivals.eventsPerSecond)}  (${size(view.arrivals.bytesPerSecond)}/s)`,
    `leaves/s   ${leaves(view.departures)}`,
  ];
}

export function renderJson(view: View): string {
  const { reading, arrivals, departures } = view;
  return JSON.stringify({
    id: view.id,
    dir: view.dir,
    timeMs: reading.timeMs,
    files: reading.files.map(({ name, bytes, events, writtenMs, identity }) => ({
      name,
      bytes,
      events,
      ageMs: Math.max(0, Math.round(reading.timeMs - writtenMs)),
      arrivesPerSecond: Math.round(arrivals.byFile.get(identity) ?? 0),
    })),
    bytes: reading.files.reduce((sum, file) => sum + file.bytes, 0),
    events: reading.files.reduce((sum, file) => sum + file.events, 0),
    arrivesPerSecond: Math.round(arrivals.eventsPerSecond),
    arrivesBytesPerSecond: Math.round(arrivals.bytesPerSecond),
    leavesPerSecond:
      departures === null
        ? null
        : Object.fromEntries([...departures].map(([name, events]) => [name, Math.round(events)])),
  });
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function leaves(departures: View['departures']): string {
  if (departures === null || departures.size === 0) return '-';
  return [...departures].map(([name, events]) => `${name} ${rate(events)}`).join('  ');
}

function rate(perSecond: number): string {
  return perSecond === 0 ? '-' : count(Math.round(perSecond));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`;
  return `${Math.floor(seconds / 3600)}h${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')}m`;
}
