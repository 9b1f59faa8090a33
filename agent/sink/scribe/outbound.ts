// One connection to a Scribe receiver: a call, its answer, the next call. OK moves the position, TRY_LATER is waited out
// and the same call made again, on the same connection.
//
// At least once: a call whose answer did not arrive is made again by the next connection, and the receiver has its
// events twice. Scribe has no heartbeats: a receiver that is gone is noticed by the call that it does not answer.

import net from 'node:net';
import type { Logger } from 'pino';
import { type Address, formatAddress } from '../../config/address.ts';
import type { ScribeTargetConfig } from '../../config/scribe.ts';
import { fromSystemError, SpillwayError } from '../../errors.ts';
import type { EventLog } from '../../log/log.ts';
import type { Mark } from '../../log/marks.ts';
import { protocolError } from '../../wire/frame.ts';
import { FrameReader } from '../../wire/scribe/frames.ts';
import { ResultCode, readLogReply } from '../../wire/scribe/log-call.ts';
import { dial } from '../dial.ts';
import type { Position } from '../position.ts';
import { type Call, CallReader } from './call-reader.ts';

export interface ScribeOutboundOptions {
  readonly batchBytesMax: number;
  readonly lingerMs: number;
  readonly connectTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export interface ScribeOutboundParts {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly position: Position;
  readonly options: ScribeOutboundOptions;
  readonly scribe: ScribeTargetConfig;
  /** Told how to ask where sending is. */
  readonly onSending: (sentTo: () => Mark) => void;
}

/** An answer is a few dozen bytes, or the text of an exception. */
const REPLY_BYTES_MAX = 64 * 1024;
const KEEP_ALIVE_MS = 10_000;
const LOG_EVERY_MS = 10_000;

export class ScribeOutbound {
  readonly #socket: net.Socket;
  readonly #where: string;
  readonly #parts: ScribeOutboundParts;
  readonly #frames = new FrameReader({ frameBytesMax: REPLY_BYTES_MAX });
  #asked: { readonly sequence: number; readonly answer: PromiseWithResolvers<ResultCode> } | null = null;
  #stopping: 'drained' | 'acknowledged' | null = null;
  #ended = false;
  #failure: SpillwayError | null = null;
  #wake: PromiseWithResolvers<void> | null = null;
  #loggedAt = Number.NEGATIVE_INFINITY;

  private constructor(socket: net.Socket, where: string, parts: ScribeOutboundParts) {
    this.#socket = socket;
    this.#where = where;
    this.#parts = parts;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (cause) =>
      this.#end(fromSystemError(`lost the connection to ${where}`, cause, { code: 'unreachable' })),
    );
    socket.on('close', () => this.#end(new SpillwayError('unreachable', `${where} closed the connection`)));
  }

  /** @throws SpillwayError `unreachable`, `timeout`, `closed`. */
  static async connect(
    address: Address,
    parts: ScribeOutboundParts,
    signal: AbortSignal,
  ): Promise<ScribeOutbound> {
    const open = () => ({ socket: net.connect({ ...address, noDelay: true }), ready: 'connect' });
    const socket = await dial(address, open, parts.options.connectTimeoutMs, signal);
    return new ScribeOutbound(socket, formatAddress(address), parts);
  }

  /** Sends until the connection ends; @throws what ended it. Returns after `stop` or `cut`. */
  async run(): Promise<void> {
    const { log, position, scribe, options, onSending } = this.#parts;
    const unsubscribe = log.onCommit(() => this.poke());
    try {
      await using calls = new CallReader({
        log,
        position,
        scribe,
        readBytesMax: options.batchBytesMax,
        lingerMs: options.lingerMs,
        onFree: () => this.poke(),
      });
      onSending(() => calls.sentTo);
      while (!this.#ended) await this.#step(calls);
    } catch (error) {
      this.#end(
        error instanceof SpillwayError ? error : fromSystemError('the connection failed on this side', error),
      );
    } finally {
      unsubscribe();
    }
    if (this.#failure !== null) throw this.#failure;
  }

  /** Sends what the log holds, or only waits for the answer to what is under way, then closes. */
  stop(once: 'drained' | 'acknowledged'): void {
    this.#stopping = once;
    this.poke();
  }

  /** Ends at once. */
  cut(): void {
    this.#end(null);
  }

  /** There may be something to do. */
  poke(): void {
    this.#wake?.resolve();
    this.#wake = null;
  }

  async #step(calls: CallReader): Promise<void> {
    const call = this.#stopping === 'acknowledged' ? null : await calls.next();
    if (call !== null) await this.#deliver(call);
    else if (this.#stopping === 'acknowledged' || (this.#stopping === 'drained' && calls.done))
      this.#end(null);
    else if (!this.#ended) await this.#sleep();
  }

  /** Makes the call until it is answered OK, or the connection is to end. */
  async #deliver(call: Call): Promise<void> {
    let delayMs = 0;
    while (!this.#ended) {
      const result = await this.#ask(call);
      if (this.#ended) return;
      if (result === ResultCode.ok) {
        if (call.delivers !== null) this.#parts.position.acknowledge(call.delivers);
        return;
      }
      // nothing is under way now
      if (this.#stopping === 'acknowledged') return;
      delayMs = this.#nextDelay(delayMs);
      this.#report(delayMs);
      await this.#pause(delayMs * (0.5 + Math.random() / 2));
    }
  }

  async #ask({ frame, sequence }: Call): Promise<ResultCode | null> {
    const answer = Promise.withResolvers<ResultCode>();
    this.#asked = { sequence, answer };
    const { ackTimeoutMs } = this.#parts.options;
    const timer = setTimeout(
      () =>
        this.#end(
          new SpillwayError('timeout', `${this.#where} did not answer a call for ${ackTimeoutMs} ms`),
        ),
      ackTimeoutMs,
    );
    this.#socket.write(frame);
    try {
      return await answer.promise;
    } catch {
      // the connection has ended, and says why
      return null;
    } finally {
      clearTimeout(timer);
      this.#asked = null;
    }
  }

  #onData(chunk: Buffer): void {
    if (this.#ended) return;
    try {
      for (const { bytes } of this.#frames.push(chunk)) this.#take(bytes);
    } catch (error) {
      this.#end(error instanceof SpillwayError ? error : fromSystemError('cannot read an answer', error));
    }
  }

  #take(bytes: Buffer): void {
    if (this.#asked === null)
      throw protocolError('unexpected-reply', `${this.#where} answers what was not asked`);
    const { sequence, answer } = this.#asked;
    answer.resolve(readLogReply(bytes, sequence));
    // one answer a call
    this.#asked = null;
  }

  #nextDelay(delayMs: number): number {
    const { retryMinMs, retryMaxMs } = this.#parts.options;
    return Math.min(retryMaxMs, Math.max(retryMinMs, delayMs * 2));
  }

  #report(delayMs: number): void {
    const now = performance.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    this.#parts.logger.warn({ receiver: this.#where, delayMs }, 'the receiver says TRY_LATER, trying again');
  }

  /** Waits, at most until the connection ends or is to stop. */
  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    const before = this.#stopping;
    while (!this.#ended && this.#stopping === before && performance.now() < until) {
      const timer = setTimeout(() => this.poke(), until - performance.now());
      await this.#sleep();
      clearTimeout(timer);
    }
  }

  #sleep(): Promise<void> {
    this.#wake ??= Promise.withResolvers();
    return this.#wake.promise;
  }

  #end(failure: SpillwayError | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#asked?.answer.reject(failure ?? new SpillwayError('closed', 'stopped while it was asked'));
    this.#socket.destroy();
    this.poke();
  }
}
