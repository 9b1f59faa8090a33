// A listener on a real port before a real log, and peers that say to it whatever a test wants said.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ExecutionContext } from 'ava';
import { countEvents } from '../../../../agent/bytes.ts';
import type { EventLog, LogOptions } from '../../../../agent/log/log.ts';
import { type ListenOptions, ListenSource } from '../../../../agent/source/listen.ts';
import {
  BEAT_BLOCKED,
  encodeHeader,
  encodeMessage,
  type Frame,
  type FrameHeader,
  FrameParser,
  FrameType,
} from '../../../../agent/wire/frame.ts';
import {
  type Hello,
  parseRefusal,
  parseWelcome,
  type Refusal,
  type Welcome,
} from '../../../../agent/wire/handshake.ts';
import { captureLogger } from '../captured-logger.ts';
import { eventsIn, openLog, temporaryDirectory } from '../event-log.ts';
import { until } from '../until.ts';

export const OPTIONS = {
  name: 'hop',
  instance: 'receiver',
  version: '0',
  address: { host: '127.0.0.1', port: 0 },
  connectionsMax: 16,
  handshakesMax: 16,
  peersMax: 8,
  peerForgetMs: 60_000,
  windowBytes: 1_048_576,
  windowBatches: 512,
  batchBytesMax: 65_536,
  handshakeTimeoutMs: 400,
  heartbeatMs: 50,
  peerTimeoutMs: 1_000,
};

export class Listening {
  readonly logDir: string;
  readonly source: ListenSource;
  readonly log: EventLog;
  readonly lines: ReturnType<typeof captureLogger>['lines'];
  readonly #t: ExecutionContext;

  private constructor(
    t: ExecutionContext,
    parts: { log: EventLog; logDir: string; source: ListenSource; lines: Listening['lines'] },
  ) {
    this.#t = t;
    this.log = parts.log;
    this.logDir = parts.logDir;
    this.source = parts.source;
    this.lines = parts.lines;
  }

  static async open(
    t: ExecutionContext,
    options: Partial<ListenOptions> = {},
    logOptions: Partial<LogOptions> = {},
  ): Promise<Listening> {
    const logDir = join(await temporaryDirectory(t), 'log');
    const log = await openLog(logDir, logOptions);
    log.holders.startRetention();
    const { logger, lines } = captureLogger();
    const source = new ListenSource({ ...OPTIONS, ...options }, log, logger);
    await source.open();
    t.teardown(async () => {
      await source.close();
      await log.close();
    });
    return new Listening(t, { log, logDir, source, lines });
  }

  async connect(): Promise<Peer> {
    const socket = net.connect(this.source.address);
    await once(socket, 'connect');
    this.#t.teardown(() => socket.destroy());
    return new Peer(socket);
  }

  events(): Promise<Buffer> {
    return eventsIn(this.logDir);
  }

  outcome(reason: string): number {
    return this.source.snapshot().connections?.[reason] ?? 0;
  }

  /** Resolves when so many connections have ended for this reason. */
  async counts(reason: string, times = 1): Promise<void> {
    const show = () => JSON.stringify(this.source.snapshot().connections);
    await until(`${times} connections ended: ${reason}`, () => this.outcome(reason) === times, {
      withinMs: 4_000,
      show,
    });
    this.#t.pass();
  }

  async delivers(expected: string): Promise<void> {
    await until(
      `the log holds ${expected.length} bytes`,
      async () => (await this.events()).length >= expected.length,
      {
        show: () => JSON.stringify(this.lines.slice(-5)),
      },
    );
    this.#t.is((await this.events()).toString(), expected);
  }

  conserves(): void {
    const { read, appended, suppressed, quarantined, refused, held } = this.source.snapshot();
    for (const unit of ['events', 'bytes'] as const) {
      const parts = [appended, suppressed, quarantined, refused, held].map((tally) => tally[unit]);
      this.#t.is(
        read[unit],
        parts.reduce((sum, part) => sum + part, 0),
        `conservation of ${unit}`,
      );
    }
    this.#t.is(appended.bytes, this.log.facts().appended.bytes);
  }
}

/** One connection; everything it does is deliberate. */
export class Peer {
  readonly socket: net.Socket;
  readonly #frames: Frame[] = [];
  readonly closed: Promise<unknown>;
  isClosed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    const parser = new FrameParser({ messageBytesMax: 65_536, batchBytesMax: 0 });
    socket.on('data', (chunk: Buffer) => {
      for (const { header, body } of parser.push(chunk))
        this.#frames.push({ header, body: Buffer.from(body) });
    });
    // a reset is an end like any other here
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', resolve)).then(() => {
      this.isClosed = true;
    });
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  async greet(hello: Hello): Promise<Welcome> {
    this.write(encodeMessage(FrameType.hello, hello));
    const frame = await this.frame(FrameType.welcome);
    return parseWelcome(frame);
  }

  /** Says that it is alive, as a good sender does, until it is closed. */
  beat(): void {
    const timer = setInterval(() => this.write(encodeHeader({ type: FrameType.beat })), 50);
    this.socket.once('close', () => clearInterval(timer));
  }

  /** A batch of these events from an offset on; `wrong` overrides what its header says. */
  batch(from: number, events: string, wrong: Partial<FrameHeader> = {}): void {
    this.write(batchOf(from, events, wrong));
  }

  async acknowledged(to: number): Promise<void> {
    await until(`acknowledged up to ${to}`, () =>
      this.#frames.some(({ header }) => header.type === FrameType.ack && header.to >= to),
    );
  }

  /** The first frame of a type; it stays for others to see. */
  async frame(type: FrameType): Promise<Frame> {
    return await until(
      `a frame of type ${type}`,
      () => this.#frames.find(({ header }) => header.type === type),
      { withinMs: 4_000, show: () => JSON.stringify({ closed: this.isClosed, frames: this.#frames }) },
    );
  }

  /** Bytes that it may have sent, by what it was told last. */
  get credit(): number {
    return Math.max(0, ...this.#frames.map(({ header }) => header.credit));
  }

  /** Heartbeats that said that the log is full. */
  get beatsBlocked(): number {
    const isBlocked = ({ type, flags }: FrameHeader) =>
      type === FrameType.beat && (flags & BEAT_BLOCKED) !== 0;
    return this.#frames.filter(({ header }) => isBlocked(header)).length;
  }

  async refusal(): Promise<Refusal> {
    return parseRefusal(await this.frame(FrameType.refuse));
  }
}

export function batchOf(from: number, events: string, wrong: Partial<FrameHeader> = {}): Buffer {
  const body = Buffer.from(events);
  const header = {
    type: FrameType.batch,
    from,
    to: from + body.length,
    bodyBytes: body.length,
    events: countEvents(body),
    crc: crc32(body),
    sequence: 1,
    ...wrong,
  };
  return Buffer.concat([encodeHeader(header), body]);
}

export function helloFrom(more: Partial<Hello> = {}): Hello {
  return {
    protocol: 1,
    protocolMin: 1,
    stream: randomBytes(16).toString('hex'),
    lane: 'receiver',
    epoch: 1,
    session: 1,
    start: 0,
    end: 1_000_000,
    mode: 'contiguous',
    instance: 'sender',
    version: '0',
    ...more,
  };
}
