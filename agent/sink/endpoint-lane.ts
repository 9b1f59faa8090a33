// The lane of a destination with one endpoint: the whole log in its order, from where the receiver is.

import { SpillwayError } from '../errors.ts';
import type { EventLog } from '../log/log.ts';
import type { Mark } from '../log/marks.ts';
import type { Hello, Welcome } from '../wire/handshake.ts';
import { helloOf, resume } from './handshake.ts';
import type { Place, Sent } from './inflight.ts';
import type { Channel, OutboundLane } from './lane.ts';
import type { Position } from './position.ts';
import { Sender } from './sender.ts';

interface Parts {
  readonly log: EventLog;
  readonly position: Position;
  readonly self: { readonly lane: string; readonly instance: string; readonly version: string };
  /** Told how to ask where sending is. */
  readonly onSending: (sentTo: () => Mark) => void;
}

export class EndpointLane implements OutboundLane {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async ready(): Promise<void> {
    // its session need not be written down: what is lost of it the clock makes up for
  }

  hello(): Hello {
    const { position, log, self } = this.#parts;
    return helloOf(position, log, self);
  }

  async resume(welcome: Welcome): Promise<string | null> {
    const { position, log } = this.#parts;
    const resumption = await resume(position, log, welcome);
    if (resumption.kind === 'resume') return resumption.remark;
    if (resumption.kind === 'wait') {
      const message = `waits until senders have brought again what the log lost: ${resumption.why}`;
      throw new SpillwayError('protocol', message, { retryable: true, data: { reason: 'ahead' } });
    }
    position.beginEpoch();
    throw new SpillwayError('protocol', `began epoch ${position.state.epoch}: ${resumption.why}`, {
      retryable: true,
      data: { reason: 'new-epoch' },
    });
  }

  raiseSession(session: number): void {
    this.#parts.position.raiseSession(session);
  }

  sender(channel: Channel): Sender {
    const { log, position, onSending } = this.#parts;
    const sender = new Sender({ ...channel, log, position });
    onSending(() => sender.sentTo);
    return sender;
  }

  /** Its batches follow each other in the log: their offsets say all, whatever the sequence. */
  placeOf({ to }: { readonly to: number }): Place {
    return { sequence: 0, offset: to };
  }

  get reached(): Place {
    return { sequence: 0, offset: this.#parts.position.mark.offset };
  }

  acknowledge(sent: Sent): void {
    this.#parts.position.acknowledge(sent);
  }
}
