// One sender's lane as its receiver knows it: where it is, who may append to it, what is not committed yet.
//
// A lane outlives its connections. Only the connection with the highest session appends; a newer one takes the lane
// over once all that the older one handed to the log has settled, so that `has` in the welcome is the truth.

import type { EventLog } from '../log/log.ts';
import type { SourceState } from '../log/sources.ts';
import type { Hello } from '../wire/handshake.ts';

export interface LaneHolder {
  /** The lane is its own now, until it releases it. */
  own(lane: Lane): void;
  /** Ends the connection because a newer session has taken the lane. */
  supersede(): void;
}

export class Lane {
  readonly key: string;
  session = -1;
  #holder: LaneHolder | null = null;
  #unsettled = 0;
  #quiet: PromiseWithResolvers<void> | null = null;

  constructor(key: string) {
    this.key = key;
  }

  get idle(): boolean {
    return this.#holder === null && this.#unsettled === 0;
  }

  /** Gives the lane to a connection; false where its session is not newer than the last one. */
  claim(session: number, holder: LaneHolder): boolean {
    if (session <= this.session) return false;
    this.session = session;
    this.#holder?.supersede();
    this.#holder = holder;
    holder.own(this);
    return true;
  }

  holds(holder: LaneHolder): boolean {
    return this.#holder === holder;
  }

  release(holder: LaneHolder): void {
    if (this.#holder === holder) this.#holder = null;
  }

  /** Counts an append that the log has not settled yet. */
  begin(): void {
    this.#unsettled++;
  }

  end(): void {
    this.#unsettled--;
    if (this.#unsettled > 0) return;
    this.#quiet?.resolve();
    this.#quiet = null;
  }

  /** Resolves when nothing handed to the log is unsettled. */
  async settled(): Promise<void> {
    while (this.#unsettled > 0) {
      this.#quiet ??= Promise.withResolvers();
      await this.#quiet.promise;
    }
  }
}

export class Lanes {
  readonly #log: EventLog;
  readonly #owner: string;
  readonly #peersMax: number;
  readonly #lanes = new Map<string, Lane>();

  constructor(log: EventLog, owner: string, peersMax: number) {
    this.#log = log;
    this.#owner = owner;
    this.#peersMax = peersMax;
  }

  /** The lane of a hello, or null where there are peersMax others in use. */
  of(hello: Hello): Lane | null {
    const key = `lane:${this.#owner}:${hello.stream}:${hello.lane}:${hello.epoch}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    if (this.#lanes.size >= this.#peersMax) this.#forgetIdle();
    if (this.#lanes.size >= this.#peersMax) return null;
    const lane = new Lane(key);
    this.#lanes.set(key, lane);
    return lane;
  }

  /** What the log has of a lane, made known to it where it is new. An older epoch of the same lane is forgotten. */
  async source(lane: Lane, hello: Hello): Promise<{ source: SourceState; isNew: boolean }> {
    const known = this.#log.findSource(lane.key);
    if (known !== undefined) return { source: known, isNew: false };
    for (const other of this.#log.sourcesOf(this.#owner)) {
      const { stream, lane: name, epoch } = other.identity;
      if (stream === hello.stream && name === hello.lane && Number(epoch) < hello.epoch) {
        await this.#log.forgetSource(other);
      }
    }
    const source = this.#log.defineSource({
      owner: this.#owner,
      key: lane.key,
      identity: { stream: hello.stream, lane: hello.lane, epoch: hello.epoch, instance: hello.instance },
      position: hello.start,
    });
    await this.#forgetBeyondMax(source);
    return { source, isNew: true };
  }

  /** Of more than peersMax senders, those that never sent anything are forgotten first, then who was here longest ago. */
  async #forgetBeyondMax(newest: SourceState): Promise<void> {
    const sources = this.#log.sourcesOf(this.#owner);
    const surplus = sources.length - this.#peersMax;
    if (surplus <= 0) return;
    const unused = sources
      .filter((source) => source !== newest && (this.#lanes.get(source.key)?.idle ?? true))
      .sort((a, b) => Math.sign(a.events) - Math.sign(b.events) || a.seenMs - b.seenMs);
    for (const source of unused.slice(0, surplus)) await this.#log.forgetSource(source);
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
