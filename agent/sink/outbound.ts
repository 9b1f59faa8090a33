// One connection to a receiver: handshake, then batches from the log as far as credit goes, acknowledgements back.
//
// The bytes go from the log's file into a few reused buffers and from there into the socket. What is under way is
// bounded by the receiver's credit and by inflightBytesMax; what is not acknowledged when the connection ends is
// simply read again by the next one.

import net from 'node:net';
import type { Address } from '../config/address.ts';
import { formatAddress } from '../config/address.ts';
import { fromSystemError, SpillwayError } from '../errors.ts';
import type { EventLog } from '../log/log.ts';
import type { LogReader, ReadBatch, ReadResult } from '../log/reader.ts';
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
import { MESSAGE_BYTES_MAX, parseRefusal, parseWelcome, type Welcome } from '../wire/handshake.ts';
import { helloOf, resume } from './handshake.ts';
import type { Acknowledged, Position } from './position.ts';

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

type InFlight = Acknowledged & { readonly bytes: number };
interface Held {
  readonly result: Exclude<ReadResult, { kind: 'end' }>;
  readonly buffer: Buffer;
  next: number;
}

const BUFFERS = 4;

export class Outbound {
  readonly #socket: net.Socket;
  readonly #log: EventLog;
  readonly #position: Position;
  readonly #options: OutboundOptions;
  readonly #where: string;
  readonly #parser: FrameParser;
  readonly #free: Buffer[];
  readonly #inflight: InFlight[] = [];
  readonly #welcome = Promise.withResolvers<Welcome>();
  #wake: PromiseWithResolvers<void> | null = null;
  #failure: SpillwayError | null = null;
  #ended = false;
  #stopping = false;
  #held: Held | null = null;
  #sentBytes = 0;
  #inflightBytes = 0;
  #credit = 0;
  #sequence = 0;
  #eventsSent = 0;
  #peerBlocked = false;
  #batchBytesMax = 0;
  #heardAt = Date.now();
  #movedAt = Date.now();
  #saidAt = Date.now();
  #beatAt = Date.now();

