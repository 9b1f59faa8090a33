// A destination that is a cluster: every range of the log goes to one of several members. Their loss moves their load
// to the others; the loss of all is an outage of this destination only.

import type { Logger } from 'pino';
import type { ClusterConfig } from '../../config/cluster.ts';
import type { DestinationSnapshot } from '../../http/snapshot.ts';
import type { ClusterCursor } from '../../log/cursor.ts';
import type { EventLog } from '../../log/log.ts';
import type { Registry } from '../../registry/registry.ts';
import type { StartAt } from '../beginning.ts';
import { Credentials } from '../credentials.ts';
import { tellCursorFailure } from '../cursor-failure.ts';
import { Link, type LinkOptions } from '../link.ts';
import { Losses } from '../losses.ts';
import type { OutboundOptions } from '../outbound-options.ts';
import { LagPolicy, type LagPolicyOptions } from '../policy.ts';
import { Position } from '../position.ts';
import type { Succession } from '../succession.ts';
import type { Book } from './book.ts';
import { tellForGood } from './forgone.ts';
import { keepMembers, recallMembers, servedMembers } from './last-members.ts';
import { ClusterMember, type ClusterMemberParts } from './member.ts';
import { type Member, type Members, openMembers } from './members.ts';
import { clusterSnapshot } from './snapshot.ts';
import { type Dispatcher, openWork, type Work } from './work.ts';

export interface ClusterOptions extends OutboundOptions, LagPolicyOptions, LinkOptions {
  readonly name: string;
  readonly cluster: ClusterConfig;
  readonly startAt: StartAt;
}

interface Parts {
  readonly log: EventLog;
  readonly registry: Registry;
  readonly logger: Logger;
}

interface Begun {
  readonly work: Work;
  /** As it was found. */
  readonly before: ClusterCursor | undefined;
}

const LOOK_MS = 100;
/** A member without credit keeps what it was given and not sent for this long. */
const STUCK_MS = 250;
/** Lanes of members that left are kept up to so many in all, or membersMax where that is more. */
const LANES_MIN = 64;

export class ClusterDestination {
  readonly #options: ClusterOptions;
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #book: Book;
  readonly #policy: LagPolicy;
  readonly #credentials: Credentials;
  readonly #losses: Losses;
  readonly #members: Members;
  readonly #work: Work;
  readonly #dispatch: Dispatcher;
  #active: ClusterMember[] = [];
  readonly #leaving = new Set<Promise<void>>();
  readonly #stop: (() => void)[] = [];
  #unfollow: () => void = () => undefined;

