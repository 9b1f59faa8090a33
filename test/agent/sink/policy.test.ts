// What gives way when nobody takes the bytes: counted to the event, within the limits, over restarts.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { EventLog, type LogOptions } from '../../../agent/log/log.ts';
import type { SourceState } from '../../../agent/log/sources.ts';
import { LagPolicy, type LagPolicyOptions } from '../../../agent/sink/policy.ts';
import { Position } from '../../../agent/sink/position.ts';

const SEGMENT_BYTES = 64 * 1024;
const CAP_BYTES = 2 * 1024 * 1024;
const LINE = `${'m'.repeat(99)}\n`;
const BATCH = Buffer.from(LINE.repeat(100));

class Lagging {
  readonly dir: string;
  readonly log: EventLog;
  readonly position: Position;
  readonly policy: LagPolicy;
  readonly source: SourceState;

  private constructor(dir: string, log: EventLog, position: Position, policy: LagPolicy) {
    this.dir = dir;
    this.log = log;
    this.position = position;
    this.policy = policy;
    this.source =
      log.findSource('k') ?? log.defineSource({ owner: 'o', key: 'k', identity: {}, position: 0 });
  }

  static async open(dir: string, options: LagPolicyOptions, now = Date.now): Promise<Lagging> {
    const log = await EventLog.open(logOptions(dir), undefined, now);
    const position = await Position.open(log, 'd', 'oldest');
    const policy = new LagPolicy(options, log, position);
    log.holders.startRetention();
    policy.start();
    return new Lagging(dir, log, position, policy);
  }

  async append(): Promise<void> {
    const { source } = this;
    const from = source.position;
    const end = from + BATCH.length;
    const append = { source, from, end, chunks: [BATCH], bytes: BATCH.length, events: 100, sequence: 0 };
    await this.log.append({ ...append, crc: crc32(BATCH) });
  }

  #at = 0;
  /** A batch of one event of a hundred bytes: its journal record is as large. */
  appendSmall(): Promise<void> {
    const { source } = this;
    const bytes = Buffer.from(LINE);
    const from = this.#at;
    this.#at += bytes.length;
    const append = {
      source,
      from,
      end: this.#at,
      chunks: [bytes],
      bytes: bytes.length,
      events: 1,
      sequence: 0,
    };
    return this.log.append({ ...append, crc: crc32(bytes) });
  }

  async close(): Promise<void> {
    await this.policy.close();
    await this.position.close();
    await this.log.close();
  }
}

function logOptions(dir: string): LogOptions {
  return {
    dir,
    durability: 'os',
    segmentBytes: SEGMENT_BYTES,
    journalBytesMax: 64 * 1024,
    capBytes: CAP_BYTES,
    reserveBytes: 0,
    keepBytes: 0,
    keepAgeMs: 86_400_000,
    pendingBytesMax: 1024 * 1024,
  };
}

function closes(t: ExecutionContext, { position }: Lagging): void {
  const { appended, acknowledged, buffered, dropped, skipped } = position.tallies();
  const given = [...Object.values(dropped), ...Object.values(skipped)];
  for (const what of ['events', 'bytes'] as const) {
    const out = given.reduce((sum, counts) => sum + counts[what], 0);
    t.is(appended[what], acknowledged[what] + buffered[what] + out, `conservation of ${what}`);
  }
}

async function inFolder(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-policy-'));
  try {
    await run(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const BATCHES = 600; // 6 MB: three times the cap

for (const policy of ['dropOldest', 'dropNewest'] as const) {
  test(`${policy}: intake goes on past the cap, the lag stays within its limit, and what is dropped is counted`, async (t) => {
    await inFolder(async (dir) => {
      const options = { policy, lagBytesMax: 500_000, maxAgeMs: 0 };
      const lagging = await Lagging.open(dir, options);
      for (let index = 0; index < BATCHES; index++) {
        await lagging.append();
        t.true(lagging.log.facts().bytes <= CAP_BYTES);
        closes(t, lagging);
      }
      await lagging.policy.close();
      const { position } = lagging;
      t.true(position.lagBytes <= 500_000 + 2 * BATCH.length, `lag of ${position.lagBytes}`);
      t.true(position.lagBytes >= 300_000, 'no more is dropped than must be');
      const [first] = position.gaps;
      const oldest = policy === 'dropOldest';
      t.is(first?.from.offset === 0, oldest, 'the right end is dropped');
      const before = position.tallies();
      await lagging.close();
      const again = await Lagging.open(dir, options);
      t.deepEqual(again.position.tallies(), before, 'a restart counts the same');
      closes(t, again);
      await again.close();
    });
  });
}

for (const policy of ['dropOldest', 'dropNewest'] as const) {
  test(`${policy}: small batches, and a second destination that lags as well, do not stop intake`, async (t) => {
    await inFolder(async (dir) => {
      const options = { policy, lagBytesMax: CAP_BYTES - 2 * SEGMENT_BYTES, maxAgeMs: 0 };
      const lagging = await Lagging.open(dir, options);
      const second = await Position.open(lagging.log, 'second', 'oldest');
      const secondPolicy = new LagPolicy(options, lagging.log, second);
      secondPolicy.start();
      for (let index = 0; index < 300; index++) {
        await Promise.all(Array.from({ length: 100 }, () => lagging.appendSmall()));
        t.true(lagging.log.facts().bytes <= CAP_BYTES);
      }
      t.is(lagging.log.end.events, 30_000);
      for (const position of [lagging.position, second]) {
        const { dropped, buffered, acknowledged } = position.tallies();
        t.true((dropped[policy]?.events ?? 0) > 0);
        t.is(acknowledged.events, 0);
        t.is(buffered.events + (dropped[policy]?.events ?? 0), 30_000);
      }
      await secondPolicy.close();
      await second.close();
      await lagging.close();
    });
  });
}

test('block: the cap holds and nothing is dropped', async (t) => {
  await inFolder(async (dir) => {
    const lagging = await Lagging.open(dir, { policy: 'block', lagBytesMax: 500_000, maxAgeMs: 0 });
    let settled = 0;
    const appends: Promise<void>[] = [];
    for (let index = 0; index < 60; index++) await lagging.append();
    t.deepEqual(lagging.position.gaps, []);
    for (let index = 0; index < 3; index++) {
      while (lagging.log.facts().state === 'ok' && settled === appends.length && settled < BATCHES) {
        const append = lagging.append().then(() => {
          settled++;
        });
        appends.push(append);
        await Promise.race([append, new Promise((resolve) => setTimeout(resolve, 200))]);
      }
    }
    t.is(lagging.log.facts().state, 'full');
    t.true(lagging.log.facts().bytes <= CAP_BYTES);
    t.deepEqual(lagging.position.gaps, []);
    const closed = Promise.allSettled(appends);
    await lagging.close();
    await closed;
  });
});

test('maxAge: batches that waited longer are dropped, and counted', async (t) => {
  await inFolder(async (dir) => {
    let wall = 1_700_000_000_000;
    const lagging = await Lagging.open(
      dir,
      { policy: 'block', lagBytesMax: 1_500_000, maxAgeMs: 60_000 },
      () => wall,
    );
    for (let index = 0; index < 10; index++) await lagging.append();
    wall += 61_000;
    await lagging.append();
    await until(() => lagging.position.gaps.length > 0);
    const [gap] = lagging.position.gaps;
    t.deepEqual([gap?.from.events, gap?.to.events, gap?.reason], [0, 1000, 'maxAge']);
    t.is(lagging.position.tallies().buffered.events, 100);
    closes(t, lagging);
    await lagging.close();
  });
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not come about in 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
