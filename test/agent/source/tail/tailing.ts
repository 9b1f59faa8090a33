// A tail over a real directory into a real log, opened, closed and opened again as an agent would.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Disk, realDisk } from '../../../../agent/log/disk.ts';
import type { EventLog, LogOptions } from '../../../../agent/log/log.ts';
import { realSpool, type Spool } from '../../../../agent/source/tail/after-read.ts';
import { type TailOptions, TailSource } from '../../../../agent/source/tail/tail.ts';
import { captureLogger } from '../captured-logger.ts';
import { eventsIn, openLog, temporaryDirectory } from '../event-log.ts';
import { until } from '../until.ts';

/** Short intervals, so that what takes seconds in production takes milliseconds here. */
const OPTIONS = {
  name: 'events',
  include: ['*.log'],
  exclude: [],
  readBytesMax: 64 * 1024,
  pollMs: 2,
  idlePollMs: 20,
  rescanMs: 50,
  activeMs: 150,
  openFilesMax: 64,
  eventBytesMax: 4096,
  startAt: 'oldest',
  afterRead: 'keep',
  deleteIdleMs: 100,
  deleteExcept: [],
} as const;

export class Tailing {
  readonly spool: string;
  readonly logDir: string;
  readonly lines: ReturnType<typeof captureLogger>['lines'];
  readonly #captured: ReturnType<typeof captureLogger>;
  readonly #options: TailOptions;
  readonly #logOptions: Partial<LogOptions>;
  readonly #t: ExecutionContext;
  #log: EventLog | null = null;
  #tail: TailSource | null = null;

  private constructor(
    t: ExecutionContext,
    dir: string,
    options: Partial<TailOptions>,
    logOptions: Partial<LogOptions>,
  ) {
    this.#t = t;
    this.spool = join(dir, 'spool');
    this.logDir = join(dir, 'log');
    this.#options = { ...OPTIONS, dir: this.spool, ...options };
    this.#logOptions = logOptions;
    this.#captured = captureLogger();
    this.lines = this.#captured.lines;
  }

  /** With an empty spool; nothing runs before `start`. */
  static async prepare(
    t: ExecutionContext,
    options: Partial<TailOptions> = {},
    logOptions: Partial<LogOptions> = {},
  ): Promise<Tailing> {
    const tailing = new Tailing(t, await temporaryDirectory(t), options, logOptions);
    await mkdir(tailing.spool);
    t.teardown(() => tailing.stop());
    return tailing;
  }

  async start(disk: Disk = realDisk, spool: Spool = realSpool): Promise<void> {
    const log = await openLog(this.logDir, this.#logOptions, disk);
    log.holders.startRetention();
    this.#log = log;
    this.#tail = new TailSource(this.#options, log, this.#captured.logger, spool);
    this.#tail.start();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const [tail, log] = [this.#tail, this.#log];
    this.#tail = null;
    this.#log = null;
    await tail?.close();
    await log?.close();
  }

  get log(): EventLog {
    if (this.#log === null) throw new Error('the tail is not started');
    return this.#log;
  }

  get source(): TailSource {
    if (this.#tail === null) throw new Error('the tail is not started');
    return this.#tail;
  }

  path(name: string): string {
    return join(this.spool, name);
  }

  events(): Promise<Buffer> {
    return eventsIn(this.logDir);
  }

  said(message: string): number {
    return this.lines.filter(({ msg }) => msg === message).length;
  }

  /** Resolves when the log holds exactly these bytes; what it holds instead is in the error. */
  async delivers(expected: string | Buffer, withinMs = 10_000): Promise<void> {
    const wanted = Buffer.from(expected);
    let seen: Buffer = Buffer.alloc(0);
    await until(
      `${wanted.length} bytes delivered`,
      async () => {
        seen = await this.events();
        return seen.equals(wanted);
      },
      {
        withinMs,
        show: () =>
          `${seen.length} bytes, of ${wanted.length}, the same up to ${sameUntil(seen, wanted)}: ${JSON.stringify(seen.toString('latin1').slice(0, 300))}; ${JSON.stringify(this.lines.slice(-5))}`,
      },
    );
    this.#t.pass();
  }

  /** read = appended + suppressed + quarantined + refused + held, of events and of bytes. */
  conserves(): void {
    const t = this.#t;
    const { read, appended, suppressed, quarantined, refused, held } = this.source.snapshot();
    for (const unit of ['events', 'bytes'] as const) {
      const parts = [appended, suppressed, quarantined, refused, held].map((tally) => tally[unit]);
      t.is(
        read[unit],
        parts.reduce((sum, part) => sum + part, 0),
        `conservation of ${unit}`,
      );
    }
    t.is(appended.bytes, this.log.facts().appended.bytes);
    t.is(appended.events, this.log.facts().appended.events);
  }
}

function sameUntil(a: Buffer, b: Buffer): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}
