// What the sources and one destination of an agent do to its log, in small: several feeds at once with appends on
// their way, quarantined events, feeds that end and are forgotten, a cursor that follows and lets segments go.
// Sources keep the contract: what is rejected is read again from the source's position, once all of it has settled.

import { setImmediate as turn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { CursorFile, CursorState } from '../../../agent/log/cursor.ts';
import type { EventLog } from '../../../agent/log/log.ts';
import { Feed } from './feed.ts';
import { below, type Random } from './random.ts';

export const OWNER = 'feeds';
const FEED_EVENTS = 24;
const UNDER_WAY_MAX = 4;

/** What one run of the log was told is safe; it outlives the runs. */
export interface Promised {
  /** Ends of what each feed was told is durable, by name. */
  readonly acknowledged: Map<string, number>;
  /** Feeds whose forgetting was begun; the log may know them or not. */
  readonly leaving: Set<string>;
  /** Every feed there ever was. */
  readonly feeds: Map<string, Feed>;
  /** Where the cursor was written last, and where it may be. */
  cursor: number;
  cursorWritten: number;
}

export function nothingPromised(): Promised {
  return { acknowledged: new Map(), leaving: new Set(), feeds: new Map(), cursor: 0, cursorWritten: 0 };
}

export interface Work {
  readonly random: Random;
  readonly promised: Promised;
  /** Feeds that may be at work at once, and how many there may be in all. */
  readonly lanes: number;
  readonly feedsMax: number;
  /** True once nothing that is awaited will ever come. */
  readonly over: () => boolean;
}

export async function openCursor(log: EventLog): Promise<{ file: CursorFile; state: CursorState }> {
  const zero = { offset: 0, events: 0 };
  return log.cursors.open('sink', () => ({
    version: 1,
    destination: 'sink',
    stream: log.stream,
    epoch: 1,
    epochStart: zero,
    session: 0,
    start: zero,
    position: zero,
    last: null,
    skipped: {},
    dropped: {},
    gaps: [],
  }));
}

/** Feeds the log until the feeds are used up. */
export async function work(log: EventLog, given: Work): Promise<void> {
  const { promised, lanes, feedsMax, over } = given;
  const { file, state } = await openCursor(log);
  promised.cursor = Math.min(promised.cursor, state.position.offset);
  let durable = Math.min(state.position.offset, log.end.offset);
  const release = log.holders.add({ wants: (_, to) => to > durable });
  log.holders.startRetention();
  let busy = lanes;
  const runs = Array.from({ length: lanes }, async (_, lane) => {
    for (let round = 0; round < feedsMax; round++) await runFeed(log, `feed-${lane}-${round}`, given);
    busy--;
  });
  const follow = async () => {
    while (busy > 0 && !over()) {
      for (let pause = 0; pause < 6; pause++) await turn();
      const position = log.end;
      if (position.offset === durable) continue;
      promised.cursorWritten = Math.max(promised.cursorWritten, position.offset);
      await file.write({ ...state, position }).then(
        () => {
          durable = position.offset;
          promised.cursor = position.offset;
          log.cursorMoved();
        },
        () => undefined,
      );
    }
  };
  await Promise.all([...runs, follow()]);
  release();
  await file.close();
}

async function runFeed(log: EventLog, name: string, { random, promised, over }: Work): Promise<void> {
  const feed = promised.feeds.get(name) ?? new Feed(name, FEED_EVENTS);
  if (promised.leaving.has(name)) return;
  promised.feeds.set(name, feed);
  let source = log.findSource(name);
  let readAt = source?.position ?? 0;
  let underWay = 0;
  let rewind = false;
  while (!over() && (readAt < feed.end || underWay > 0)) {
    const piece = rewind ? null : feed.next(readAt, 1 + below(random, 5));
    if (piece === null || underWay >= UNDER_WAY_MAX) {
      await turn();
      if (rewind && underWay === 0) {
        rewind = false;
        readAt = source?.position ?? 0;
        while (log.facts().state === 'failing' && !over()) await turn();
      }
      continue;
    }
    source ??= log.defineSource({ owner: OWNER, key: name, identity: { name }, position: 0 });
    const { from, end, events, bytes } = piece;
    readAt = end;
    underWay++;
    const commit =
      piece.outcome === 'appended'
        ? log.append({
            source,
            from,
            end,
            events,
            chunks: halves(bytes),
            bytes: bytes.length,
            crc: crc32(bytes),
            sequence: from,
          })
        : log.progress(source, {
            outcome: 'quarantined',
            reason: 'test',
            from,
            end,
            events,
            bytes: bytes.length,
          });
    commit.then(
      () => {
        underWay--;
        promised.acknowledged.set(name, Math.max(end, promised.acknowledged.get(name) ?? 0));
      },
      () => {
        underWay--;
        rewind = true;
      },
    );
    if (random() < 0.3) await turn();
  }
  if (source === undefined || over() || random() < 0.5) return;
  promised.leaving.add(name);
  await log.forgetSource(source).catch(() => undefined);
}

function halves(bytes: Buffer): Buffer[] {
  const middle = bytes.length >> 1;
  return [bytes.subarray(0, middle), bytes.subarray(middle)];
}
