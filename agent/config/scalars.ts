// The single values of a configuration: sizes, durations, counts, names, addresses. Each is one zod type
// that takes what a user may write and gives what the program wants, and whose error is the bare
// expectation ("a size ... such as 64MiB"): problems.ts puts the place and what was found in front of it.

import { z } from 'zod';
import { type Address, parseAddress } from './address.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3 };

interface Range {
  readonly min?: number;
  readonly max?: number;
}

type Parse<T> = (value: unknown) => { readonly value: T } | { readonly expected: string };

function scalar<T>(parse: Parse<T>) {
  return z.unknown().transform((input, context): T => {
    const result = parse(input);
    if ('value' in result) return result.value;
    context.issues.push({ code: 'custom', message: result.expected, input });
    return z.NEVER;
  });
}

/** An integer of bytes, or text with a unit: `64MiB`, `1GB`. Gives bytes. */
export function bytes({ min = 1, max = Number.MAX_SAFE_INTEGER }: Range = {}) {
  const expected = 'a size in bytes, such as 67108864, 64MiB or 1GB';
  return scalar<number>((input) => wholeNumber(quantity(input, UNIT_BYTES), { min, max }, expected));
}

/** An integer of milliseconds, or text with a unit: `500ms`, `24h`. Gives milliseconds. */
export function milliseconds({ min = 1, max = 2 ** 31 - 1 }: Range = {}) {
  const expected = 'a duration in milliseconds, such as 500, 500ms, 30s or 24h';
  return scalar<number>((input) => wholeNumber(quantity(input, UNIT_MS), { min, max }, expected));
}

export function count({ min = 1, max = Number.MAX_SAFE_INTEGER }: Range = {}) {
  return scalar<number>((input) => wholeNumber(quantity(input, {}), { min, max }, 'a whole number'));
}

function quantity(input: unknown, units: Readonly<Record<string, number>>): number {
  if (typeof input === 'number') return input;
  if (typeof input !== 'string') return NaN;
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(input) ?? [];
  return digits === undefined || unit === undefined ? NaN : Number(digits) * (units[unit] ?? NaN);
}

function wholeNumber(value: number, { min, max }: Required<Range>, expected: string) {
  if (!Number.isSafeInteger(value)) return { expected };
  if (value < min) return { expected: `${expected}, at least ${min}` };
  return value > max ? { expected: `${expected}, at most ${max}` } : { value };
}

/** Names become metric labels, file names and registry keys, so they are kept plain. */
export function plainName() {
  const expected = 'a name of 1 to 64 letters, digits, dots, dashes or underscores';
  return scalar<string>((input) =>
    typeof input === 'string' && isPlainName(input) ? { value: input } : { expected },
  );
}

export function isPlainName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text);
}

/** An end of the log, or an offset in it. */
export function endOrOffset() {
  const expected = 'oldest, newest or an offset in bytes';
  return scalar<'oldest' | 'newest' | number>((input) => {
    if (input === 'oldest' || input === 'newest') return { value: input };
    return typeof input === 'number' && Number.isSafeInteger(input) && input >= 0
      ? { value: input }
      : { expected };
  });
}

/** Text that is not empty; `what` completes "expected ...". */
export function text(what: string) {
  return scalar<string>((input) =>
    typeof input === 'string' && input !== '' && !input.includes('\0')
      ? { value: input }
      : { expected: what },
  );
}

/** An address; with `portMin: 0` also port 0, on which the system picks a free one. */
export function address({ portMin = 1 }: { portMin?: 0 | 1 } = {}) {
  return scalar<Address>((input) => {
    const parsed = parseAddress(typeof input === 'string' ? input : '', { portMin });
    return typeof parsed === 'string' ? { expected: parsed } : { value: parsed };
  });
}

/** An http or https address of a service, without a path. */
export function url() {
  const expected = 'an address such as http://127.0.0.1:2379';
  return scalar<string>((input) => {
    const parsed = typeof input === 'string' && URL.canParse(input) ? new URL(input) : undefined;
    const fits = parsed !== undefined && /^https?:$/.test(parsed.protocol) && parsed.pathname === '/';
    return fits ? { value: parsed.origin } : { expected };
  });
}
