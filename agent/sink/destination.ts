// A named receiver of a full copy of the log: finds its endpoint, connects, sends, and starts again when that ends.
// Every destination has its own cursor and its own connection, so none waits for another.

import type { Logger } from 'pino';
import { type Address, formatAddress } from '../config/address.ts';
import type { ScribeTargetConfig, SingleTarget } from '../config/schema.ts';
import { SpillwayError } from '../errors.ts';
import type { DestinationSnapshot } from '../http/snapshot.ts';
import type { EventLog } from '../log/log.ts';
import type { Mark } from '../log/marks.ts';
import type { Registry } from '../registry/registry.ts';
import { Attempt, type Connection } from './attempt.ts';
import type { StartAt } from './beginning.ts';
import { tellGivenUp } from './cluster/forgone.ts';
import { Credentials } from './credentials.ts';
import { tellCursorFailure } from './cursor-failure.ts';
import { EndpointLane } from './endpoint-lane.ts';
import { Link, type LinkOptions } from './link.ts';
import { Losses } from './losses.ts';
import { Outbound } from './outbound.ts';
import type { OutboundOptions } from './outbound-options.ts';
import { LagPolicy, type LagPolicyOptions } from './policy.ts';
import { Position } from './position.ts';
import { ScribeOutbound } from './scribe/outbound.ts';
import type { Succession } from './succession.ts';
import { Whereabouts } from './whereabouts.ts';
import { isNewEpoch, messageOf } from './why-ended.ts';

export interface DestinationOptions extends OutboundOptions, LagPolicyOptions, LinkOptions {
  readonly name: string;
  /** Where it is: a fixed address, or the id of an instance in the registry. */
  readonly to: SingleTarget;
  /** It speaks Scribe there; left out: it is an agent. */
  readonly scribe?: ScribeTargetConfig | undefined;
  readonly startAt: StartAt;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

const LOG_EVERY_MS = 10_000;

export class Destination {
  readonly #options: DestinationOptions;
  readonly #log: EventLog;
  readonly #whereabouts: Whereabouts;
  readonly #logger: Logger;
  readonly #position: Position;
  readonly #policy: LagPolicy;
  readonly #losses: Losses;
  readonly #credentials: Credentials;
  readonly #link: Link;
  readonly #stop = new AbortController();
  #attempt: Attempt | null = null;
  #outbound: Connection | null = null;
  #running: Promise<void> | null = null;
  #connections = 0;
  #problem: string | null = 'not connected yet';
  #loggedAt = Number.NEGATIVE_INFINITY;
  #wake = Promise.withResolvers<void>();
  /** How often it was heard where the instance is. */
  #news = 0;

