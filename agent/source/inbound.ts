// One connection from a sender: handshake, then batches into the log, acknowledgements and credit back.
//
// The socket is always read: a log that is full withholds credit, so that a full receiver is never mistaken for a
// dead one, and heartbeats say that it is full. What may be under way is bounded in intake.ts. Anything malformed ends
// this one connection with a counted reason and leaves the log untouched.

import type { Socket } from 'node:net';
import { SpillwayError } from '../errors.ts';
import type { EventLog } from '../log/log.ts';
import {
  BEAT_BLOCKED,
  encodeHeader,
  encodeMessage,
  type Frame,
  FrameParser,
  FrameType,
  protocolError,
} from '../wire/frame.ts';
import { type Hello, MESSAGE_BYTES_MAX, type Welcome } from '../wire/handshake.ts';
import { Heartbeat } from '../wire/heartbeat.ts';
import { unpack } from '../wire/packing.ts';
import type { Slabs } from '../wire/slabs.ts';
import { type Authenticated, Authentication, tooEarly } from './authentication.ts';
import { greet } from './greeting.ts';
import { Intake } from './intake.ts';
import type { Lane, LaneHolder } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { ReceiveCounters } from './receive-counters.ts';
import { peerOf } from './server.ts';

export interface InboundOptions {
  readonly instance: string;
  readonly version: string;
  readonly windowBytes: number;
  readonly windowBatches: number;
  readonly batchBytesMax: number;
  readonly handshakeTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly peerTimeoutMs: number;
}

export interface InboundParts {
  readonly log: EventLog;
  readonly lanes: Lanes;
  readonly counters: ReceiveCounters;
  readonly slabs: Slabs;
  readonly options: InboundOptions;
  /** What senders must prove to have; null: nothing. */
  readonly token: Buffer | null;
  /** Asked once it is known who it is; false: there are too many. */
  readonly admit: () => boolean;
}

interface Open {
  readonly hello: Hello;
  readonly intake: Intake;
}

const LINGER_MS = 5000;

export class Inbound implements LaneHolder {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #slabs: Slabs;
  readonly #log: EventLog;
  readonly #lanes: Lanes;
  readonly #options: InboundOptions;
  readonly #counters: ReceiveCounters;
  readonly #parser: FrameParser;
  readonly #authentication: Authentication;
  readonly #admit: () => boolean;
  readonly #done = Promise.withResolvers<{ reason: string; error: Error | null }>();
  #lane: Lane | null = null;
  #open: Open | null = null;
  /** It has said hello in so many words: it may be answered in ours. */
  #greeted = false;
  #welcoming = false;
  #closing = false;
  #ended = false;
  #ackDue = false;
  readonly #heartbeat: Heartbeat;
  readonly #greetTimer: NodeJS.Timeout;