  private constructor(
    socket: net.Socket,
    parts: { log: EventLog; position: Position; options: OutboundOptions; where: string },
  ) {
    this.#socket = socket;
    this.#log = parts.log;
    this.#position = parts.position;
    this.#options = parts.options;
    this.#where = parts.where;
    this.#parser = new FrameParser({ messageBytesMax: MESSAGE_BYTES_MAX, batchBytesMax: 0 });
    this.#free = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(parts.options.batchBytesMax));
    // the welcome may never be waited for
    this.#welcome.promise.catch(() => undefined);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (cause) =>
      this.#end(fromSystemError(`lost the connection to ${this.#where}`, cause, { code: 'unreachable' })),
    );
    socket.on('close', () =>
      this.#end(new SpillwayError('unreachable', `${this.#where} closed the connection`)),
    );
  }

  /** Connects and greets. @throws SpillwayError `unreachable`, `refused`, `protocol`, `timeout`. */
  static async connect(
    address: Address,
    parts: { log: EventLog; position: Position; options: OutboundOptions; signal: AbortSignal },
  ): Promise<{ outbound: Outbound; remark: string | null; peer: string }> {
    const where = formatAddress(address);
    const { connectTimeoutMs } = parts.options;
    const socket = await dial(address, connectTimeoutMs, parts.signal);
    const outbound = new Outbound(socket, { ...parts, where });
    const timer = setTimeout(
      () => outbound.#end(new SpillwayError('timeout', `${where} does not answer the handshake`)),
      connectTimeoutMs,
    );
    const abort = () => outbound.#end(new SpillwayError('closed', 'stopped while connecting'));
    parts.signal.addEventListener('abort', abort);
    try {
      return { outbound, ...(await outbound.#greet()) };
    } catch (error) {
      outbound.#end(
        error instanceof SpillwayError
          ? error
          : new SpillwayError('internal', String(error), { cause: error }),
      );
      throw error;
    } finally {
      clearTimeout(timer);
      parts.signal.removeEventListener('abort', abort);
    }
  }

  /** Sends until the connection ends; @throws what ended it. Returns after `stop`, once all it may send is acknowledged. */
  async run(): Promise<void> {
    const reader = this.#log.reader(this.#position.mark.offset);
    this.#eventsSent = this.#position.mark.events;
    const unsubscribe = this.#log.onCommit(() => this.#poke());
    const timer = setInterval(() => this.#beat(), this.#options.heartbeatMs);
    try {
      while (!this.#ended) {
        const moved = await this.#step(reader);
        if (!moved && !this.#ended) await this.#sleep();
      }
    } catch (error) {
      this.#end(
        error instanceof SpillwayError
          ? error
          : new SpillwayError('disk', `cannot read the log: ${String(error)}`, {
              cause: error,
              retryable: true,
            }),
      );
    } finally {
      clearInterval(timer);
      unsubscribe();
      await reader.close();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Sends what the log holds now, waits for its acknowledgements, then says bye; `cut` ends it at once. */
  stop(): void {
    this.#stopping = true;
    this.#poke();
  }

  cut(): void {
    this.#end(null);
  }

  async #greet(): Promise<{ remark: string | null; peer: string }> {
    const { name: lane, instance, version, batchBytesMax } = this.#options;
    this.#socket.write(
      encodeMessage(FrameType.hello, helloOf(this.#position, this.#log, { lane, instance, version })),
    );
    const welcome = await this.#welcome.promise;
    const resumption = await resume(this.#position, this.#log, welcome);
    if (resumption.kind === 'new-epoch') {
      this.#position.beginEpoch();
      throw new SpillwayError('protocol', `began epoch ${this.#position.state.epoch}: ${resumption.why}`, {
        retryable: true,
        data: { reason: 'new-epoch' },
      });
    }
    this.#batchBytesMax = welcome.batchBytesMax;
    if (batchBytesMax > welcome.batchBytesMax) {
      // reading larger pieces is of no use: single batches are bounded by what made them
      for (let index = 0; index < this.#free.length; index++) {
        this.#free[index] = Buffer.allocUnsafeSlow(welcome.batchBytesMax);
      }
    }
    return { remark: resumption.remark, peer: welcome.instance };
  }

  /** Does one thing if there is one to do: reads, or sends some of what was read. */
  async #step(reader: LogReader): Promise<boolean> {
    if (this.#held !== null) return this.#send(this.#held);
    if (reader.offset >= this.#log.endOffset) {
      if (this.#stopping && this.#inflight.length === 0) this.#bye();
      return false;
    }
    const buffer = this.#free.pop();
    if (buffer === undefined) return false;
    const result = await reader.next(buffer);
    if (result.kind === 'end') {
      this.#free.push(buffer);
      return true;
    }
    this.#held = { result, buffer, next: 0 };
    return true;
  }

  #send(held: Held): boolean {
    const { result, buffer } = held;
    if (result.kind === 'gap') {
      this.#sendSkip(result);
      this.#held = null;
      this.#free.push(buffer);
      return true;
    }
    const first = held.next;
    this.#socket.cork();
    for (let batch = result.batches[held.next]; batch !== undefined; batch = result.batches[held.next]) {
      if (!this.#maySend(batch)) break;
      held.next++;
      const isLast = held.next === result.batches.length;
      this.#sendBatch(batch, isLast ? () => this.#giveBack(buffer) : undefined);
    }
    this.#socket.uncork();
    if (held.next === result.batches.length) this.#held = null;
    return held.next > first;
  }

  #maySend({ record }: ReadBatch): boolean {
    const { inflightBytesMax } = this.#options;
    if (record.bytes > this.#batchBytesMax) {
      throw new SpillwayError(
        'config',
        `a batch of ${record.bytes} bytes is more than ${this.#where} takes: raise batchBytesMax of its listen source to at least that`,
      );
    }
    if (this.#inflightBytes > 0 && this.#inflightBytes + record.bytes > inflightBytesMax) return false;
    return this.#sentBytes + record.bytes <= this.#credit;
  }

  #sendBatch({ record, bytes }: ReadBatch, flushed: (() => void) | undefined): void {
    const { from, to, events, crc } = record;
    if (this.#inflight.length === 0) this.#movedAt = Date.now();
    this.#sequence++;
    this.#sentBytes += bytes.length;
    this.#inflightBytes += bytes.length;
    const end = { offset: to, events: record.eventsBefore + events };
    this.#inflight.push({ from, end, crc, skipped: null, bytes: bytes.length });
    this.#eventsSent = end.events;
    const { batch: type } = FrameType;
    this.#socket.write(
      encodeHeader({ type, bodyBytes: bytes.length, from, to, events, crc, sequence: this.#sequence }),
    );
    this.#socket.write(bytes, flushed);
    this.#saidAt = Date.now();
  }

  #sendSkip({ from, to, eventsAt, reason }: Extract<ReadResult, { kind: 'gap' }>): void {
    const events = Math.max(0, eventsAt - this.#eventsSent);
    const skipped = { reason, counts: { events, bytes: to - from } };
    if (this.#inflight.length === 0) this.#movedAt = Date.now();
    this.#sequence++;
    this.#eventsSent = eventsAt;
    this.#inflight.push({ from, end: { offset: to, events: eventsAt }, crc: 0, skipped, bytes: 0 });
    const flags = SKIP_REASONS.indexOf(reason);
    this.#socket.write(
      encodeHeader({ type: FrameType.skip, flags, from, to, events, sequence: this.#sequence }),
    );
  }

  #giveBack(buffer: Buffer): void {
    this.#free.push(buffer);
    this.#poke();
  }

  #onData(chunk: Buffer): void {
    this.#heardAt = Date.now();
    if (this.#ended) return;
    try {
      for (const frame of this.#parser.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#end(
        error instanceof SpillwayError
          ? error
          : new SpillwayError('internal', String(error), { cause: error }),
      );
    }
  }

  #take(frame: Frame): void {
    const { header } = frame;
    switch (header.type) {
      case FrameType.welcome:
        this.#credit = header.credit;
        this.#welcome.resolve(parseWelcome(frame));
        return;
      case FrameType.refuse: {
        const { code, message } = parseRefusal(frame);
        this.#end(
          new SpillwayError('refused', `${this.#where} refuses: ${message}`, {
            retryable: true,
            data: { reason: code },
          }),
        );
        return;
      }
      case FrameType.ack:
        this.#takeAck(header);
        return;
      case FrameType.beat:
        this.#peerBlocked = (header.flags & BEAT_BLOCKED) !== 0;
        return;
      case FrameType.bye:
        this.#end(new SpillwayError('unreachable', `${this.#where} is stopping`));
        return;
      case FrameType.hello:
      case FrameType.batch:
      case FrameType.skip:
        throw protocolError(
          'unexpected-frame',
          `${this.#where} sent a frame of type ${header.type}, which is not for a sender`,
        );
      default:
        header.type satisfies never;
    }
  }

  #takeAck({ to, credit }: FrameHeader): void {
    this.#credit = Math.max(this.#credit, credit);
    this.#peerBlocked = false;
    let done = 0;
    for (const entry of this.#inflight) {
      if (entry.end.offset > to) break;
      done++;
      this.#inflightBytes -= entry.bytes;
      this.#position.acknowledge(entry);
    }
    if (done > 0) {
      const last = this.#inflight[done - 1];
      this.#inflight.splice(0, done);
      this.#movedAt = Date.now();
      if (last?.end.offset !== to) {
        throw protocolError('ack-range', `${this.#where} acknowledged up to ${to}, where no batch ends`);
      }
    } else if (to > this.#position.mark.offset) {
      throw protocolError('ack-range', `${this.#where} acknowledged up to ${to}, which was never sent`);
    }
    this.#poke();
  }

  #beat(): void {
    const now = Date.now();
    const { peerTimeoutMs, ackTimeoutMs, heartbeatMs } = this.#options;
    const stalled = now - this.#beatAt > 2 * heartbeatMs;
    this.#beatAt = now;
    if (stalled) return;
    if (now - this.#heardAt > peerTimeoutMs) {
      this.#end(new SpillwayError('timeout', `${this.#where} was silent for ${peerTimeoutMs} ms`));
    } else if (this.#inflight.length > 0 && !this.#peerBlocked && now - this.#movedAt > ackTimeoutMs) {
      this.#end(new SpillwayError('timeout', `${this.#where} acknowledged nothing for ${ackTimeoutMs} ms`));
    } else if (now - this.#saidAt >= heartbeatMs / 2 && this.#socket.writableLength === 0) {
      this.#saidAt = now;
      this.#socket.write(encodeHeader({ type: FrameType.beat }));
    }
  }
  #bye(): void {
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

  #end(failure: SpillwayError | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#welcome.reject(failure ?? new SpillwayError('closed', 'stopped while connecting'));
    if (failure === null) this.#socket.destroySoon();
    else this.#socket.destroy();
    this.#poke();
  }
}

async function dial(address: Address, timeoutMs: number, signal: AbortSignal): Promise<net.Socket> {
  const where = formatAddress(address);
  const socket = net.connect({ ...address, noDelay: true });
  const opened = Promise.withResolvers<void>();
  const timer = setTimeout(
    () =>
      opened.reject(new SpillwayError('timeout', `cannot connect to ${where}: no answer in ${timeoutMs} ms`)),
    timeoutMs,
  );
  const abort = () => opened.reject(new SpillwayError('closed', 'stopped while connecting'));
  signal.addEventListener('abort', abort);
  socket.once('error', (cause) =>
    opened.reject(fromSystemError(`cannot connect to ${where}`, cause, { code: 'unreachable' })),
  );
  socket.once('connect', () => opened.resolve());
  try {
    await opened.promise;
    socket.removeAllListeners('error');
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