  private constructor(
    options: DestinationOptions,
    parts: { log: EventLog; registry: Registry; logger: Logger; position: Position },
    credentials: Credentials | null,
  ) {
    this.#options = options;
    this.#log = parts.log;
    this.#whereabouts = new Whereabouts(options.to, parts.registry, parts.position);
    this.#logger = parts.logger.child({ destination: options.name });
    this.#position = parts.position;
    tellGivenUp(this.#position.state.cluster, this.#logger);
    this.#position.leaveCluster();
    this.#position.speaks(options.scribe === undefined ? 'hop' : 'scribe');
    this.#policy = new LagPolicy(options, parts.log, parts.position);
    this.#losses = new Losses(this.#logger);
    this.#credentials = new Credentials(options, this.#logger, credentials);
    this.#link = new Link(options, this.#credentials);
    parts.position.onGap = (range) => this.#losses.note(range);
    tellCursorFailure(parts.position, this.#logger);
  }

  /** Takes its hold on the log; nothing is sent before `start`. */
  static async open(
    options: DestinationOptions,
    parts: { log: EventLog; registry: Registry; logger: Logger },
  ): Promise<Destination> {
    const position = await Position.open(parts.log, options.name, options.startAt);
    return new Destination(options, { ...parts, position }, null);
  }

  /** With other options from the same position on. The one before must be halted. */
  static succeed(
    options: DestinationOptions,
    parts: { log: EventLog; registry: Registry; logger: Logger },
    { position, policy, connections, credentials }: Succession,
  ): Destination {
    // what was appended under another policy is not dropNewest's to drop
    if (policy !== 'dropNewest') position.seenEnd = parts.log.end;
    const next = new Destination(options, { ...parts, position }, credentials);
    next.#connections = connections;
    return next;
  }

  get succession(): Succession {
    const [position, connections, credentials] = [this.#position, this.#connections, this.#credentials];
    return { position, policy: this.#options.policy, connections, credentials };
  }

  start(): void {
    this.#policy.start();
    this.#running ??= this.#run();
  }

  get name(): string {
    return this.#options.name;
  }

  /** Why it is not connected, or null. */
  get problem(): string | null {
    return this.#problem;
  }

  /** What it lately lost that nobody chose to lose, in words; or null. */
  get loss(): string | null {
    return this.#losses.recent;
  }

  /** Why its cursor cannot be written, or null. */
  get cursorFailure(): string | null {
    return this.#position.cursorFailure;
  }

  snapshot(): DestinationSnapshot {
    return {
      name: this.#options.name,
      connected: this.#outbound !== null,
      ...this.#position.tallies(),
      orphaned: false,
      packing: this.#link.packer,
      retransmits: Math.max(0, this.#connections - 1),
      epoch: this.#position.state.epoch,
    };
  }

  /** Sends what the log holds within `drainMs`, keeps the cursor, closes. Idempotent. */
  async close(drainMs: number): Promise<void> {
    try {
      await this.#end('drained', drainMs);
    } finally {
      // one that is left open tries to write its cursor for ever
      await this.#position.close();
    }
  }

  /** Sends nothing more, waits at most `withinMs` for what is under way, and keeps its hold on the log. */
  halt(withinMs: number): Promise<void> {
    return this.#end('acknowledged', withinMs);
  }

  /** It is halted for good: its cursor stays as an orphan, and nothing is kept for it. */
  orphan(): Promise<void> {
    return this.#position.orphan();
  }

  /** It was opened in vain and never started: leaves no trace. */
  discard(): Promise<void> {
    return this.#position.discard();
  }

  async #end(once: 'drained' | 'acknowledged', withinMs: number): Promise<void> {
    const outbound = this.#outbound;
    outbound?.stop(once);
    const deadline = setTimeout(() => outbound?.cut(), withinMs);
    this.#stop.abort();
    this.#wake.resolve();
    await this.#running;
    clearTimeout(deadline);
    this.#losses.close();
    await this.#policy.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const unfollow = this.#whereabouts.follow((address) => this.#hear(address));
    let delayMs = 0;
    while (!signal.aborted) {
      const news = this.#news;
      try {
        await this.#serve(await this.#find(signal), signal);
        delayMs = 0;
      } catch (error) {
        if (signal.aborted) break;
        this.#report(error);
        const wasConnected = this.#problem === null;
        this.#problem = messageOf(error);
        delayMs = wasConnected || isNewEpoch(error) ? this.#options.retryMinMs : this.#nextDelay(delayMs);
        // what came while it was tried is not known to have failed
        if (this.#news === news) await this.#pause(delayMs * (0.5 + Math.random() / 2));
      }
    }
    unfollow();
  }

  async #serve(address: Address, signal: AbortSignal): Promise<void> {
    this.#attempt = new Attempt(address, signal);
    const made = await this.#attempt.make((ended) => this.#connect(address, ended));
    this.#attempt = null;
    if (made === null || signal.aborted) {
      made?.outbound.cut();
      return;
    }
    const { outbound, remark, peer } = made;
    this.#outbound = outbound;
    this.#connections++;
    this.#problem = null;
    this.#loggedAt = Number.NEGATIVE_INFINITY;
    const data = { address: formatAddress(address), instance: peer, offset: this.#position.mark.offset };
    if (remark === null) this.#logger.info(data, 'connected');
    else this.#logger.warn({ ...data, remark }, 'connected');
    try {
      await outbound.run();
    } finally {
      this.#policy.follow(null);
      this.#outbound = null;
    }
  }

  #hear(address: Address): void {
    this.#news++;
    this.#attempt?.moveTo(address);
    this.#wake.resolve();
  }

  async #connect(address: Address, signal: AbortSignal) {
    const { to, scribe } = this.#options;
    const own = { log: this.#log, options: this.#options };
    if (scribe === undefined) {
      const expected = to.by === 'instance' ? to.instance : null;
      return await Outbound.connect(address, {
        ...own,
        lane: this.#lane(),
        link: this.#link,
        expected,
        signal,
      });
    }
    const onSending = (sentTo: () => Mark) => this.#policy.follow(sentTo);
    const parts = { ...own, scribe, logger: this.#logger, position: this.#position, onSending };
    return { outbound: await ScribeOutbound.connect(address, parts, signal), remark: null, peer: 'scribe' };
  }

  #lane(): EndpointLane {
    const { name, instance, version } = this.#options;
    return new EndpointLane({
      log: this.#log,
      position: this.#position,
      self: { lane: name, instance, version },
      onSending: (sentTo) => this.#policy.follow(sentTo),
    });
  }

  /** The address to try now. An instance that the registry does not know yet is waited for. */
  async #find(signal: AbortSignal): Promise<Address> {
    const { to } = this.#options;
    const where = this.#whereabouts;
    while (where.address === null && to.by === 'instance' && !signal.aborted) {
      this.#problem = `waiting for ${to.instance} to appear in the registry`;
      this.#logger.info({ instance: to.instance }, 'waiting for the instance to appear in the registry');
      await this.#pause(Number.POSITIVE_INFINITY);
    }
    if (where.address === null) throw new SpillwayError('closed', 'stopped while waiting');
    return where.address;
  }

  /** Waits, at most until there is news of where the instance is, or a stop. */
  async #pause(ms: number): Promise<void> {
    this.#wake = Promise.withResolvers();
    const timer = Number.isFinite(ms) ? setTimeout(this.#wake.resolve, ms) : null;
    await this.#wake.promise;
    if (timer !== null) clearTimeout(timer);
  }

  #nextDelay(delayMs: number): number {
    const { retryMinMs, retryMaxMs } = this.#options;
    return Math.min(retryMaxMs, Math.max(retryMinMs, delayMs * 2));
  }

  #report(error: unknown): void {
    const now = performance.now();
    if (this.#problem !== null && now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    const known = error instanceof SpillwayError;
    this.#logger.warn(
      { detail: messageOf(error), code: known ? error.code : 'internal', ...(known ? {} : { err: error }) },
      'not connected, trying again',
    );
  }
}
