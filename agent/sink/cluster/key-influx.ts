// The key in a line of influx line protocol:
//
//   measurement,tag=value,tag=value field=1,field="text, with = and spaces" 1700000000000000000
//   └────────── name and tags ────┘ └─────────────── fields ──────────────┘
//
// In names and tags a backslash keeps commas, spaces and equals signs, and quotes are characters like others; in the
// value of a field quotes keep everything.

import { hashOf, isText, type KeyOf, NO_KEY } from './key-hash.ts';

const SPACE = 32;
const QUOTE = 34;
const HASH_SIGN = 35;
const COMMA = 44;
const EQUALS = 61;
const BACKSLASH = 92;

/** Measurement and tags as they are written. */
export const influxSeries: KeyOf = (bytes, from, to) => {
  const end = seriesEnd(bytes, from, to);
  return end === to ? NO_KEY : hashOf(bytes, from, end);
};

/** The value of one tag, or where no tag has the name, of one field. */
export function influxField(name: Uint8Array): KeyOf {
  return (bytes, from, to) => {
    const end = seriesEnd(bytes, from, to);
    if (end === to) return NO_KEY;
    const tags = endOf(bytes, from, end, COMMA) + 1;
    const tag = pairNamed(bytes, tags, end, name, endOf);
    if (tag !== NO_KEY) return tag;
    return pairNamed(bytes, end + 1, endOfFields(bytes, end + 1, to, SPACE), name, endOfFields);
  };
}

/** The end of name and tags; `to` where the line is a comment, has no name or no fields. */
function seriesEnd(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from];
  if (first === HASH_SIGN || first === COMMA || first === SPACE) return to;
  return endOf(bytes, from, to, SPACE);
}

type EndOf = (bytes: Uint8Array, from: number, to: number, delimiter: number) => number;

/** The hash of the value that `name` has among the `name=value,name=value` in [from, to). */
function pairNamed(bytes: Uint8Array, from: number, to: number, name: Uint8Array, ends: EndOf): number {
  for (let start = from; start < to; ) {
    const end = ends(bytes, start, to, COMMA);
    const equals = endOf(bytes, start, end, EQUALS);
    if (equals < end && isText(bytes, start, equals, name)) return hashOf(bytes, equals + 1, end);
    start = end + 1;
  }
  return NO_KEY;
}

/** Where `delimiter` first stands in [from, to) and is not escaped, or `to`. */
function endOf(bytes: Uint8Array, from: number, to: number, delimiter: number): number {
  for (let at = from; at < to; at++) {
    if (bytes[at] === delimiter && (at === from || bytes[at - 1] !== BACKSLASH)) return at;
  }
  return to;
}

/** The same where texts are in quotes, and quotes in them escaped. */
function endOfFields(bytes: Uint8Array, from: number, to: number, delimiter: number): number {
  let quoted = false;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (byte === delimiter && !quoted) return at;
  }
  return to;
}
