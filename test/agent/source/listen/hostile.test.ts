// Hostile bytes by the thousand against a live listener with a real log behind it. SPILLWAY_HOSTILE_FRAMES sets how
// many frames (`npm run test:hostile` sends a million), SPILLWAY_SEED begins again where a failure was seen.

import { randomInt } from 'node:crypto';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { encodeMessage, FrameType } from '../../../../agent/wire/frame.ts';
import { eventsBehind } from '../event-log.ts';
import { randomFrom } from '../random.ts';
import { until } from '../until.ts';
import { goodFrames, hostileCase, type Random, sessionOf, takes } from './hostile.ts';
import { Listening } from './listening.ts';

const FRAMES = Number(process.env['SPILLWAY_HOSTILE_FRAMES'] ?? 10_000);
const SEED = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
const ROUND_FRAMES = 25_000;
const ABREAST = 32;
/** What all rounds may leave behind in memory: garbage that is not collected yet, not something that is kept. */
const GROWTH_BYTES_MAX = 256 * 2 ** 20;

/** Reasons in docs/formats.md that such bytes may have; `internal` would be a mistake of ours. */
const REASONS = new Set(
  `not-spillway header-checksum body-checksum frame-type oversized number-range handshake handshake-timeout
  protocol-version batch-range batch-torn event-count gap skip-range unexpected-frame credit compression unsupported stale-session
  disconnected socket-error superseded bye peer-timeout`.split(/\s+/),
);

class Client {
  readonly #socket: net.Socket;
  readonly #answered = Promise.withResolvers<void>();
  readonly closed: Promise<unknown>;
  welcomed = false;

  constructor(address: { host: string; port: number }) {
    this.#socket = net.connect(address);
    this.closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.on('error', () => undefined);
    let begun = Buffer.alloc(0);
    this.#socket.on('data', (chunk: Buffer) => {
      if (begun.length < 4_096) begun = Buffer.concat([begun, chunk]);
      // heartbeats come before the answer, many of them where the log is slow
      while (begun.length >= 64 && begun[2] === FrameType.beat) begun = begun.subarray(64);
      const type = begun[2];
      if (type === undefined || type === FrameType.beat) return;
      this.welcomed = type === FrameType.welcome;
      this.#answered.resolve();
    });
    this.#socket.once('close', () => this.#answered.resolve());
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Resolves when it is greeted, refused or closed; where nobody may do any of that, after a time. */
  async answered(ms?: number): Promise<void> {
    const timer = ms === undefined ? undefined : setTimeout(() => this.#answered.resolve(), ms);
    await this.#answered.promise;
    clearTimeout(timer);
  }

  async end(): Promise<void> {
    this.#socket.end();
    await this.closed;
  }
}

interface Round {
  readonly listening: Listening;
  readonly random: Random;
  /** Of the last case. */
  number: number;
  connections: number;
  frames: number;
  events: number;
  /** What this round is to bring, in any order of its cases. */
  readonly expected: string[];
}

type Cases = ReadonlyMap<string, string[]>;

async function one(round: Round, number: number): Promise<void> {
  const { kind, hello, rest, atOnce, frames, arrives } = hostileCase(round.random, number);
  const client = new Client(round.listening.source.address);
  round.connections++;
  round.frames += frames;
  client.write(atOnce ? Buffer.concat([hello, rest]) : hello);
  if (!atOnce) {
    // half of a hello is answered by nobody
    if (kind !== 'hello') await client.answered();
    else await client.answered(50);
    client.write(rest);
  }
  await client.end();
  if (client.welcomed) round.expected.push(...arrives);
}

/** Two connections at one lane: the newer takes over wherever the older is, and every byte arrives once. */
async function two(round: Round, number: number): Promise<void> {
  const frames = goodFrames(round.random, number);
  const cut = Math.floor(round.random() * frames.length);
  const [older, newer] = [1, 2].map((session) => {
    const client = new Client(round.listening.source.address);
    return { client, hello: encodeMessage(FrameType.hello, sessionOf(number, session)) };
  }) as [{ client: Client; hello: Buffer }, { client: Client; hello: Buffer }];
  round.connections += 2;
  round.frames += 2 * frames.length + 2;
  older.client.write(older.hello);
  await older.client.answered();
  older.client.write(Buffer.concat(frames.slice(0, cut)));
  newer.client.write(newer.hello);
  older.client.write(Buffer.concat(frames.slice(cut)));
  await newer.client.answered();
  // what is there already is suppressed
  newer.client.write(Buffer.concat(frames));
  await Promise.all([older.client.end(), newer.client.end()]);
  round.expected.push(...takes(Buffer.concat(frames)));
}