  constructor(socket: Socket, parts: InboundParts) {
    this.#socket = socket;
    this.#authentication = new Authentication(parts.token);
    this.#admit = parts.admit;
    this.#log = parts.log;
    this.#lanes = parts.lanes;
    this.#counters = parts.counters;
    this.#slabs = parts.slabs;
    this.#options = parts.options;
    this.peer = peerOf(socket);
    const { batchBytesMax, heartbeatMs, handshakeTimeoutMs, peerTimeoutMs } = parts.options;
    this.#parser = new FrameParser({
      messageBytesMax: MESSAGE_BYTES_MAX,
      batchBytesMax,
      // a stranger gets no memory for what it announces
      onHeader: (type) => {
        if (type === FrameType.batch && this.#open === null) throw tooEarly();
      },
      bodyBuffer: (bytes) => this.#slabs.take(bytes),
      unpack: (body, plainBytes) => this.#unpack(body, plainBytes),
    });
    socket.setNoDelay(true);
    socket.on('error', (error) => this.#end('socket-error', error));
    socket.on('close', () => this.#end('disconnected', null));
    this.#heartbeat = new Heartbeat({
      heartbeatMs,
      peerTimeoutMs,
      onQuiet: () => this.#beat(),
      onSilentPeer: () => this.#end(this.#welcoming ? 'peer-timeout' : 'handshake-timeout', null),
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

  /** Its place goes to somebody who came later: it has not said yet who it is. */
  evict(): void {
    this.#end('too-many-handshakes', null);
  }

  supersede(): void {
    this.#end('superseded', null);
  }

  /** Takes nothing more, acknowledges what is durable, says bye. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#open !== null) {
      await this.#open.intake.settled();
      this.#sendAck();
      this.#write(encodeHeader({ type: FrameType.bye }));
    }
    this.#socket.end(() => this.#end('stopped', null));
    // a peer that reads nothing gets no bye
    setTimeout(() => this.#end('stopped', null), LINGER_MS).unref();
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
    if (this.#open === null) this.#takeEarly(frame);
    else this.#takeGreeted(frame, this.#open.intake);
  }

  /** Before the welcome: a hello, and signs of life. */
  #takeEarly(frame: Frame): void {
    const { type } = frame.header;
    if (type === FrameType.beat) return;
    if (this.#welcoming) throw tooEarly();
    // a hello is answered, whatever is wrong with it
    if (type === FrameType.hello) this.#greeted = true;
    const authenticated = this.#authentication.take(frame);
    if ('ask' in authenticated) {
      this.#write(authenticated.ask);
      return;
    }
    if (!this.#admit()) {
      const data = { reason: 'too-many-connections' };
      throw new SpillwayError('refused', 'connectionsMax senders are connected already', { data });
    }
    this.#welcoming = true;
    this.#greet(authenticated).catch((error: unknown) => this.#reject(error));
  }

  #takeGreeted({ header, body }: Frame, intake: Intake): void {
    switch (header.type) {
      case FrameType.batch:
        intake.takeBatch(header, body);
        return;
      case FrameType.skip:
        intake.takeSkip(header);
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
      case FrameType.challenge:
      case FrameType.proof:
        throw protocolError('unexpected-frame', `frame type ${header.type} is not for a receiver`);
      default:
        header.type satisfies never;
    }
  }

  /** The sender is told that we live while it waits: it may take long where the log is full. */
  async #greet({ hello, proof }: Authenticated): Promise<void> {
    clearTimeout(this.#greetTimer);
    this.#beat();
    const greeting = await greet(hello, this, { log: this.#log, lanes: this.#lanes, options: this.#options });
    if (greeting === null || this.#closing) return;
    const { lane, source, welcome } = greeting;
    const intake = new Intake({
      log: this.#log,
      counters: this.#counters,
      slabs: this.#slabs,
      windowBytes: this.#options.windowBytes,
      mode: hello.mode,
      windowBatches: this.#options.windowBatches,
      lane,
      source,
      onSettled: () => this.#ackSoon(),
      onRefused: (error) => this.#reject(error),
    });
    this.#open = { hello, intake };
    const compression = hello.compression?.includes('zstd') ? ('zstd' as const) : undefined;
    const message: Welcome = { ...welcome, proof, compression };
    this.#write(encodeMessage(FrameType.welcome, message, this.#options.windowBytes));
  }

  #unpack(body: Buffer, plainBytes: number): Buffer {
    if (!this.#open?.hello.compression?.includes('zstd'))
      throw protocolError('compression', 'a batch is compressed, which was not agreed');
    return unpack(body, plainBytes);
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
    if (this.#open !== null) this.#write(this.#open.intake.acknowledgement());
  }

  #beat(): void {
    if (!this.#welcoming) return;
    const flags = this.#log.facts().state === 'ok' ? 0 : BEAT_BLOCKED;
    this.#write(encodeHeader({ type: FrameType.beat, flags }));
  }

  /** A peer that reads no acknowledgements gets no more of them: the next one says all that those would have said. */
  #write(bytes: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableLength > MESSAGE_BYTES_MAX) return;
    this.#heartbeat.said();
    this.#socket.write(bytes);
  }

  /** A log that fails refuses every batch that waits for it: the first of them ends the connection. */
  #reject(error: unknown): void {
    if (this.#ended) return;
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
    if (this.#ended) return;
    this.#ended = true;
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
