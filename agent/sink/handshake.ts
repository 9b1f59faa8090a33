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
  if (has > log.endOffset) {
    return { kind: 'new-epoch', why: `the receiver has ${has} bytes, this log ends at ${log.endOffset}` };
  }
  if (has < epochStart.offset) {
    return {
      kind: 'new-epoch',
      why: `the receiver is at ${has}, before this epoch began at ${epochStart.offset}`,
    };
  }
  const at: Mark = { offset: has, events: epochStart.events + welcome.hasEvents };
  const fault = await compare(position, log, at, last);
  if (fault !== null) return { kind: 'new-epoch', why: fault };
  const remark =
    has < position.mark.offset ? `the receiver went back from ${position.mark.offset} to ${has}` : null;
  position.moveTo(at, last);
  return { kind: 'resume', remark };
}

/** Why the receiver's last batch is not ours, or null where it is or nobody can tell any more. */
async function compare(
  position: Position,
  log: EventLog,
  at: Mark,
  last: Welcome['last'],
): Promise<string | null> {
  const record = await log.batchEndingAt(at.offset);
  if (record === null) {
    if (at.offset > log.start.offset)
      return `no batch of this log ends at ${at.offset}, where the receiver is`;
    const own = position.state.last;
    const comparable = own !== null && last !== null && position.mark.offset === at.offset;
    return comparable && own.crc !== last.crc
      ? 'the last batch of the receiver is not the one it acknowledged'
      : null;
  }
  if (last !== null && (record.from !== last.from || record.crc !== last.crc)) {
    return `the last batch of the receiver, up to ${at.offset}, is not the one in this log`;
  }
  if (record.eventsBefore + record.events !== at.events) {
    return `the receiver counts ${at.events} events up to ${at.offset}, this log ${record.eventsBefore + record.events}`;
  }
  return null;
}
