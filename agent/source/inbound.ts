// One connection from a sender: handshake, then batches into the log, acknowledgements and credit back.
//
// The socket is always read: a log that is full withholds credit, so that a full receiver is never mistaken for a
// dead one, and heartbeats say that it is full. What can be under way is therefore bounded by windowBytes, and notes,
// which need no credit, by NOTES_MAX. Anything malformed ends this one connection with a counted reason and leaves the
// log untouched.

import type { Socket } from 'node:net';
import { countEvents, NEWLINE } from '../bytes.ts';
import { SpillwayError } from '../errors.ts';
import type { EventLog } from '../log/log.ts';
import type { Progress, SourceState } from '../log/sources.ts';
import {
  BEAT_BLOCKED,
  encodeHeader,
  encodeMessage,
  type Frame,
  type FrameHeader,
  FrameParser,
  FrameType,
  protocolError,
  SKIP_REASONS,
} from '../wire/frame.ts';
import { type Hello, MESSAGE_BYTES_MAX, parseHello } from '../wire/handshake.ts';
import { Heartbeat } from '../wire/heartbeat.ts';
import type { Slabs } from '../wire/slabs.ts';
import { greet } from './greeting.ts';
import type { Lane, LaneHolder, Lanes } from './lane.ts';
import type { ReceiveCounters } from './receive-counters.ts';

export interface InboundOptions {
  readonly instance: string;
  readonly version: string;
  readonly windowBytes: number;
  readonly batchBytesMax: number;
  readonly handshakeTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly peerTimeoutMs: number;
}

interface Open {
  readonly lane: Lane;
  readonly source: SourceState;
  readonly hello: Hello;
  /** Where the next batch must begin. */
  next: number;
}

const LINGER_MS = 5000;
/** Skips and suppressed batches of one connection that the log has not settled. */
const NOTES_MAX = 1024;

export class Inbound implements LaneHolder {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #slabs: Slabs;
  readonly #log: EventLog;
  readonly #lanes: Lanes;
  readonly #options: InboundOptions;
  readonly #counters: ReceiveCounters;
  readonly #parser: FrameParser;
  readonly #done = Promise.withResolvers<{ reason: string; error: Error | null }>();
  #lane: Lane | null = null;
  #open: Open | null = null;
  #greeted = false;
  #closing = false;
  #takenBytes = 0;
  #settledBytes = 0;
  #notes = 0;
  #ackDue = false;
  readonly #heartbeat: Heartbeat;
  readonly #greetTimer: NodeJS.Timeout;

