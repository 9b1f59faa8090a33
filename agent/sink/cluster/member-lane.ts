// The lane of one member of a cluster: greeted with a session that was written down before, and settled by the
// member's answer before it is sent anything more. The same for all connections to it.

import { SpillwayError } from '../../errors.ts';
import type { EventLog } from '../../log/log.ts';
import type { Counts } from '../../log/sources.ts';
import type { FrameHeader } from '../../wire/frame.ts';
import { type Hello, PROTOCOL, PROTOCOL_MIN, type Welcome } from '../../wire/handshake.ts';
import type { Place, Sent } from '../inflight.ts';
import type { Channel, LaneSender, OutboundLane } from '../lane.ts';
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
  readonly expected: () => string | null;
  /** Waits for what this side's own disk does: the member is not to be blamed for it. */
  readonly aside: <T>(work: Promise<T>) => Promise<T>;
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
  /** Written down and said to nobody yet: an attempt that does not come so far leaves it to the next one. */
  #session: number | null = null;

  constructor(parts: MemberLaneParts) {
    this.#parts = parts;
  }

  async ready(): Promise<void> {
    if (this.#session !== null) return;
    const { book, member, aside } = this.#parts;
    const session = book.position.nextSession();
    // a lane that begins with it is written down with it
    book.ledger.lane(member);
    await aside(book.commit());
    this.#session = session;
  }

  hello(): Hello {
    const { book, log, destination, member, instance, version } = this.#parts;
    const { position, ledger } = book;
    const session = this.#session;
    if (session === null) throw new Error('a greeting whose session was not written down');
    this.#session = null;
    const { epoch } = ledger.lane(member);
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

  async resume(welcome: Welcome): Promise<string | null> {
    const { member, expected, aside } = this.#parts;
    const { instance } = welcome;
    const known = expected();
    if (known !== null && instance !== known) {
      const message = `where member ${member} was last known to be is instance ${instance}`;
      throw new SpillwayError('refused', message, { retryable: true });
    }
    await aside(this.#settle(welcome));
    return null;
  }

  async #settle({ has, hasEvents, last, sequence = 0 }: Welcome): Promise<void> {
    const { book, log, member, onLost } = this.#parts;
    const place = { sequence, offset: has ?? 0, events: hasEvents, crc: last?.crc ?? null };
    const record = sequence === 0 ? null : await log.batchEndingAt(place.offset);
    const eventsBefore = record === null ? null : record.eventsBefore + record.events;
    const settlement = book.ledger.settle(member, place, eventsBefore);
    await book.commit();
    if (settlement.kind === 'settled') return;
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
