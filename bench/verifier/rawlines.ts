// Judges replayed lines that did not arrive byte for byte in order. They carry no identity, so lines are counted
// by content: of every distinct line, sent - found are lost, found - sent are copies. Counts are exact. Ranges are
// line numbers of the replay; which one of several equal lines is missing cannot be known, so they are sought in
// the damaged part only: what lies between the longest common beginning and the longest common end. Disorder is
// told only when nothing is missing and nothing too much. Needs 4 bytes a line, sent and received, in memory.

import type { RawPayload } from '../generator/raw.ts';
import { readLines } from './chunks.ts';
import type { EventFile } from './eventfile.ts';
import type { EvidenceList } from './evidence.ts';
import type { Expectation } from './expectation.ts';
import { Ranges } from './ranges.ts';
import { countSent, ReceivedLines, type SentLines } from './rawcounts.ts';

export interface RawVerdict {
  readonly delivered: number;
  readonly deliveredBytes: number;
  readonly lost: Ranges;
  readonly duplicated: Ranges;
  readonly reordered: Ranges;
  readonly torn: EvidenceList;
  readonly foreign: EvidenceList;
}

export async function judgeRawLines(
  of: Expectation,
  payload: RawPayload,
  files: readonly EventFile[],
): Promise<RawVerdict> {
  const sent = countSent(payload, of.expected);
  const received = new ReceivedLines(sent);
  for (const { path, from } of files) await readLines(path, from, received.beginFile(path));
  const damage = damagedPart(sent, received.slots);
  const lost = lostLines(of, sent, damage);
  const duplicated = copiedLines(of, sent, received.slots, damage);
  const whole = lost.events + duplicated.events + received.unknown === 0;
  const reordered = whole ? displacedLines(of, sent, received.slots, damage) : new Ranges();
  const { delivered, deliveredBytes } = received.delivered();
  return {
    delivered,
    deliveredBytes,
    lost,
    duplicated,
    reordered,
    ...received.unknownLines(lost.events > 0),
  };
}

/** What is left of both sides without the longest common beginning and the longest common end. */
interface Damage {
  readonly from: number;
  readonly sentEnd: number;
  readonly receivedEnd: number;
}

function damagedPart(sent: SentLines, received: Int32Array): Damage {
  const shorter = Math.min(sent.lines, received.length);
  let from = 0;
  while (from < shorter && received[from] === sent.slotOf(from)) from++;
  let tail = 0;
  while (
    tail < shorter - from &&
    received[received.length - 1 - tail] === sent.slotOf(sent.lines - 1 - tail)
  ) {
    tail++;
  }
  return { from, sentEnd: sent.lines - tail, receivedEnd: received.length - tail };
}

function lostLines(of: Expectation, sent: SentLines, { from, sentEnd }: Damage): Ranges {
  const ranges = new Ranges();
  const { counts } = sent;
  const missing = counts.sent.map((count, slot) => Math.max(0, count - (counts.found[slot] ?? 0)));
  for (let n = from; n < sentEnd; n++) {
    const slot = sent.slotOf(n);
    if ((missing[slot] ?? 0) === 0) continue;
    missing[slot] = (missing[slot] ?? 0) - 1;
    ranges.add(of, n, n + 1);
  }
  return ranges;
}

/** A copy is named by the number of an equal line: the one after the copy before, else the first one. */
function copiedLines(
  of: Expectation,
  sent: SentLines,
  received: Int32Array,
  { from, receivedEnd }: Damage,
): Ranges {
  const ranges = new Ranges();
  const { counts } = sent;
  const surplus = counts.found.map((count, slot) => Math.max(0, count - (counts.sent[slot] ?? 0)));
  let line = -1;
  for (let i = from; i < receivedEnd; i++) {
    const slot = received[i] ?? UNKNOWN;
    if (slot === UNKNOWN || (surplus[slot] ?? 0) === 0) continue;
    surplus[slot] = (surplus[slot] ?? 0) - 1;
    const follows = line >= 0 && line + 1 < sent.lines && sent.slotOf(line + 1) === slot;
    line = follows ? line + 1 : (counts.first[slot] ?? 0);
    ranges.add(of, line, line + 1);
  }
  return ranges;
}

/** Lines that arrived after a later one, in a damaged part that holds the same lines on both sides. */
function displacedLines(
  of: Expectation,
  sent: SentLines,
  received: Int32Array,
  { from, sentEnd, receivedEnd }: Damage,
): Ranges {
  const ranges = new Ranges();
  const firstOf = new Map<number, number>();
  const nextOf = new Float64Array(sentEnd - from);
  for (let n = sentEnd - 1; n >= from; n--) {
    const slot = sent.slotOf(n);
    nextOf[n - from] = firstOf.get(slot) ?? NONE;
    firstOf.set(slot, n);
  }
  let highest = NONE;
  for (let i = from; i < receivedEnd; i++) {
    const slot = received[i] ?? UNKNOWN;
    const line = firstOf.get(slot) ?? NONE;
    firstOf.set(slot, nextOf[line - from] ?? NONE);
    if (line < highest) ranges.add(of, line, line + 1);
    else highest = line;
  }
  return ranges;
}

const NONE = -1;
const UNKNOWN = -1;
