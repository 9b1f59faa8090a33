// One connection to a receiver: greets, lets the sender send, takes acknowledgements, watches that the peer lives.

import type net from 'node:net';
import { type Address, formatAddress } from '../config/address.ts';
import { fromSystemError, SpillwayError } from '../errors.ts';
import type { EventLog } from '../log/log.ts';
import type { Mark } from '../log/marks.ts';
import {
  BEAT_BLOCKED,
  encodeHeader,
  encodeMessage,
  type Frame,
  type FrameHeader,
  FrameParser,
  FrameType,
  protocolError,
} from '../wire/frame.ts';
import { MESSAGE_BYTES_MAX, parseRefusal, parseWelcome, type Welcome } from '../wire/handshake.ts';
import { Heartbeat } from '../wire/heartbeat.ts';
import { dial } from './dial.ts';
import { helloOf, resume } from './handshake.ts';
import { InFlight } from './inflight.ts';
import type { Position } from './position.ts';
import { Sender } from './sender.ts';

export interface OutboundOptions {
  readonly name: string;
  readonly instance: string;
  readonly version: string;
  readonly batchBytesMax: number;
  readonly inflightBytesMax: number;
  readonly connectTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly peerTimeoutMs: number;
}

interface Parts {
  readonly log: EventLog;
  readonly position: Position;
  readonly options: OutboundOptions;
  /** The instance that must be there; null: whoever is. A remembered address may belong to somebody else by now. */
  readonly expected: string | null;
}

export interface Greeted {
  readonly outbound: Outbound;
  /** Worth a warning: the receiver is not where it was. */
  readonly remark: string | null;
  /** The id the receiver gave itself. */
  readonly peer: string;
}

const LINGER_MS = 1000;

export class Outbound {
  readonly #socket: net.Socket;
  readonly #where: string;
  readonly #parts: Parts;
  readonly #parser = new FrameParser({ messageBytesMax: MESSAGE_BYTES_MAX, batchBytesMax: 0 });
  readonly #inflight: InFlight;
  readonly #heartbeat: Heartbeat;
  readonly #welcome = Promise.withResolvers<Welcome>();
  #wake: PromiseWithResolvers<void> | null = null;
  #failure: SpillwayError | null = null;
  #greetTimer: NodeJS.Timeout | null = null;
  #ended = false;
  #stopping = false;
  #saidBye = false;
  #peerBlocked = false;
  /** Of the receiver. */
  #batchBytesMax = 0;