  constructor(
    socket: Socket,
    parts: { log: EventLog; lanes: Lanes; counters: ReceiveCounters; slabs: Slabs; options: InboundOptions },
  ) {
    this.#socket = socket;
    this.#log = parts.log;
    this.#lanes = parts.lanes;
    this.#counters = parts.counters;
    this.#slabs = parts.slabs;
    this.#options = parts.options;
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const { batchBytesMax, heartbeatMs, handshakeTimeoutMs, peerTimeoutMs } = parts.options;
    this.#parser = new FrameParser({
      messageBytesMax: MESSAGE_BYTES_MAX,
      batchBytesMax,
      bodyBuffer: (bytes) => this.#slabs.take(bytes),
    });
    socket.setNoDelay(true);
    socket.on('error', (error) => this.#end('socket-error', error));
    socket.on('close', () => this.#end('disconnected', null));
    this.#heartbeat = new Heartbeat({
      heartbeatMs,
      peerTimeoutMs,
      onQuiet: () => this.#beat(),
      onSilentPeer: () => this.#end(this.#greeted ? 'peer-timeout' : 'handshake-timeout', null),
    });
    this.#greetTimer = setTimeout(() => this.#end('handshake-timeout', null), handshakeTimeoutMs);
  }

  /** Settles, never rejects, when the connection is over: the reason is a word for a counter. */
  get closed(): Promise<{ reason: string; error: Error | null }> {
    return this.#done.promise;
  }

  get lane(): { readonly instance: string; readonly name: string } | null {
    return this.#open === null ? null : { instance: this.#open.hello.instance, name: this.#open.hello.lane };
  }

  own(lane: Lane): void {
    this.#lane = lane;
  }

  supersede(): void {
    this.#end('superseded', null);
  }

  /** Takes nothing more, acknowledges what is durable, says bye. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#open !== null) {
      await this.#open.lane.settled();
      this.#sendAck();
      this.#write(encodeHeader({ type: FrameType.bye }));
    }
    this.#socket.end(() => this.#end('stopped', null));
  }

  /** Bytes from the socket; they are used up when this returns. */
  take(chunk: Buffer): void {
    this.#heartbeat.heard();
    if (this.#closing) return;
    try {
      for (const frame of this.#parser.push(chunk)) {
        this.#take(frame);
        if (this.#closing) return;
      }
    } catch (error) {
      this.#reject(error);
    }
  }

  #take(frame: Frame): void {
    const { header } = frame;
    if (this.#open === null && header.type !== FrameType.beat) {
      if (header.type !== FrameType.hello || this.#greeted)
        throw protocolError('handshake', 'the peer sent data before the handshake was over');
      this.#greeted = true;
      this.#greet(parseHello(frame)).catch((error: unknown) => this.#reject(error));
      return;
    }
    switch (header.type) {
      case FrameType.batch:
        this.#takeBatch(header, frame.body);
        return;
      case FrameType.skip:
        this.#takeSkip(header);
        return;
      case FrameType.beat:
        return;
      case FrameType.bye:
        this.#end('bye', null);
        return;
      case FrameType.hello:
      case FrameType.welcome:
      case FrameType.refuse:
      case FrameType.ack:
        throw protocolError('unexpected-frame', `frame type ${header.type} is not for a receiver`);
      default:
        header.type satisfies never;
    }
  }

  /** The sender is told that we live while it waits: it may take long where the log is full. */
  async #greet(hello: Hello): Promise<void> {
    clearTimeout(this.#greetTimer);
    this.#beat();
    const greeting = await greet(hello, this, { log: this.#log, lanes: this.#lanes, options: this.#options });
    if (greeting === null || this.#closing) return;
    const { lane, source, welcome } = greeting;
    this.#open = { lane, source, hello, next: source.position };
    this.#write(encodeMessage(FrameType.welcome, welcome, this.#options.windowBytes));
  }

  #takeBatch(header: FrameHeader, body: Buffer): void {
    const open = this.#opened();
    const { from, to, bodyBytes, events } = header;
    if (to - from !== bodyBytes || bodyBytes === 0)
      throw protocolError('batch-range', 'the range of a batch is not its size');
    if (body.at(-1) !== NEWLINE) throw protocolError('batch-torn', 'a batch does not end with a whole event');
    const counted = countEvents(body);
    if (counted !== events)
      throw protocolError('event-count', `a batch of ${counted} events says it has ${events}`);
    this.#useCredit(bodyBytes);
    if (from !== open.next && to > open.next)
      throw protocolError('gap', `a batch begins at ${from}, expected was ${open.next}`);
    const isKnown = to <= open.next;
    if (isKnown) this.#useNote();
    this.#counters.read(events, bodyBytes);
    if (isKnown) {
      this.#suppress(open, header);
      this.#slabs.giveBack(body);
      return;
    }
    open.next = to;
    const commit = this.#log
      .append({
        source: open.source,
        from,
        end: to,
        chunks: [body],
        bytes: bodyBytes,
        events,
        crc: header.crc,
        sequence: header.sequence,
      })
      .finally(() => this.#slabs.giveBack(body));
    this.#settle(open.lane, header, commit);
  }

  /** What waits for the log is bounded by what was granted, whatever the sender makes of it. */
  #useCredit(bytes: number): void {
    this.#takenBytes += bytes;
    const credit = this.#settledBytes + this.#options.windowBytes;
    if (this.#takenBytes > credit)
      throw protocolError('credit', `the sender sent ${this.#takenBytes} bytes, it was granted ${credit}`);
  }

  #useNote(): void {
    if (this.#notes >= NOTES_MAX)
      throw protocolError(
        'credit',
        `${NOTES_MAX} skips and repeated batches of the sender wait to be recorded`,
      );
    this.#notes++;
  }

  #takeSkip(header: FrameHeader): void {
    const open = this.#opened();
    const { from, to, events } = header;
    if (to <= from) throw protocolError('skip-range', 'a skip is empty or runs backwards');
    if (to <= open.next) {
      this.#ackSoon();
      return;
    }
    if (from !== open.next) throw protocolError('gap', `a skip begins at ${from}, expected was ${open.next}`);
    this.#useNote();
    const reason = SKIP_REASONS[header.flags] ?? 'unknown';
    open.next = to;
    const progress = { outcome: 'skipped', reason, from, end: to, events, bytes: to - from } as const;
    this.#settle(open.lane, { ...header, bodyBytes: 0, events: 0 }, this.#note(open, progress));
  }

  #suppress(open: Open, header: FrameHeader): void {
    const { position } = open.source;
    const { events, bodyBytes } = header;
    const progress = {
      outcome: 'suppressed',
      reason: 'had',
      from: position,
      end: position,
      events,
      bytes: bodyBytes,
    } as const;
    this.#settle(open.lane, header, this.#note(open, progress));
  }

  #note({ source }: Open, progress: Omit<Progress, 'timeMs'>): Promise<void> {
    return this.#log.progress(source, progress).finally(() => {
      this.#notes--;
    });
  }

  #settle(lane: Lane, { events, bodyBytes }: FrameHeader, commit: Promise<void>): void {
    lane.begin();
    commit.then(
      () => {
        this.#counters.settled(events, bodyBytes);
        this.#settledBytes += bodyBytes;
        lane.end();
        this.#ackSoon();
      },
      (error: unknown) => {
        // the bytes are not in the log: the sender keeps them and sends them again
        this.#counters.refused(events, bodyBytes);
        lane.end();
        this.#reject(error);
      },
    );
  }

  #opened(): Open {
    if (this.#open === null)
      throw protocolError('handshake', 'the peer sent data before the handshake was over');
    return this.#open;
  }

  /** One acknowledgement for all that one commit settled. */
  #ackSoon(): void {
    if (this.#ackDue) return;
    this.#ackDue = true;
    queueMicrotask(() => {
      this.#ackDue = false;
      this.#sendAck();
    });
  }

  #sendAck(): void {
    if (this.#open === null) return;
    const { position, sequence } = this.#open.source;
    const credit = this.#settledBytes + this.#options.windowBytes;
    this.#write(encodeHeader({ type: FrameType.ack, to: position, sequence, credit }));
  }

  #beat(): void {
    if (!this.#greeted) return;
    const flags = this.#log.facts().state === 'ok' ? 0 : BEAT_BLOCKED;
    this.#write(encodeHeader({ type: FrameType.beat, flags }));
  }

  /** A peer that reads no acknowledgements gets no more of them: the next one says all that those would have said. */
  #write(bytes: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableLength > MESSAGE_BYTES_MAX) return;
    this.#heartbeat.said();
    this.#socket.write(bytes);
  }

  #reject(error: unknown): void {
    const known = error instanceof SpillwayError ? error : null;
    const reason = known === null ? 'internal' : String(known.data['reason'] ?? known.code);
    if (known !== null && !this.#closing && this.#greeted) {
      const message = known.message.slice(0, 1024);
      const { session } = known.data;
      this.#socket.write(encodeMessage(FrameType.refuse, { code: reason, message, session }));
    }
    this.#end(reason, error instanceof Error ? error : new Error(String(error)));
  }

  #end(reason: string, error: Error | null): void {
    this.#closing = true;
    this.#heartbeat.stop();
    clearTimeout(this.#greetTimer);
    this.#lane?.release(this);
    this.#done.resolve({ reason, error });
    this.#socket.destroySoon();
    // a peer that reads nothing must not keep the socket
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }
}
