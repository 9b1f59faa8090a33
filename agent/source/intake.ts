// What a greeted sender sends: batches and skips, checked and handed to the log, and what may be acknowledged of them.
//
// What waits for the log is bounded: the bytes of batches by windowBytes (credit), their number by windowBatches, and
// notes, which cost no credit, by NOTES_MAX. It knows nothing of the socket: whoever owns that is told when there is
// something to acknowledge.

import { countEvents, NEWLINE } from '../bytes.ts';
import type { EventLog } from '../log/log.ts';
import type { Progress, SourceState } from '../log/sources.ts';
import { encodeHeader, type FrameHeader, FrameType, protocolError, SKIP_REASONS } from '../wire/frame.ts';
import type { Hello } from '../wire/handshake.ts';
import type { Slabs } from '../wire/slabs.ts';
import type { Lane } from './lane.ts';
import type { ReceiveCounters } from './receive-counters.ts';

/** Skips and suppressed batches of one connection that the log has not settled. */
const NOTES_MAX = 1024;

export interface IntakeParts {
  readonly log: EventLog;
  readonly counters: ReceiveCounters;
  readonly slabs: Slabs;
  readonly windowBytes: number;
  readonly mode: Hello['mode'];
  readonly windowBatches: number;
  readonly lane: Lane;
  readonly source: SourceState;
  /** There is more to acknowledge than before. */
  readonly onSettled: () => void;
  /** The log did not take something: the sender keeps it and sends it again. */
  readonly onRefused: (error: unknown) => void;
}

export class Intake {
  readonly #parts: IntakeParts;
  /** Where the next batch must begin; on a sparse lane: if it is of this sequence. */
  #next: number;
  #sequence: number;
  #takenBytes = 0;
  #settledBytes = 0;
  #notes = 0;
  #batches = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#next = parts.source.position;
    this.#sequence = parts.source.sequence;
  }

  /** Resolves when nothing that was handed to the log is unsettled. */
  settled(): Promise<void> {
    return this.#parts.lane.settled();
  }

  /** The frame that says what is durable and how much more may come. */
  acknowledgement(): Buffer {
    const { position, sequence } = this.#parts.source;
    return encodeHeader({ type: FrameType.ack, to: position, sequence, credit: this.#credit });
  }

  /** @throws SpillwayError `protocol` where the sender breaks it. */
  takeBatch(header: FrameHeader, body: Buffer): void {
    const { counters, slabs, log, source } = this.#parts;
    const { from, to, bodyBytes, events, crc, sequence } = header;
    checkBatch(header, body);
    this.#useCredit(bodyBytes);
    const isKnown = this.#isKnown(header);
    if (isKnown) this.#useNote();
    else this.#useBatch();
    counters.read(events, bodyBytes);
    if (isKnown) {
      this.#suppress(header);
      slabs.giveBack(body);
      return;
    }
    this.#next = to;
    this.#sequence = sequence;
    const commit = log
      .append({ source, from, end: to, chunks: [body], bytes: bodyBytes, events, crc, sequence })
      .finally(() => {
        this.#batches--;
        slabs.giveBack(body);
      });
    this.#settle(header, commit);
  }

  /** @throws SpillwayError `protocol` where the sender breaks it. */
  takeSkip(header: FrameHeader): void {
    const { from, to, events } = header;
    if (this.#parts.mode === 'sparse')
      throw protocolError('skip-range', 'a skip on a lane of a cluster, where nothing needs to be skipped');
    if (to <= from) throw protocolError('skip-range', 'a skip is empty or runs backwards');
    if (to <= this.#next) {
      this.#parts.onSettled();
      return;
    }
    if (from !== this.#next)
      throw protocolError('gap', `a skip begins at ${from}, expected was ${this.#next}`);
    this.#useNote();
    const reason = SKIP_REASONS[header.flags] ?? 'unknown';
    this.#next = to;
    const progress = { outcome: 'skipped', reason, from, end: to, events, bytes: to - from } as const;
    this.#settle({ bodyBytes: 0, events: 0 }, this.#note(progress));
  }

  /** @throws SpillwayError `protocol` where something is missing before the batch. */
  #isKnown({ from, to, sequence }: FrameHeader): boolean {
    if (this.#parts.mode === 'sparse') {
      if (sequence > this.#sequence) return false;
      if (sequence === this.#sequence && from === this.#next) return false;
      const expected = `${this.#next} in sequence ${this.#sequence}, or a later one`;
      throw protocolError(
        'gap',
        `a batch begins at ${from} in sequence ${sequence}, expected was ${expected}`,
      );
    }
    if (from !== this.#next && to > this.#next)
      throw protocolError('gap', `a batch begins at ${from}, expected was ${this.#next}`);
    return to <= this.#next;
  }

  get #credit(): number {
    return this.#settledBytes + this.#parts.windowBytes;
  }

  /** What waits for the log is bounded by what was granted, whatever the sender makes of it. */
  #useCredit(bytes: number): void {
    this.#takenBytes += bytes;
    if (this.#takenBytes > this.#credit) {
      const message = `the sender sent ${this.#takenBytes} bytes, it was granted ${this.#credit}`;
      throw protocolError('credit', message);
    }
  }

  /** Batches of a few bytes cost memory that credit does not see. */
  #useBatch(): void {
    const { windowBatches } = this.#parts;
    if (this.#batches >= windowBatches)
      throw protocolError('credit', `${windowBatches} batches of the sender wait to be recorded`);
    this.#batches++;
  }

  #useNote(): void {
    if (this.#notes >= NOTES_MAX) {
      const message = `${NOTES_MAX} skips and repeated batches of the sender wait to be recorded`;
      throw protocolError('credit', message);
    }
    this.#notes++;
  }

  #suppress(header: FrameHeader): void {
    const { position } = this.#parts.source;
    const { events, bodyBytes } = header;
    const known = { outcome: 'suppressed', reason: 'had', from: position, end: position } as const;
    this.#settle(header, this.#note({ ...known, events, bytes: bodyBytes }));
  }

  #note(progress: Omit<Progress, 'timeMs'>): Promise<void> {
    return this.#parts.log.progress(this.#parts.source, progress).finally(() => {
      this.#notes--;
    });
  }

  #settle({ events, bodyBytes }: Pick<FrameHeader, 'events' | 'bodyBytes'>, commit: Promise<void>): void {
    const { lane, counters, onSettled, onRefused } = this.#parts;
    lane.begin();
    commit.then(
      () => {
        counters.settled(events, bodyBytes);
        this.#settledBytes += bodyBytes;
        lane.end();
        onSettled();
      },
      (error: unknown) => {
        counters.refused(events, bodyBytes);
        lane.end();
        onRefused(error);
      },
    );
  }
}

function checkBatch({ from, to, bodyBytes, events }: FrameHeader, body: Buffer): void {
  if (to - from !== bodyBytes || bodyBytes === 0)
    throw protocolError('batch-range', 'the range of a batch is not its size');
  if (body.at(-1) !== NEWLINE) throw protocolError('batch-torn', 'a batch does not end with a whole event');
  const counted = countEvents(body);
  if (counted !== events)
    throw protocolError('event-count', `a batch of ${counted} events says it has ${events}`);
}
