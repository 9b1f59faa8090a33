// The key in a line that is one JSON object: the values of some of its top-level members, as they are written. Other
// members are stepped over by their quotes and brackets, and the line is read only until all that are wanted are found:
// what stands behind them may be malformed.

import { hashOf, isText, type KeyOf, NO_KEY } from './key-hash.ts';

const TAB = 9;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** The members `name`, which must be there, and `tags`, which may be. */
export function jsonSeries(): KeyOf {
  const reader = new MembersReader(Buffer.from('name'), Buffer.from('tags'));
  return (bytes, from, to) => {
    if (!reader.read(bytes, from, to) || reader.first === NO_KEY) return NO_KEY;
    return reader.second === NO_KEY
      ? reader.first
      : (reader.first ^ Math.imul(reader.second, 0x9e3779b1)) >>> 0;
  };
}

/** One member. */
export function jsonMember(name: Uint8Array): KeyOf {
  const reader = new MembersReader(name, null);
  return (bytes, from, to) => (reader.read(bytes, from, to) ? reader.first : NO_KEY);
}

/** Reads line after line; a class, so that no line makes an object. */
class MembersReader {
  /** The hashes of the values of the first member of each name, or NO_KEY. */
  first = NO_KEY;
  second = NO_KEY;
  readonly #first: Uint8Array;
  readonly #second: Uint8Array | null;

  constructor(first: Uint8Array, second: Uint8Array | null) {
    this.#first = first;
    this.#second = second;
  }

  /** False if the line was malformed before all that are wanted were found. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    this.first = NO_KEY;
    this.second = NO_KEY;
    let at = blanksEnd(bytes, from, to);
    if (at >= to || bytes[at] !== OPEN_BRACE) return false;
    at = blanksEnd(bytes, at + 1, to);
    if (at < to && bytes[at] === CLOSE_BRACE) return true;
    while (at < to && bytes[at] === QUOTE) {
      const nameFrom = at + 1;
      const nameTo = textEnd(bytes, nameFrom, to);
      at = blanksEnd(bytes, nameTo + 1, to);
      if (at >= to || bytes[at] !== COLON) return false;
      const valueFrom = blanksEnd(bytes, at + 1, to);
      const valueTo = valueEnd(bytes, valueFrom, to);
      if (valueTo === valueFrom || valueTo >= to) return false;
      this.#take(bytes, nameFrom, nameTo, valueFrom, valueTo);
      if (this.first !== NO_KEY && (this.#second === null || this.second !== NO_KEY)) return true;
      at = blanksEnd(bytes, valueTo, to);
      if (at < to && bytes[at] === CLOSE_BRACE) return true;
      if (at >= to || bytes[at] !== COMMA) return false;
      at = blanksEnd(bytes, at + 1, to);
    }
    return false;
  }

  #take(bytes: Uint8Array, nameFrom: number, nameTo: number, from: number, to: number): void {
    if (this.first === NO_KEY && isText(bytes, nameFrom, nameTo, this.#first)) {
      this.first = hashOf(bytes, from, to);
    } else if (
      this.second === NO_KEY &&
      this.#second !== null &&
      isText(bytes, nameFrom, nameTo, this.#second)
    ) {
      this.second = hashOf(bytes, from, to);
    }
  }
}

function blanksEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(bytes[at])) at++;
  return at;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN;
}

/** The closing quote of a text that begins at `from`, or `to`. */
function textEnd(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at;
  }
  return to;
}

/** Behind the value that begins at `from`; at `to` or beyond it where it does not end. */
function valueEnd(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from];
  if (first === QUOTE) return textEnd(bytes, from + 1, to) + 1;
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return nestedEnd(bytes, from, to);
  let at = from;
  while (at < to && bytes[at] !== COMMA && bytes[at] !== CLOSE_BRACE && !isBlank(bytes[at])) at++;
  return at;
}

function nestedEnd(bytes: Uint8Array, from: number, to: number): number {
  let depth = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = textEnd(bytes, at + 1, to);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return at + 1;
    }
  }
  return to;
}
