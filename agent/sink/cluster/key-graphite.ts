// The key in a line of graphite's plain text, with or without tags:
//
//   path.of.the.metric;tag=value;tag=value 42.5 1700000000
//   └─────────── path and tags ──────────┘

import { hashOf, isText, type KeyOf, NO_KEY } from './key-hash.ts';

const TAB = 9;
const SPACE = 32;
const SEMICOLON = 59;
const EQUALS = 61;

/** Path and tags as they are written. */
export const graphitePath: KeyOf = (bytes, from, to) => {
  const end = pathEnd(bytes, from, to);
  return end === from || end === to ? NO_KEY : hashOf(bytes, from, end);
};

/** The value of one tag. */
export function graphiteTag(name: Uint8Array): KeyOf {
  return (bytes, from, to) => {
    const end = pathEnd(bytes, from, to);
    if (end === to) return NO_KEY;
    let tag = nextOf(bytes, from, end, SEMICOLON) + 1;
    while (tag < end) {
      const tagEnd = nextOf(bytes, tag, end, SEMICOLON);
      const equals = nextOf(bytes, tag, tagEnd, EQUALS);
      if (equals < tagEnd && isText(bytes, tag, equals, name)) return hashOf(bytes, equals + 1, tagEnd);
      tag = tagEnd + 1;
    }
    return NO_KEY;
  };
}

function pathEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== SPACE && bytes[at] !== TAB) at++;
  return at;
}

function nextOf(bytes: Uint8Array, from: number, to: number, byte: number): number {
  let at = from;
  while (at < to && bytes[at] !== byte) at++;
  return at;
}
