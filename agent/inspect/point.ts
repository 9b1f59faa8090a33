// A place in a log as a user names it: an offset in bytes, a time, or one of its ends.

import { SpillwayError } from '../errors.ts';

export type Point =
  | { readonly by: 'offset'; readonly offset: number }
  | { readonly by: 'time'; readonly ms: number }
  | { readonly by: 'oldest' }
  | { readonly by: 'newest' };

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** @throws SpillwayError `bad-usage` that names the option. */
export function parsePoint(text: string, option: string): Point {
  if (text === 'oldest' || text === 'newest') return { by: text };
  if (/^\d+$/.test(text)) {
    const offset = Number(text);
    if (Number.isSafeInteger(offset)) return { by: 'offset', offset };
  }
  const ms = ISO.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return { by: 'time', ms };
  throw new SpillwayError(
    'bad-usage',
    `${option}: found "${text}", expected an offset in bytes, a time such as 2026-01-31T12:00:00Z, oldest or newest`,
  );
}
