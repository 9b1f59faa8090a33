// The lane of one member of a cluster: greeted with a session that was written down before, and settled by the
// member's answer before it is sent anything more.

import { SpillwayError } from '../../errors.ts';
import type { EventLog } from '../../log/log.ts';
import type { Counts } from '../../log/sources.ts';
import type { FrameHeader } from '../../wire/frame.ts';
import { type Hello, PROTOCOL, PROTOCOL_MIN, type Welcome } from '../../wire/handshake.ts';
import type { Place, Sent } from '../inflight.ts';
import type { Channel, LaneSender, OutboundLane } from '../outbound.ts';
import type { Book } from './book.ts';
import type { LaneLoss } from './lane.ts';

export interface MemberLaneParts {
  readonly log: EventLog;
  readonly book: Book;
  readonly destination: string;
  readonly member: string;
  readonly instance: string;
  readonly version: string;
  /** The instance that must be there; null: whoever is. */
  readonly expected: string | null;
  readonly onSending: (channel: Channel) => void;
  readonly onAcknowledged: (done: Counts) => void;
  /** The member came back without what it had acknowledged. */
  readonly onLost: (lost: LaneLoss) => void;
  readonly newSender: (member: string, channel: Channel) => LaneSender;
}

/** A destination's epochs and those of its lanes in one number. */
const LANE_EPOCHS = 2 ** 24;

export class MemberLane implements OutboundLane {
  readonly #parts: MemberLaneParts;

  constructor(parts: MemberLaneParts) {
    this.#parts = parts;
  }

  async hello(): Promise<Hello> {
    const { book, log, destination, member, instance, version } = this.#parts;
    const { position, ledger } = book;
    const session = position.nextSession();
    const { epoch } = ledger.lane(member);
    await book.commit();
    return {
      protocol: PROTOCOL,
      protocolMin: PROTOCOL_MIN,
      stream: log.stream,
      lane: `${destination}@${member}`,
      epoch: position.state.epoch * LANE_EPOCHS + epoch,
      session,
      start: 0,
      end: log.endOffset,
      mode: 'sparse',
      instance,
      version,
    };
  }

  async resume({ instance, has, hasEvents, last, sequence = 0 }: Welcome): Promise<string | null> {
    const { book, log, member, expected, onLost } = this.#parts;
    if (expected !== null && instance !== expected) {
      const message = `where member ${member} was last known to be is instance ${instance}`;
      throw new SpillwayError('refused', message, { retryable: true });
    }
    const place = { sequence, offset: has ?? 0, events: hasEvents, crc: last?.crc ?? null };
    const record = sequence === 0 ? null : await log.batchEndingAt(place.offset);
    const eventsBefore = record === null ? null : record.eventsBefore + record.events;
    const settlement = book.ledger.settle(member, place, eventsBefore);
    await book.commit();
    if (settlement.kind === 'settled') return null;
    if (settlement.lost !== null) onLost(settlement.lost);
    throw new SpillwayError('protocol', `began the lane of ${member} anew: ${settlement.why}`, {
      retryable: true,
      data: { reason: 'new-epoch' },
    });
  }

  raiseSession(session: number): void {
    this.#parts.book.position.raiseSession(session);
  }

  sender(channel: Channel): LaneSender {
    const { member, onSending, newSender } = this.#parts;
    onSending(channel);
    return newSender(member, channel);
  }

  placeOf({ sequence, to }: FrameHeader): Place {
    return { sequence, offset: to };
  }

  get reached(): Place {
    return this.#parts.book.ledger.lane(this.#parts.member).reached;
  }

  acknowledge(sent: Sent): void {
    const { book, member, onAcknowledged } = this.#parts;
    onAcknowledged(book.ledger.acknowledge(member, sent));
  }
}
