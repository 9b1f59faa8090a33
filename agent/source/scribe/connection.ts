// One connection of a Scribe client: frames in, answers out in the order of the calls.
//
// What it holds is bounded: bytes by the window, calls by callsMax; a client that reads no answers is read no further.
// Anything malformed ends this one connection with a counted reason and leaves the log untouched.

import type { Socket } from 'node:net';
import { SpillwayError } from '../../errors.ts';
import { protocolError } from '../../wire/frame.ts';
import { type Frame, FrameReader, framed } from '../../wire/scribe/frames.ts';
import type { Calls } from './calls.ts';
import type { Window } from './window.ts';

export interface ConnectionOptions {
  readonly frameBytesMax: number;
  readonly frameTimeoutMs: number;
  readonly callsMax: number;
  readonly waitMs: number;
}

export interface ConnectionEnd {
  /** A word for a counter. */
  readonly reason: string;
  readonly error: Error | null;
}

const KEEP_ALIVE_MS = 30_000;
const LINGER_MS = 5_000;

export class ScribeConnection {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #calls: Calls;
  readonly #window: Window;
  readonly #options: ConnectionOptions;
  readonly #frames: FrameReader;
  readonly #done = Promise.withResolvers<ConnectionEnd>();
  readonly #frameTimer: NodeJS.Timeout;
  /** Calls that are not answered. */
  #open = 0;
  #answered: Promise<void> = Promise.resolve();
  #changed = Promise.withResolvers<void>();
  /** For us, not for the client. */
  #isWaiting = false;
  #closing: Promise<void> | null = null;
  #ended = false;

  constructor(socket: Socket, parts: { calls: Calls; window: Window; options: ConnectionOptions }) {
    const { window, options } = parts;
    this.#socket = socket;
    this.#calls = parts.calls;
    this.#window = window;
    this.#options = options;
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#frames = new FrameReader({
      frameBytesMax: options.frameBytesMax,
      takeRoom: (bytes) => window.take(bytes),
      giveRoom: (bytes) => window.give(bytes),
    });
    // Scribe has no heartbeats, and its clients may be silent for as long as they like
    socket.setKeepAlive(true, KEEP_ALIVE_MS).setNoDelay(true);
    socket.on('drain', () => this.#wake());
    socket.on('error', (error) => this.#end('socket-error', error));
    socket.on('close', () => this.#end('disconnected', null));
    this.#frameTimer = setTimeout(() => this.#checkFrame(), options.frameTimeoutMs);
    void this.#read();
  }

  /** Settles, never rejects, when the connection is over. */
  get closed(): Promise<ConnectionEnd> {
    return this.#done.promise;
  }

  /** Takes nothing more, answers what was taken. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#wake();
    await this.#answered;
    this.#socket.end(() => this.#end('stopped', null));
    // a peer that reads nothing gets no answers
    setTimeout(() => this.#end('stopped', null), LINGER_MS).unref();
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    try {
      // what ends the reading must not end the answers
      const chunks: AsyncIterable<Buffer> = this.#socket.iterator({ destroyOnReturn: false });
      for await (const chunk of chunks) {
        if (this.#isOver) return;
        this.#isWaiting = true;
        if (!this.#frames.isPassingOver) await this.#window.free(chunk.length, this.#options.waitMs);
        this.#isWaiting = false;
        for (const frame of this.#frames.push(chunk)) {
          await this.#mayGoOn();
          if (this.#isOver) {
            this.#giveBack(frame);
            return;
          }
          this.#take(frame);
        }
        this.#frameTimer.refresh();
      }
      if (this.#frames.isWithin) throw protocolError('truncated', 'the connection ended within a frame');
      // who has sent all may still read the answers
      await this.#answered;
      this.#end('disconnected', null);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#frames.close();
    }
  }

  get #isOver(): boolean {
    return this.#ended || this.#closing !== null;
  }

  #take(frame: Frame): void {
    let answer: Promise<Buffer | null>;
    try {
      answer = this.#calls.take(frame);
    } catch (error) {
      this.#giveBack(frame);
      throw error;
    }
    // it is waited for behind the answers before it
    answer.catch(() => undefined);
    this.#open++;
    this.#answered = this.#answered.then(() => this.#answer(answer, frame));
  }

  /** Never rejects. */
  async #answer(answer: Promise<Buffer | null>, frame: Frame): Promise<void> {
    try {
      const bytes = await answer;
      if (bytes !== null && !this.#ended) this.#socket.write(framed(bytes));
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#giveBack(frame);
      this.#open--;
      this.#wake();
    }
  }

  #giveBack({ bytes, isWhole }: Frame): void {
    if (isWhole) this.#window.give(bytes.length);
  }

  async #mayGoOn(): Promise<void> {
    this.#isWaiting = true;
    while (!this.#isOver && (this.#open >= this.#options.callsMax || this.#socket.writableNeedDrain)) {
      await this.#changed.promise;
    }
    this.#isWaiting = false;
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }

  /** A frame that has begun must go on; between frames a client may be silent. */
  #checkFrame(): void {
    if (this.#ended) return;
    if (this.#frames.isWithin && !this.#isWaiting) {
      const text = `a frame did not go on for ${this.#options.frameTimeoutMs} ms`;
      this.#fail(protocolError('frame-timeout', text));
    } else {
      this.#frameTimer.refresh();
    }
  }

  #fail(error: unknown): void {
    if (error instanceof SpillwayError) this.#end(String(error.data['reason'] ?? error.code), error);
    else this.#end('internal', error instanceof Error ? error : new Error(String(error)));
  }

  #end(reason: string, error: Error | null): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#frameTimer);
    this.#wake();
    this.#done.resolve({ reason, error });
    if (reason === 'stopped' || reason === 'disconnected') this.#socket.destroySoon();
    else this.#socket.destroy();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }
}
