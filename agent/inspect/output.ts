// What the tools print: tables for people, one JSON object for programs. Who closes the pipe (`| head`) has seen enough.

import type { Counts } from '../log/sources.ts';

/** Ends the process without a word when nobody reads what it prints any more. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** Resolves when the bytes are out: they may change then. */
export function print(bytes: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      // the handler of the stream ends the process
      if (error !== null && error !== undefined && !('code' in error && error.code === 'EPIPE'))
        reject(error);
      else resolve();
    });
  });
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : noun.endsWith('h') ? 'es' : 's'}`;
}

export function time(ms: number): string {
  return Number.isFinite(ms) && ms > 0 ? new Date(ms).toISOString() : '-';
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
];

/** `3 s`, `5 min`, `2.5 h`. */
export function age(ms: number): string {
  const seconds = Math.max(0, ms / 1000);
  const [size, unit] = UNITS.find(([bound]) => seconds >= 2 * bound) ?? [1, 's'];
  const value = seconds / size;
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ${unit}`;
}

/** `dropped 5 events, 200 bytes (maxAge)`; empty where nothing was. */
export function reasons(what: string, counts: Readonly<Record<string, Readonly<Counts>>>): string {
  const parts = Object.entries(counts).map(
    ([reason, { events, bytes }]) => `${plural(events, 'event')}, ${plural(bytes, 'byte')} (${reason})`,
  );
  return parts.length === 0 ? '' : `${what} ${parts.join(', ')}`;
}

/** Columns side by side; those whose heading begins with `>` to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const right = headings.map((heading) => heading.startsWith('>'));
  const lines = [headings.map((heading) => heading.replace('>', '')), ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}