  private constructor(socket: net.Socket, where: string, parts: Parts) {
    this.#socket = socket;
    this.#where = where;
    this.#parts = parts;
    const { inflightBytesMax, heartbeatMs, peerTimeoutMs } = parts.options;
    this.#inflight = new InFlight(inflightBytesMax);
    this.#heartbeat = new Heartbeat({
      heartbeatMs,
      peerTimeoutMs,
      onQuiet: () => this.#beat(),
      onSilentPeer: () => this.#fail('timeout', `was silent for ${peerTimeoutMs} ms`),
      onLook: (now) => this.#checkAcks(now),
    });
    // the welcome may never be waited for
    this.#welcome.promise.catch(() => undefined);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (cause) =>
      this.#end(fromSystemError(`lost the connection to ${where}`, cause, { code: 'unreachable' })),
    );
    socket.on('close', () => this.#fail('unreachable', 'closed the connection'));
  }

  /** Connects and greets. @throws SpillwayError `unreachable`, `refused`, `protocol`, `timeout`, `closed`. */
  static async connect(address: Address, parts: Parts & { readonly signal: AbortSignal }): Promise<Greeted> {
    const { signal } = parts;
    const { connectTimeoutMs } = parts.options;
    const socket = await dial(address, connectTimeoutMs, signal);
    const outbound = new Outbound(socket, formatAddress(address), parts);
    outbound.#greetTimer = setTimeout(
      () => outbound.#fail('timeout', 'does not answer the handshake'),
      connectTimeoutMs,
    );
    const abort = () => outbound.#end(new SpillwayError('closed', 'stopped while connecting'));
    signal.addEventListener('abort', abort);
    try {
      return { outbound, ...(await outbound.#greet()) };
    } catch (error) {
      outbound.#end(asSpillwayError(error));
      throw error;
    } finally {
      outbound.#stopGreeting();
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Sends until the connection ends; @throws what ended it. Returns after `stop` or `cut`.
   * @param onSending told how to ask where sending is, and null when it is over.
   */
  async run(onSending: (sentTo: (() => Mark) | null) => void): Promise<void> {
    const { log, position, options } = this.#parts;
    const unsubscribe = log.onCommit(() => this.#poke());
    try {
      await using sender = new Sender({
        socket: this.#socket,
        log,
        inflight: this.#inflight,
        position,
        batchBytesMax: this.#batchBytesMax,
        readBytesMax: options.batchBytesMax,
        onFree: () => this.#poke(),
      });
      onSending(() => sender.sentTo);
      while (!this.#ended) {
        const moved = await sender.step();
        if (moved) this.#heartbeat.said();
        else if (this.#stopping && sender.done && this.#inflight.empty) this.#bye();
        else if (!this.#ended) await this.#sleep();
      }
    } catch (error) {
      this.#end(asSpillwayError(error));
    } finally {
      onSending(null);
      unsubscribe();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Sends what the log holds, waits for its acknowledgements, then says bye. */
  stop(): void {
    this.#stopping = true;
    this.#poke();
  }

  /** Ends at once. */
  cut(): void {
    this.#end(null);
  }

  async #greet(): Promise<{ remark: string | null; peer: string }> {
    const { log, position, options, expected } = this.#parts;
    const { name: lane, instance, version } = options;
    this.#socket.write(encodeMessage(FrameType.hello, helloOf(position, log, { lane, instance, version })));
    const welcome = await this.#welcome.promise;
    if (expected !== null && welcome.instance !== expected) {
      const message = `${this.#where} is instance ${welcome.instance}, not ${expected}`;
      throw new SpillwayError('refused', message, { retryable: true });
    }
    const resumption = await resume(position, log, welcome);
    if (resumption.kind === 'new-epoch') {
      position.beginEpoch();
      throw new SpillwayError('protocol', `began epoch ${position.state.epoch}: ${resumption.why}`, {
        retryable: true,
        data: { reason: 'new-epoch' },
      });
    }
    this.#batchBytesMax = welcome.batchBytesMax;
    return { remark: resumption.remark, peer: welcome.instance };
  }

  #onData(chunk: Buffer): void {
    this.#heartbeat.heard();
    if (this.#ended) return;
    try {
      for (const frame of this.#parser.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#end(asSpillwayError(error));
    }
  }

  #take(frame: Frame): void {
    const { header } = frame;
    switch (header.type) {
      case FrameType.welcome:
        this.#inflight.grant(header.credit);
        this.#welcome.resolve(parseWelcome(frame));
        return;
      case FrameType.refuse: {
        const { code, message, session } = parseRefusal(frame);
        if (session !== undefined) this.#parts.position.raiseSession(session);
        const data = { reason: code };
        this.#end(
          new SpillwayError('refused', `${this.#where} refuses: ${message}`, { retryable: true, data }),
        );
        return;
      }
      case FrameType.ack:
        this.#takeAck(header);
        return;
      case FrameType.beat:
        // a receiver whose log is full answers the greeting when it has room: from now on its silence counts
        this.#stopGreeting();
        this.#peerBlocked = (header.flags & BEAT_BLOCKED) !== 0;
        // its time to acknowledge begins when it has room again
        if (this.#peerBlocked) this.#inflight.movedAt = performance.now();
        return;
      case FrameType.bye:
        this.#fail('unreachable', 'is stopping');
        return;
      case FrameType.hello:
      case FrameType.batch:
      case FrameType.skip:
        throw protocolError('unexpected-frame', `frame type ${header.type} is not for a sender`);
      default:
        header.type satisfies never;
    }
  }

  #takeAck({ to, credit }: FrameHeader): void {
    const { position } = this.#parts;
    this.#inflight.grant(credit);
    this.#peerBlocked = false;
    for (const sent of this.#inflight.acknowledge(to, position.mark.offset)) position.acknowledge(sent);
    this.#poke();
  }

  /** A receiver that says it is full may acknowledge nothing for as long as it likes. */
  #checkAcks(now: number): void {
    const { ackTimeoutMs } = this.#parts.options;
    if (this.#inflight.empty || this.#peerBlocked || now - this.#inflight.movedAt <= ackTimeoutMs) return;
    this.#fail('timeout', `acknowledged nothing for ${ackTimeoutMs} ms`);
  }

  #beat(): void {
    if (this.#socket.writableLength > 0) return;
    this.#heartbeat.said();
    this.#socket.write(encodeHeader({ type: FrameType.beat }));
  }

  #stopGreeting(): void {
    if (this.#greetTimer !== null) clearTimeout(this.#greetTimer);
    this.#greetTimer = null;
  }

  #bye(): void {
    this.#saidBye = true;
    this.#socket.end(encodeHeader({ type: FrameType.bye }));
    this.#end(null);
  }

  #poke(): void {
    this.#wake?.resolve();
    this.#wake = null;
  }

  #sleep(): Promise<void> {
    this.#wake ??= Promise.withResolvers();
    return this.#wake.promise;
  }

  #fail(code: 'timeout' | 'unreachable', what: string): void {
    this.#end(new SpillwayError(code, `${this.#where} ${what}`));
  }

  #end(failure: SpillwayError | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#heartbeat.stop();
    this.#welcome.reject(failure ?? new SpillwayError('closed', 'stopped while connecting'));
    if (this.#saidBye) {
      this.#socket.destroySoon();
      // a receiver that reads nothing must not keep the socket, nor the process
      setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    } else {
      this.#socket.destroy();
    }
    this.#poke();
  }
}

function asSpillwayError(error: unknown): SpillwayError {
  if (error instanceof SpillwayError) return error;
  return fromSystemError('the connection failed on this side', error);
}
