// How numbers are written, everywhere: page, charts, terminal.
//
// One source, so that the same figure reads the same wherever it stands. The page gets the source text of the
// functions listed in `browserFormatters` (types are already stripped when they run), so they may refer only to
// their arguments and to each other.
//
// Units are decimal (1 MB = 1,000,000 bytes), as disks and networks count. Three significant digits.

const NOTHING = '–';

/** 12345678 -> `12,345,678`. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Math.round(value).toLocaleString('en-US');
}

/** Three significant digits in the largest unit that keeps the number at least 1: 999.5 of `['', 'k']` is `1.00 k`. */
export function formatScaled(value: number, units: readonly string[]): string {
  if (!Number.isFinite(value)) return '–';
  let scaled = Math.abs(value);
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  let text = scaled.toFixed(scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2);
  if (unit === 0 && Number.isInteger(scaled)) text = String(scaled);
  if (scaled > 0 && scaled < 0.005) text = '<0.01';
  return `${value < 0 && scaled > 0 ? '-' : ''}${text} ${units[unit]}`.replace(' /', '/').trim();
}

/** 9999000 -> `10.0 M`. */
export function formatEvents(value: number): string {
  return formatScaled(value, ['', 'k', 'M', 'G', 'T']);
}

/** 18300000 -> `18.3 MB`. */
export function formatBytes(value: number): string {
  return formatScaled(value, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** 18300000 -> `18.3 MB/s`. */
export function formatBytesPerSecond(value: number): string {
  return formatScaled(value, ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s']);
}

/** 10000000 -> `10.0 M/min`. */
export function formatPerMinute(value: number): string {
  return formatScaled(value, ['/min', 'k/min', 'M/min', 'G/min']);
}

/** 166667 -> `167 k/s`. */
export function formatPerSecond(value: number): string {
  return formatScaled(value, ['/s', 'k/s', 'M/s', 'G/s']);
}

/** A latency: 0.42 -> `0.42 ms`, 1200 -> `1.20 s`, 65000 -> `1 min 5 s`. */
export function formatMs(value: number): string {
  return Math.abs(value) < 59_950 ? formatScaled(value, ['ms', 's']) : formatDuration(value);
}

/** A span of time: 340 -> `340 ms`, 20000 -> `20 s`, 125000 -> `2 min 5 s`, 3720000 -> `1 h 2 min`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1).replace(/\.0$/, '')} s`;
  const seconds = Math.round(ms / 1000);
  const two = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** A position on the time axis, in seconds: 5 -> `0:05`, 3725 -> `1:02:05`, -2 -> `-0:02`. */
export function formatElapsed(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.round(Math.abs(seconds));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const text = hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
  return seconds < 0 && whole > 0 ? `-${text}` : text;
}

/** Cores or CPU seconds: two decimals, three below 0.1, fewer from 10 up. */
export function formatCores(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 || size === 0 ? 2 : 3);
}

export function formatPercent(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return `${value.toFixed(Math.abs(value) >= 9.95 ? 0 : 1).replace(/\.0$/, '')} %`;
}

/** `value` or a dash, for figures that a run may not have. */
export function formatOr(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? NOTHING : format(value);
}

/** One event, several events. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Inlined into the page, so that charts write numbers as the text does. */
export const browserFormatters: readonly ((...args: never[]) => string)[] = [
  formatScaled,
  formatEvents,
  formatBytes,
  formatBytesPerSecond,
  formatPerSecond,
  formatMs,
  formatDuration,
  formatElapsed,
  formatCores,
];
