// The sender's half of the handshake: what it says of itself, and where it goes on by what the receiver answers.

import type { EventLog } from '../log/log.ts';
import type { Mark } from '../log/marks.ts';
import type { Hello, Welcome } from '../wire/handshake.ts';
import { PROTOCOL, PROTOCOL_MIN } from '../wire/handshake.ts';
import type { Position } from './position.ts';

export function helloOf(
  position: Position,
  log: EventLog,
  self: { lane: string; instance: string; version: string },
): Hello {
  const { epoch, epochStart } = position.state;
  return {
    protocol: PROTOCOL,
    protocolMin: PROTOCOL_MIN,
    stream: log.stream,
    epoch,
    session: position.nextSession(),
    start: epochStart.offset,
    end: log.endOffset,
    mode: 'contiguous',
    ...self,
  };
}

export type Resumption =
  /** Go on from the position, which now is where the receiver is. */
  | { readonly kind: 'resume'; readonly remark: string | null }
  /** It has what this log went back behind, and what its senders are about to bring again: greet it again later. */
  | { readonly kind: 'wait'; readonly why: string }
  /** The receiver's history is not ours: greet again under a new epoch. */
  | { readonly kind: 'new-epoch'; readonly why: string };

/** Moves the position to where the receiver is, or says why its history cannot be ours. */
export async function resume(position: Position, log: EventLog, welcome: Welcome): Promise<Resumption> {
  const { state } = position;
  const { epochStart } = state;
  if (welcome.has === null || welcome.has === epochStart.offset) {
    const lost = position.mark.offset > epochStart.offset;
    if (lost) position.startOver();
    return { kind: 'resume', remark: lost ? 'the receiver has nothing of what it had acknowledged' : null };
  }
  const { has, last } = welcome;
  if (log.awaits(has)) return { kind: 'wait', why: `the receiver is ahead at ${has}` };
  const { wentBack } = log;
  if (wentBack !== null && has > wentBack.from.offset && position.mark.offset < wentBack.from.offset) {
    // it has what lies before that: should its history part from ours now, then there
    position.moveTo(wentBack.from, null);
  }
  if (has > log.endOffset) {
    return { kind: 'new-epoch', why: `the receiver has ${has} bytes, this log ends at ${log.endOffset}` };
  }
  if (has < epochStart.offset) {
    return {
      kind: 'new-epoch',
      why: `the receiver is at ${has}, before this epoch began at ${epochStart.offset}`,
    };
  }
  const place = await whereIs(position, log, welcome, has);
  if ('fault' in place) return { kind: 'new-epoch', why: place.fault };
  const remark =
    has < position.mark.offset ? `the receiver went back from ${position.mark.offset} to ${has}` : null;
  position.moveTo(place.at, last);
  return { kind: 'resume', remark };
}

/** The events before `has`, where the receiver's history is this log's; else why it cannot be. */
async function whereIs(
  position: Position,
  log: EventLog,
  { last, hasEvents }: Welcome,
  has: number,
): Promise<{ readonly at: Mark } | { readonly fault: string }> {
  const record = await log.batchEndingAt(has);
  if (record !== null) {
    if (last === null || (record.from === last.from && record.crc === last.crc)) {
      return { at: { offset: has, events: record.eventsBefore + record.events } };
    }
    return { fault: `the last batch of the receiver, up to ${has}, is not the one in this log` };
  }
  const { mark, state } = position;
  if (mark.offset === has) {
    const differs = state.last !== null && last !== null && state.last.crc !== last.crc;
    return differs
      ? { fault: 'the last batch of the receiver is not the one it acknowledged' }
      : { at: mark };
  }
  const known = state.gaps.find(({ to }) => to.offset === has)?.to ?? (await log.markAtLeast(has));
  if (last === null && known.offset === has) return { at: known };
  if (has > log.start.offset) return { fault: `no batch of this log ends at ${has}, where the receiver is` };
  // what lay there is deleted: only the receiver still knows how many events it was
  const events = Math.min(state.epochStart.events + hasEvents, log.start.events);
  return { at: { offset: has, events } };
}
