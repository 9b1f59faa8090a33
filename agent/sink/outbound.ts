// One connection to a receiver: greets, lets the sender send, takes acknowledgements, watches that the peer lives.

import type net from 'node:net';
import { type Address, formatAddress } from '../config/address.ts';
import { fromSystemError, SpillwayError } from '../errors.ts';
import type { EventLog } from '../log/log.ts';
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
import type { Packer } from '../wire/packing.ts';
import { InFlight } from './inflight.ts';
import type { LaneSender, OutboundLane } from './lane.ts';
import type { Link } from './link.ts';
import type { OutboundOptions } from './outbound-options.ts';
import { Proving } from './proving.ts';
import { refusedBy } from './refusal.ts';

interface Parts {
  readonly log: EventLog;
  readonly lane: OutboundLane;
  readonly link: Link;
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
  readonly #proving: Proving | null;
  readonly #heartbeat: Heartbeat;
  readonly #welcome = Promise.withResolvers<Welcome>();
  #wake: PromiseWithResolvers<void> | null = null;
  #failure: SpillwayError | null = null;
  #greetTimer: NodeJS.Timeout | null = null;
  #ended = false;
  #stopping: 'drained' | 'acknowledged' | null = null;
  #saidBye = false;
  #peerBlocked = false;
  /** Of the receiver. */
  #batchBytesMax = 0;
  #packer: Packer | null = null;

  private constructor(socket: net.Socket, where: string, parts: Parts, token: Buffer | null) {
    this.#proving = token === null ? null : new Proving(token);
    this.#socket = socket;
    this.#where = where;
    this.#parts = parts;
    const { heartbeatMs, peerTimeoutMs } = parts.options;
    this.#inflight = new InFlight(parts.options);
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
    socket.on('close', () =>
      this.#fail('unreachable', this.#batchBytesMax > 0 ? 'closed the connection' : parts.link.closedEarly),
    );
  }

  /** Connects and greets. @throws SpillwayError `unreachable`, `refused`, `protocol`, `timeout`, `closed`. */
  static async connect(address: Address, parts: Parts & { readonly signal: AbortSignal }): Promise<Greeted> {
    const { signal } = parts;
    const { connectTimeoutMs } = parts.options;
    await parts.lane.ready();
    const { socket, token } = await parts.link.dial(address, parts.expected, signal);
    const outbound = new Outbound(socket, formatAddress(address), parts, token);
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

  /** Sends until the connection ends; @throws what ended it. Returns after `stop` or `cut`. */
  async run(): Promise<void> {
    const { log, lane, options } = this.#parts;
    const unsubscribe = log.onCommit(() => this.poke());
    try {
      await using sender = lane.sender({
        socket: this.#socket,
        inflight: this.#inflight,
        batchBytesMax: this.#batchBytesMax,
        readBytesMax: options.batchBytesMax,
        packer: this.#packer,
        lingerMs: options.lingerMs,
        onFree: () => this.poke(),
      });
      while (!this.#ended) {
        const moved = this.#stopping !== 'acknowledged' && (await sender.step());
        if (moved) this.#heartbeat.said();
        else if (this.#isThrough(sender)) this.#bye();
        else if (!this.#ended) await this.#sleep();
      }
    } catch (error) {
      this.#end(asSpillwayError(error));
    } finally {
      unsubscribe();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Sends what the log holds, or nothing more, waits for the acknowledgements of what was sent, then says bye. */
  stop(once: 'drained' | 'acknowledged'): void {
    this.#stopping = once;
    this.poke();
  }

  /** Ends at once. */
  cut(): void {
    this.#end(null);
  }

  async #greet(): Promise<{ remark: string | null; peer: string }> {
    const { lane, link, expected } = this.#parts;
    const asked = link.packer === null ? {} : { compression: ['zstd'] };
    const hello = { ...lane.hello(), ...asked };
    this.#socket.write(this.#proving?.hello(hello) ?? encodeMessage(FrameType.hello, hello));
    const welcome = await this.#welcome.promise;
    this.#proving?.check(welcome, this.#where);
    if (expected !== null && welcome.instance !== expected) {
      const message = `${this.#where} is instance ${welcome.instance}, not ${expected}`;
      throw new SpillwayError('refused', message, { retryable: true });
    }
    const remark = await lane.resume(welcome);
    this.#batchBytesMax = welcome.batchBytesMax;
    this.#packer = welcome.compression === 'zstd' ? link.packer : null;
    if (welcome.windowBatches !== undefined) this.#inflight.limitBatches(welcome.windowBatches);
    return { remark, peer: welcome.instance };
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
        // what is left of the greeting is this side's own work
        this.#stopGreeting();
        this.#inflight.grant(header.credit);
        this.#welcome.resolve(parseWelcome(frame));
        return;
      case FrameType.refuse: {
        const refusal = parseRefusal(frame);
        const { session } = refusal;
        if (session !== undefined) this.#parts.lane.raiseSession(session);
        this.#end(refusedBy(this.#where, refusal, this.#proving !== null));
        return;
      }
      case FrameType.challenge:
        if (this.#proving === null) {
          const text = `${this.#where} asks for a token: set tokenFile`;
          throw new SpillwayError('refused', text, { retryable: true, data: { reason: 'no-token' } });
        }
        this.#socket.write(this.#proving.answer(frame));
        return;
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
      case FrameType.proof:
        throw protocolError('unexpected-frame', `frame type ${header.type} is not for a sender`);
      default:
        header.type satisfies never;
    }
  }

  #takeAck(header: FrameHeader): void {
    const { lane } = this.#parts;
    this.#inflight.grant(header.credit);
    this.#peerBlocked = false;
    for (const sent of this.#inflight.acknowledge(lane.placeOf(header), lane.reached)) lane.acknowledge(sent);
    this.poke();
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

  #isThrough({ done }: LaneSender): boolean {
    if (this.#stopping === null || !this.#inflight.empty) return false;
    return this.#stopping === 'acknowledged' || done;
  }

  #bye(): void {
    this.#saidBye = true;
    this.#socket.end(encodeHeader({ type: FrameType.bye }));
    this.#end(null);
  }

  /** There may be something to do. */
  poke(): void {
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
    this.poke();
  }
}

function asSpillwayError(error: unknown): SpillwayError {
  if (error instanceof SpillwayError) return error;
  return fromSystemError('the connection failed on this side', error);
}
