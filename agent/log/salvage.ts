// Reading a journal that may be damaged: every record that checks out, and none that was never acknowledged.
//
// A record that does not check out is either the torn end of what was being written when the process or the machine
// died, or rot. It is rot where a batch behind it was written in a later group: by then everything before that group
// was synced. Then reading goes on at the next record that checks out; else the journal ends here.

import {
  decodeBatch,
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  isBatch,
  RECORD_ALIGNMENT,
  recordSize,
} from './record.ts';

const HEAD_BYTES = 16;

export interface Salvaged {
  /** Header and good records, without what lay between: as if nothing had ever been wrong. */
  readonly journal: Buffer;
  /** How many times something was passed over. */
  readonly holes: number;
}

/** @returns null where nothing in it checks out: no header and no batch. */
export function salvage(bytes: Buffer, base: number): Salvaged | null {
  const { records, holes } = goodRecords(bytes);
  const header = decodeHeader(bytes);
  if (header?.baseOffset === base) {
    if (holes === 0) {
      const end = records.at(-1)?.[1] ?? HEADER_BYTES;
      return { journal: bytes.subarray(0, end), holes };
    }
    return { journal: Buffer.concat([bytes.subarray(0, HEADER_BYTES), ...pieces(bytes, records)]), holes };
  }
  const made = headerFrom(bytes, base, records);
  return made === null
    ? null
    : { journal: Buffer.concat([made, ...pieces(bytes, records)]), holes: holes + 1 };
}

type Range = readonly [from: number, to: number];

function pieces(bytes: Buffer, records: readonly Range[]): Buffer[] {
  return records.map(([from, to]) => bytes.subarray(from, to));
}

function goodRecords(bytes: Buffer): { records: Range[]; holes: number } {
  const records: Range[] = [];
  let holes = 0;
  for (let at = HEADER_BYTES; at + HEAD_BYTES <= bytes.length; ) {
    const size = recordSize(bytes, at, bytes.length, false);
    if (size > 0) {
      records.push([at, at + size]);
      at += size;
      continue;
    }
    const next = isRot(bytes, at) ? nextGood(bytes, at + RECORD_ALIGNMENT) : null;
    if (next === null) break;
    holes++;
    at = next;
  }
  return { records, holes };
}

function nextGood(bytes: Buffer, from: number): number | null {
  for (let at = from; at + HEAD_BYTES <= bytes.length; at += RECORD_ALIGNMENT) {
    if (recordSize(bytes, at, bytes.length, false) > 0) return at;
  }
  return null;
}

/** Whether a batch behind the hole was written when everything up to the hole was durable. */
function isRot(bytes: Buffer, hole: number): boolean {
  let at = nextGood(bytes, hole + RECORD_ALIGNMENT);
  while (at !== null) {
    if (isBatch(bytes, at) && decodeBatch(bytes, at).group > hole) return true;
    at = nextGood(bytes, at + recordSize(bytes, at, bytes.length, false));
  }
  return false;
}

/** A header in place of one that rotted: the name says the base, the first batch the events before it. */
function headerFrom(bytes: Buffer, base: number, records: readonly Range[]): Buffer | null {
  for (const [at] of records) {
    if (!isBatch(bytes, at)) continue;
    const { from, eventsBefore, timeMs } = decodeBatch(bytes, at);
    if (from !== base) return null;
    return encodeHeader({ baseOffset: base, baseEvent: eventsBefore, createdMs: timeMs, stream: null });
  }
  return null;
}