/** The events by the connection they came from, in their order; those that do not say by which, sorted. */
function byCase(events: readonly string[]): Cases {
  const cases = new Map<string, string[]>();
  for (const event of events) {
    const key = /^c\d+ \d+\.\d+ /.test(event) ? event.slice(0, event.indexOf(' ')) : '';
    cases.get(key)?.push(event) ?? cases.set(key, [event]);
  }
  cases.get('')?.sort();
  return new Map([...cases].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sends so many frames, and looks at what became of them. */
async function runRound(t: ExecutionContext, round: Round, framesMax: number): Promise<void> {
  const { listening, random } = round;
  const before = { frames: round.frames, bytes: listening.log.facts().appended.bytes };
  round.expected.length = 0;
  const lane = async () => {
    while (round.frames - before.frames < framesMax) {
      round.number++;
      if (random() < 0.05) await two(round, round.number);
      else await one(round, round.number);
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, lane));
  const ended = () => {
    const { accepted = 0, ...reasons } = listening.source.snapshot().connections ?? {};
    return { accepted, total: Object.values(reasons).reduce((sum, count) => sum + count, 0) };
  };
  await until('every connection has ended for a reason', () => ended().total === round.connections, {
    show: () => JSON.stringify([round.connections, listening.source.snapshot().connections]),
  });
  await until('all that was taken is in the log', () => listening.source.snapshot().held.bytes === 0);
  t.is(ended().accepted, round.connections);
  const events = await eventsBehind(listening.logDir, before.bytes);
  const [got, expected] = [events.toString('latin1').split('\n').slice(0, -1), round.expected].map(
    byCase,
  ) as [Cases, Cases];
  const differs = [...new Set([...got.keys(), ...expected.keys()])].filter(
    (key) => got.get(key)?.join('\n') !== expected.get(key)?.join('\n'),
  );
  t.deepEqual(
    differs.slice(0, 3).map((key) => ({ key, got: got.get(key), expected: expected.get(key) })),
    [],
    `seed ${SEED}; ${JSON.stringify(listening.source.snapshot().connections)}`,
  );
  round.events += round.expected.length;
}

test(`${FRAMES} hostile frames: no crash, every end counted, and the log holds what valid frames brought`, async (t) => {
  t.timeout(60_000 + FRAMES);
  t.log(`SPILLWAY_SEED=${SEED}`);
  let clockMs = Date.now();
  const limits = { connectionsMax: 2 * ABREAST + 8, handshakeTimeoutMs: 30_000, peerTimeoutMs: 60_000 };
  const listening = await Listening.open(
    t,
    // a sender that has left is one that may be forgotten
    { ...limits, peersMax: 2_000, peerForgetMs: 1, now: () => (clockMs += 100_000) },
    { capBytes: 2 ** 31, keepBytes: 2 ** 31, segmentBytes: 2 ** 24 },
  );
  const random = randomFrom(SEED);
  const round = { listening, random, number: 0, connections: 0, frames: 0, events: 0, expected: [] };
  let rssAfterFirst = 0;
  while (round.frames < FRAMES) {
    await runRound(t, round, Math.min(ROUND_FRAMES, FRAMES - round.frames));
    const { rss } = process.memoryUsage();
    if (rssAfterFirst === 0) rssAfterFirst = rss;
    t.true(rss < rssAfterFirst + GROWTH_BYTES_MAX, `${rss} bytes, after the first round ${rssAfterFirst}`);
  }
  const ends = Object.entries(listening.source.snapshot().connections ?? {}).sort(([, a], [, b]) => b - a);
  for (const [reason] of ends) {
    t.true(reason === 'accepted' || REASONS.has(reason), `${reason}; seed ${SEED}`);
  }
  listening.conserves();
  t.log(`${round.frames} frames, ${round.connections} connections, ${round.events} events arrived`);
  t.log(JSON.stringify(Object.fromEntries(ends)));
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  t.log(`memory ${mib(process.memoryUsage().rss)}, after the first round ${mib(rssAfterFirst)}`);
});
