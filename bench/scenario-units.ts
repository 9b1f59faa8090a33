// How quantities are written in scenario files and on the command line: `10M/min`, `60s`, `64MiB`, `20M`.

import { z } from 'zod';

/** `max`: the highest sustained rate is searched for; `flood`: a backlog is timed. */
export type Rate =
  | { readonly kind: 'schedule'; readonly eventsPerSecond: number; readonly text: string }
  | { readonly kind: 'max'; readonly text: string }
  | { readonly kind: 'flood'; readonly text: string };

const COUNT = { '': 1, k: 1e3, M: 1e6, G: 1e9 } as const;
const BYTES = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 } as const;
const DURATION_MS = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 } as const;
const PER_SECOND = { s: 1, sec: 1, m: 1 / 60, min: 1 / 60 } as const;

export const RATE_EXPECTED = "a rate like '10M/min' or '200k/s', or 'max', or 'flood'";
export const DURATION_EXPECTED = "a duration like '60s', '500ms' or '2m'";
export const BYTES_EXPECTED = "a size like '64MiB' or '2GiB'";
export const COUNT_EXPECTED = "a count like '20M' or '500000'";

export function parseRate(text: string): Rate | null {
  if (text === 'max' || text === 'flood') return { kind: text, text };
  const match = /^(\d+(?:\.\d+)?)([kMG]?)\/(s|sec|m|min)$/.exec(text);
  if (match === null) return null;
  const perUnit = Number(match[1]) * COUNT[match[2] as keyof typeof COUNT];
  const eventsPerSecond = perUnit * PER_SECOND[match[3] as keyof typeof PER_SECOND];
  return eventsPerSecond > 0 ? { kind: 'schedule', eventsPerSecond, text } : null;
}

export function parseDurationMs(text: string): number | null {
  return scaled(text, /^(\d+(?:\.\d+)?)(ms|s|min|m|h)$/, DURATION_MS);
}

export function parseBytes(text: string): number | null {
  return scaled(text, /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|kB|MB|GB|)$/, BYTES);
}

export function parseCount(text: string): number | null {
  const count = scaled(text, /^(\d+(?:\.\d+)?)([kMG]?)$/, COUNT);
  return count !== null && Number.isInteger(count) ? count : null;
}

function scaled(text: string, shape: RegExp, units: Readonly<Record<string, number>>): number | null {
  const match = shape.exec(text);
  if (match === null) return null;
  const unit = units[match[2] ?? ''];
  return unit === undefined ? null : Number(match[1]) * unit;
}

/** The same in a schema, with a complaint that says what was expected. */
export function quantity<T>(parse: (text: string) => T | null, expected: string) {
  return z.union([z.string(), z.number()], { error: `expected ${expected}` }).transform((given, context) => {
    const value = parse(String(given));
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: `'${given}' is not understood; expected ${expected}` });
    return z.NEVER;
  });
}
