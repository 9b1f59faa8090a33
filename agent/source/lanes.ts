// Which senders a listener remembers, at most peersMax of them.
//
// Who is forgotten and comes back is taken for new: it begins its epoch again, and what it had sent is here twice. So
// only two kinds are forgotten to make room: those that never sent anything, and those that were not here for
// peerForgetMs. Where neither is found, the new one is refused; it keeps what it has, and asks again.

import type { EventLog } from '../log/log.ts';
import type { SourceState } from '../log/sources.ts';
import type { Hello } from '../wire/handshake.ts';
import { Lane } from './lane.ts';

export interface LanesOptions {
  /** Of the listen source. */
  readonly name: string;
  readonly peersMax: number;
  readonly peerForgetMs: number;
  /** The wall clock; sources are remembered with its time. */
  readonly now?: () => number;
}

/** After a start, who was connected before gets this long to come back before anyone is forgotten for its age. */
const RETURN_MS = 60_000;

export class Lanes {
  readonly #log: EventLog;
  readonly #options: LanesOptions;
  readonly #now: () => number;
  readonly #openedMs: number;
  readonly #lanes = new Map<string, Lane>();
  #refusedAtMs: number | null = null;
  readonly #leaving = new Set<SourceState>();
  /** One sender after the other is made known: two that make room at once would forget the same one. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(log: EventLog, options: LanesOptions) {
    this.#log = log;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#openedMs = this.#now();
  }

  /** When a sender was last refused because there are too many. */
  get refusedAtMs(): number | null {
    return this.#refusedAtMs;
  }

  /** The lane of a hello, or null where there are peersMax others in use. */
  of(hello: Hello): Lane | null {
    const { name, peersMax } = this.#options;
    const key = `lane:${name}:${hello.stream}:${hello.lane}:${hello.epoch}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    if (this.#lanes.size >= peersMax) this.#forgetIdle();
    if (this.#lanes.size >= peersMax) return this.#refuse();
    const lane = new Lane(key);
    this.#lanes.set(key, lane);
    return lane;
  }

  /**
   * What the log has of a lane, made known to it where it is new. An older epoch of the same lane is forgotten.
   * @returns null where peersMax others must be remembered
   */
  async source(lane: Lane, hello: Hello): Promise<{ source: SourceState; isNew: boolean } | null> {
    const known = this.#log.findSource(lane.key);
    if (known !== undefined && !this.#leaving.has(known)) return { source: known, isNew: false };
    const defined = this.#turn.then(() => this.#define(lane, hello));
    this.#turn = defined.catch(() => undefined);
    return await defined;
  }

  async #define(lane: Lane, hello: Hello): Promise<{ source: SourceState; isNew: boolean } | null> {
    const { name: owner, peersMax } = this.#options;
    const known = this.#log.findSource(lane.key);
    if (known !== undefined) return { source: known, isNew: false };
    for (const other of this.#log.sourcesOf(owner)) {
      const { stream, lane: name, epoch } = other.identity;
      if (stream === hello.stream && name === hello.lane && Number(epoch) < hello.epoch) {
        await this.#forget(other);
      }
    }
    await this.#makeRoom();
    if (this.#log.sourcesOf(owner).length >= peersMax) return this.#refuse();
    const source = this.#log.defineSource({
      owner,
      key: lane.key,
      identity: { stream: hello.stream, lane: hello.lane, epoch: hello.epoch, instance: hello.instance },
      position: hello.start,
    });
    return { source, isNew: true };
  }

  /** Who comes back meanwhile is taken for new. */
  async #forget(source: SourceState): Promise<void> {
    this.#leaving.add(source);
    try {
      await this.#log.forgetSource(source);
    } finally {
      this.#leaving.delete(source);
    }
  }

  async #makeRoom(): Promise<void> {
    const sources = this.#log.sourcesOf(this.#options.name);
    const surplus = sources.length + 1 - this.#options.peersMax;
    if (surplus <= 0) return;
    const forgettable = sources
      .filter((source) => this.#isForgettable(source))
      .sort((a, b) => Number(hasSent(a)) - Number(hasSent(b)) || a.seenMs - b.seenMs);
    for (const source of forgettable.slice(0, surplus)) {
      // it may have come back while others were forgotten
      if (!this.#isForgettable(source)) continue;
      await this.#forget(source);
    }
  }

  #isForgettable(source: SourceState): boolean {
    const lane = this.#lanes.get(source.key);
    if (lane !== undefined && !lane.idle) return false;
    if (!hasSent(source)) return true;
    const now = this.#now();
    const lastHereMs = Math.max(source.seenMs, lane?.leftAtMs ?? 0);
    return now - lastHereMs > this.#options.peerForgetMs && now - this.#openedMs > RETURN_MS;
  }

  #refuse(): null {
    this.#refusedAtMs = this.#now();
    return null;
  }

  #forgetIdle(): void {
    for (const [key, lane] of this.#lanes) {
      if (lane.idle) {
        this.#lanes.delete(key);
        return;
      }
    }
  }
}

/** Whether it has anything here that it would send again. */
function hasSent(source: SourceState): boolean {
  return source.events > 0;
}
