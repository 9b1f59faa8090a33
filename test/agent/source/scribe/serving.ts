// A Scribe source on a real port before a real log.

import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Disk } from '../../../../agent/log/disk.ts';
import type { EventLog, LogOptions } from '../../../../agent/log/log.ts';
import { ScribeSource, type ScribeSourceOptions } from '../../../../agent/source/scribe/scribe.ts';
import { FrameReader } from '../../../../agent/wire/scribe/frames.ts';
import { LogCallWriter, readLogReply } from '../../../../agent/wire/scribe/log-call.ts';
import { captureLogger } from '../captured-logger.ts';
import { eventsIn, openLog, temporaryDirectory } from '../event-log.ts';
import { until } from '../until.ts';

const OPTIONS: ScribeSourceOptions = {
  name: 'scribe',
  instance: 'receiver',
  version: '0.1',
  address: { host: '127.0.0.1', port: 0 },
  categories: ['cpu'],
  others: 'take',
  connectionsMax: 16,
  callsMax: 8,
  frameBytesMax: 65_536,
  messagesMax: 10_000,
  frameTimeoutMs: 500,
  windowBytes: 131_072,
  waitMs: 30,
  eventBytesMax: 1_024,
  batchBytesMax: 16_384,
};

export class Serving {
  readonly logDir: string;
  readonly log: EventLog;
  readonly source: ScribeSource;
  readonly #t: ExecutionContext;
  reloads = 0;

  private constructor(
    t: ExecutionContext,
    { log, logDir, options }: { log: EventLog; logDir: string; options: Partial<ScribeSourceOptions> },
  ) {
    this.#t = t;
    this.log = log;
    this.logDir = logDir;
    const onReload = () => {
      this.reloads++;
    };
    this.source = new ScribeSource(
      { ...OPTIONS, ...options },
      { log, logger: captureLogger().logger, onReload },
    );
  }

  static async open(
    t: ExecutionContext,
    options: Partial<ScribeSourceOptions> = {},
    { log: logOptions = {}, disk }: { log?: Partial<LogOptions>; disk?: Disk } = {},
  ): Promise<Serving> {
    const logDir = join(await temporaryDirectory(t), 'log');
    const log = await openLog(logDir, logOptions, disk);
    log.holders.startRetention();
    const serving = new Serving(t, { log, logDir, options });
    await serving.source.open();
    t.teardown(async () => {
      await serving.source.close();
      await log.close();
    });
    return serving;
  }

  async connect(): Promise<RawClient> {
    return new RawClient(await this.socket());
  }

  /** For who does not look at the answers. */
  async socket(): Promise<net.Socket> {
    const socket = net.connect(this.source.address);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    this.#t.teardown(() => socket.destroy());
    return socket;
  }

  async text(): Promise<string> {
    return (await eventsIn(this.logDir)).toString('latin1');
  }

  of(name: string) {
    const snapshot = this.source.snapshots().find((one) => one.name === name);
    if (snapshot === undefined) throw new Error(`there is no source ${name}`);
    return snapshot;
  }

  /** Resolves when so many connections have ended for this reason. */
  async counts(reason: string, times = 1): Promise<void> {
    const outcomes = () => this.of('scribe').connections ?? {};
    await until(`${times} connections ended: ${reason}`, () => outcomes()[reason] === times, {
      withinMs: 4_000,
      show: () => JSON.stringify(outcomes()),
    });
    this.#t.pass();
  }

  conserves(): void {
    for (const { name, read, appended, suppressed, quarantined, refused, held } of this.source.snapshots()) {
      for (const unit of ['events', 'bytes'] as const) {
        const sum = appended[unit] + suppressed[unit] + quarantined[unit] + refused[unit] + held[unit];
        this.#t.is(read[unit], sum, `conservation of ${unit} of ${name}`);
      }
    }
    const appended = this.source.snapshots().reduce((sum, one) => sum + one.appended.bytes, 0);
    this.#t.is(appended, this.log.facts().appended.bytes);
  }
}

/** Says bytes, and hears answers to Log calls. */
export class RawClient {
  readonly socket: net.Socket;
  readonly answers: number[] = [];
  readonly #writer = new LogCallWriter(256);
  #sequence = 0;
  #heard = 0;

  constructor(socket: net.Socket) {
    this.socket = socket;
    const frames = new FrameReader({ frameBytesMax: 65_536 });
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (const { bytes } of frames.push(chunk)) this.answers.push(readLogReply(bytes, this.#heard++));
    });
  }

  /** The frame of the next call. */
  frame(messages: readonly (string | Buffer)[], category = 'other'): Buffer {
    this.#writer.begin(category, this.#sequence++);
    for (const message of messages) {
      const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
      this.#writer.add(bytes, 0, bytes.length);
    }
    return Buffer.from(this.#writer.finish());
  }

  /** Makes a call; gives its answer. */
  async log(messages: readonly (string | Buffer)[], category = 'other'): Promise<number> {
    const index = this.#sequence;
    this.socket.write(this.frame(messages, category));
    await until(`an answer to call ${index}`, () => this.answers.length > index);
    return this.answers[index] ?? -1;
  }
}