  private constructor(options: ClusterOptions, parts: Parts, begun: Begun, credentials: Credentials | null) {
    const { work, before } = begun;
    const { book } = work;
    this.#options = options;
    this.#log = parts.log;
    this.#logger = parts.logger.child({ destination: options.name });
    this.#book = book;
    this.#policy = new LagPolicy(options, parts.log, book.position);
    this.#losses = new Losses(this.#logger);
    this.#credentials = new Credentials(options, this.#logger, credentials);
    tellForGood(before, book.ledger.cursor(), this.#logger);
    book.position.onGap = (range) => this.#losses.note(range);
    tellCursorFailure(book.position, this.#logger);
    const { cluster } = options;
    const recalled = recallMembers(book.position, cluster.from);
    this.#members = openMembers(cluster, parts.registry, this.#logger, servedMembers(book), recalled);
    this.#work = work;
    this.#dispatch = work.dispatch(() => this.#active);
  }

  /** Takes its hold on the log; nothing is sent before `start`. */
  static async open(options: ClusterOptions, parts: Parts): Promise<ClusterDestination> {
    const position = await Position.open(parts.log, options.name, options.startAt);
    try {
      return new ClusterDestination(options, parts, await begin(options, parts, position), null);
    } catch (error) {
      // what failed first is what is told
      await position.discard().catch(() => undefined);
      throw error;
    }
  }

  /** With other options, or in place of one endpoint, from the same position on. The one before must be halted. */
  static async succeed(
    options: ClusterOptions,
    parts: Parts,
    before: Succession,
  ): Promise<ClusterDestination> {
    const { position, policy, credentials } = before;
    // what was appended under another policy is not dropNewest's to drop
    if (policy !== 'dropNewest') position.seenEnd = parts.log.end;
    return new ClusterDestination(options, parts, await begin(options, parts, position), credentials);
  }

  get succession(): Succession {
    const { position } = this.#book;
    return { position, policy: this.#options.policy, connections: 0, credentials: this.#credentials };
  }

  start(): void {
    this.#policy.start();
    this.#policy.follow(() => this.#book.ledger.sentTo);
    this.#stop.push(this.#log.onCommit(() => this.#dispatch.poke()));
    this.#unfollow = this.#members.onChange((members) => this.#follow(members));
    const timer = setInterval(() => this.#look(), LOOK_MS);
    this.#stop.push(() => clearInterval(timer));
    this.#follow(this.#members.current);
  }

  get name(): string {
    return this.#options.name;
  }

  /** Why nothing can be sent, or null. */
  get problem(): string | null {
    if (this.#active.some(({ connected }) => connected)) return null;
    const [first] = this.#active;
    return first === undefined
      ? 'the cluster has no members'
      : `no member is connected: ${first.health.reason}`;
  }

  /** What it lately lost that nobody chose to lose, in words; or null. */
  get loss(): string | null {
    return this.#losses.recent;
  }

  /** Why its cursor cannot be written, or null: meanwhile nothing more is given out. */
  get cursorFailure(): string | null {
    return this.#book.position.cursorFailure;
  }

  snapshot(): DestinationSnapshot {
    this.#book.flush();
    const { position } = this.#book;
    return {
      name: this.name,
      connected: this.#active.some(({ connected }) => connected),
      ...position.tallies(),
      orphaned: false,
      retransmits: 0,
      packing: this.#packing(),
      epoch: position.state.epoch,
      cluster: clusterSnapshot(this.#book.ledger, this.#active),
    };
  }

  #packing(): Exclude<DestinationSnapshot['packing'], undefined> {
    if (this.#options.compression === 'none') return null;
    const sum = (of: 'plainBytes' | 'sentBytes') =>
      this.#active.reduce((bytes, { packing }) => bytes + (packing?.[of] ?? 0), 0);
    return { plainBytes: sum('plainBytes'), sentBytes: sum('sentBytes') };
  }

  /** Sends what the log holds within `drainMs`, keeps the cursor, closes. Idempotent. */
  async close(drainMs: number): Promise<void> {
    try {
      await this.#end('drained', drainMs);
    } finally {
      // one that is left open tries to write its cursor for ever
      await this.#book.position.close();
    }
  }

  /** Sends nothing more, waits at most `withinMs` for what is under way, and keeps its hold on the log. */
  halt(withinMs: number): Promise<void> {
    return this.#end('acknowledged', withinMs);
  }

  /** It is halted for good: its cursor stays as an orphan, and nothing is kept for it. */
  orphan(): Promise<void> {
    return this.#book.position.orphan();
  }

  /** It was opened in vain and never started: leaves no trace. */
  async discard(): Promise<void> {
    this.#members.close();
    await this.#book.close();
    await this.#book.position.discard();
  }

  async #end(once: 'drained' | 'acknowledged', withinMs: number): Promise<void> {
    this.#book.stopRetrying();
    // who comes from now on is begun by nobody
    this.#unfollow();
    await Promise.all(this.#active.map((member) => member.close(once, withinMs)));
    for (const stop of this.#stop.splice(0)) stop();
    this.#members.close();
    try {
      await this.#dispatch.close();
      await Promise.all(this.#leaving);
    } finally {
      this.#losses.close();
      await this.#policy.close();
      await this.#book.close();
    }
  }

  #look(): void {
    const now = performance.now();
    for (const member of this.#active) {
      member.giveBackStuck(now, STUCK_MS);
      // while the destination is closing: whether all is given out depends on the others
      member.poke();
    }
    // shares rise, and a cursor that could not be written may be now
    this.#dispatch.poke();
  }

  /** Those who left give back what they hold; those who are no member any more are lost. */
  #follow(members: readonly Member[]): void {
    const stay = new Map(this.#active.map((member) => [member.name, member]));
    this.#active = members.map((member) => {
      const known = stay.get(member.name);
      stay.delete(member.name);
      known?.update(member);
      return known ?? this.#begin(member);
    });
    for (const left of stay.values()) this.#leave(left);
    // what members hold from before a restart is not in doubt because the registry has not answered yet
    if (this.#members.isKnown) {
      keepMembers(this.#book.position, this.#options.cluster.from, members);
      this.#loseStrangers();
      this.#boundLanes();
    }
    this.#dispatch.poke();
  }

  #begin(member: Member): ClusterMember {
    const { heartbeatMs } = this.#options;
    const { ackTimeoutMs } = this.#options.cluster;
    const parts: ClusterMemberParts = {
      destination: this.name,
      // acknowledgements are looked at as often as heartbeats are sent
      options: {
        ...this.#options,
        ackTimeoutMs,
        heartbeatMs: Math.min(heartbeatMs, Math.ceil(ackTimeoutMs / 8)),
      },
      link: new Link(this.#options, this.#credentials),
      cluster: this.#options.cluster,
      log: this.#log,
      book: this.#book,
      logger: this.#logger,
      others: () => this.#active.some((other) => other.name !== member.name && other.usable),
      newSender: (name, channel) => this.#work.sender(name, channel),
      onLost: (name, lost) => this.#losses.noteMember(name, lost),
      onChange: () => this.#dispatch.poke(),
    };
    const begun = new ClusterMember(member, parts);
    begun.start();
    return begun;
  }

  #leave(member: ClusterMember): void {
    const leaving: Promise<void> = member.remove().finally(() => {
      this.#leaving.delete(leaving);
      this.#boundLanes();
    });
    this.#leaving.add(leaving);
  }

  #boundLanes(): void {
    const known = new Set(this.#active.map(({ name }) => name));
    const most = Math.max(LANES_MIN, this.#options.cluster.membersMax);
    this.#book.ledger.bound(most, (name) => known.has(name));
  }

  /** Who holds something, from before a restart, and is no member now. */
  #loseStrangers(): void {
    const { ledger } = this.#book;
    const known = new Set(this.#active.map(({ name }) => name));
    for (const [name, lane] of ledger.lanes) if (!known.has(name) && lane.held.length > 0) ledger.lose(name);
  }
}

async function begin({ cluster }: ClusterOptions, { log }: Parts, position: Position): Promise<Begun> {
  const before = position.state.cluster;
  return { work: await openWork(cluster, log, position), before };
}
