// One member of a cluster: connects to it when its health says so, and tells the ledger when it is lost.
//
// A connection that ends is not yet a loss: for handoverMs the member may come back and go on with what it holds, with
// nothing in doubt. One that was silent, or cannot be reached, is lost at once.

import type { Logger } from 'pino';
import { formatAddress } from '../../config/address.ts';
import type { ClusterConfig } from '../../config/cluster.ts';
import { SpillwayError } from '../../errors.ts';
import type { EventLog } from '../../log/log.ts';
import type { Counts } from '../../log/sources.ts';
import { Attempt } from '../attempt.ts';
import type { Channel, LaneSender } from '../lane.ts';
import type { Link } from '../link.ts';
import { Outbound } from '../outbound.ts';
import type { OutboundOptions } from '../outbound-options.ts';
import { isNewEpoch, isSilent, isUnreachable, messageOf } from '../why-ended.ts';
import { Absence } from './absence.ts';
import type { Book } from './book.ts';
import { MemberHealth } from './health.ts';
import type { LaneLoss } from './lane.ts';
import { MemberLane } from './member-lane.ts';
import { MemberRoom } from './member-room.ts';
import type { Member } from './members.ts';
import type { MemberLoad } from './strategy.ts';

export interface ClusterMemberParts {
  readonly destination: string;
  readonly options: OutboundOptions;
  readonly link: Link;
  readonly cluster: ClusterConfig;
  readonly log: EventLog;
  readonly book: Book;
  readonly logger: Logger;
  /** Whether another member can be given batches now. */
  readonly others: () => boolean;
  readonly newSender: (member: string, channel: Channel) => LaneSender;
  readonly onLost: (member: string, lost: LaneLoss) => void;
  /** Something changed that may let more be given out. */
  readonly onChange: () => void;
}

/** How often it is asked whether it is time to try again. */
const LOOK_MS = 20;
const LOG_EVERY_MS = 10_000;

export class ClusterMember {
  readonly health: MemberHealth;
  readonly acknowledged: Counts = { events: 0, bytes: 0 };
  #member: Member;
  readonly #parts: ClusterMemberParts;
  readonly #logger: Logger;
  readonly #room: MemberRoom;
  readonly #absence: Absence;
  readonly #lane: MemberLane;
  readonly #stop = new AbortController();
  #attempt: Attempt | null = null;
  #outbound: Outbound | null = null;
  #channel: Channel | null = null;
  #running: Promise<void> | null = null;
  #wake = Promise.withResolvers<void>();
  /** Others carry its load since it was last connected. */
  #lost = false;
  #loggedAt = Number.NEGATIVE_INFINITY;
  /** Its lane was begun anew since it was last connected. */
  #isAnew = false;

  constructor(member: Member, parts: ClusterMemberParts) {
    this.#member = member;
    this.#parts = parts;
    this.#logger = parts.logger.child({ member: member.name });
    const lane = () => parts.book.ledger.lane(member.name);
    this.#room = new MemberRoom(lane, parts.options.inflightBytesMax);
    this.#absence = new Absence(() => {
      if (this.#outbound === null) this.#lose('it did not come back');
    });
    this.#lane = this.#newLane();
    this.health = new MemberHealth(parts.cluster, { others: parts.others, random: Math.random });
    this.health.setDraining(member.draining);
  }

  start(): void {
    const { handoverMs, ackTimeoutMs } = this.#parts.cluster;
    // whoever starts this process has the machine busy: a greeting may take longer than handoverMs
    this.#absence.begin(Math.max(handoverMs, ackTimeoutMs));
    this.#running ??= this.#run();
  }

  get name(): string {
    return this.#member.name;
  }

  /** What compression made of its batches since it became a member; null: not asked for. */
  get packing(): { readonly plainBytes: number; readonly sentBytes: number } | null {
    return this.#parts.link.packer;
  }

  get connected(): boolean {
    return this.#outbound !== null;
  }

  /** It moved, was started again, or is to be given nothing more. */
  update(member: Member): void {
    const isElsewhere = member.host !== this.#member.host || member.port !== this.#member.port;
    if (isElsewhere || member.session !== this.#member.session) this.health.hasNews();
    this.#member = member;
    this.health.setDraining(member.draining);
    if (member.draining) this.#giveBack();
    this.#attempt?.moveTo(member);
    if (isElsewhere) this.#outbound?.cut();
  }

  /** It is not here, and has time to come back with what it holds. */
  get awaited(): boolean {
    return this.#channel === null && !this.#lost && this.health.state !== 'draining';
  }

  get usable(): boolean {
    return this.#channel !== null && this.health.usable();
  }

  /** Has credit for more than it holds already. */
  get hasRoom(): boolean {
    const channel = this.#channel;
    return channel !== null && this.#room.isLeft(channel.inflight.creditLeft, this.health.inflightBatchesMax);
  }

  /** One that has yet to show that it is well has its turn like the others: what it gets then is one batch. */
  load(order: number): MemberLoad {
    const share = this.health.inflightBatchesMax === 1 ? 1 : this.health.share(performance.now());
    return { name: this.name, inflightBytes: this.#room.heldBytes, share, order };
  }

  /** Goes on sending. */
  poke(): void {
    this.#outbound?.poke();
  }

  /** What it was given and has had no credit for since `ms` ago is given back: others may have it. */
  giveBackStuck(now: number, ms: number): void {
    if (this.#room.isStuck(this.#channel?.inflight.creditLeft ?? null, now, ms)) this.#giveBack();
  }

  /** Sends what there is, or nothing more, and waits for what is under way, within `withinMs`. */
  async close(once: 'drained' | 'acknowledged', withinMs: number): Promise<void> {
    const outbound = this.#outbound;
    outbound?.stop(once);
    const deadline = setTimeout(() => outbound?.cut(), withinMs);
    await this.#end();
    clearTimeout(deadline);
  }

  /** It belongs to the cluster no more: what it was sent is in doubt for good. */
  async remove(): Promise<void> {
    this.#stop.abort();
    this.#outbound?.cut();
    await this.#end();
    this.#lose('it left the cluster');
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    this.#wake.resolve();
    await this.#running;
    this.#absence.end();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (!this.health.probeDue(performance.now())) {
        await this.#pause(LOOK_MS);
        continue;
      }
      try {
        await this.#serve(signal);
      } catch (error) {
        if (!signal.aborted) this.#failed(error);
      }
    }
  }

  async #serve(signal: AbortSignal): Promise<void> {
    this.health.tries();
    const address = { host: this.#member.host, port: this.#member.port };
    const { log, link, options } = this.#parts;
    const parts = { log, lane: this.#lane, link, options, expected: null };
    this.#attempt = new Attempt(address, signal);
    const greeted = await this.#attempt.make((ended) =>
      Outbound.connect(address, { ...parts, signal: ended }),
    );
    this.#attempt = null;
    if (greeted === null) return;
    const { outbound, peer } = greeted;
    if (signal.aborted) {
      outbound.cut();
      return;
    }
    this.#outbound = outbound;
    this.#isAnew = false;
    this.#absence.end();
    this.health.connected(performance.now());
    this.#loggedAt = Number.NEGATIVE_INFINITY;
    this.#logger.info(
      { address: formatAddress(address), instance: peer, state: this.health.state },
      'member connected',
    );
    try {
      await outbound.run();
      // cut: it is to be found elsewhere
      if (!signal.aborted) throw new SpillwayError('unreachable', 'the member moved');
    } finally {
      this.#channel = null;
    }
  }

  #newLane(): MemberLane {
    const { log, book, destination, options, newSender, onLost, onChange } = this.#parts;
    const { instance, version } = options;
    return new MemberLane({
      log,
      book,
      destination,
      member: this.name,
      instance,
      version,
      // an address from before a restart may be somebody else's by now
      expected: () => (this.#member.isRecalled === true ? this.name : null),
      aside: (work) => this.#absence.aside(work),
      newSender,
      onLost: (lost) => onLost(this.name, lost),
      onSending: (channel) => {
        this.#channel = channel;
        this.#lost = false;
        onChange();
      },
      onAcknowledged: ({ bytes, events }) => {
        this.health.acknowledged(performance.now());
        this.acknowledged.events += events;
        this.acknowledged.bytes += bytes;
        book.changed();
        onChange();
      },
    });
  }

  #failed(error: unknown): void {
    const wasConnected = this.#outbound !== null;
    this.#outbound = null;
    if (isNewEpoch(error) && !this.#isAnew) {
      // greeted again at once; one that is never where it was waits like one that fails
      this.#isAnew = true;
      this.#logger.warn({ detail: messageOf(error) }, 'member is not where it was');
      return;
    }
    if (isSilent(error) && wasConnected) this.health.timedOut(performance.now());
    else this.health.failed(messageOf(error), performance.now());
    this.#report(error, wasConnected);
    if (isSilent(error) || (!wasConnected && isUnreachable(error))) this.#lose(messageOf(error));
    else this.#absence.begin(this.#parts.cluster.handoverMs);
    this.#parts.onChange();
  }

  #lose(why: string): void {
    this.#absence.end();
    this.#lost = true;
    const { book, onChange } = this.#parts;
    const ranges = this.#room.lane.held.length;
    if (ranges === 0) return;
    book.ledger.lose(this.name);
    const inDoubt = book.ledger.inDoubt(this.name);
    this.#logger.warn({ why, ranges, inDoubt }, 'member lost, others take over what it held');
    book.changed();
    onChange();
  }

  #giveBack(): void {
    const { book, onChange } = this.#parts;
    book.ledger.giveBack(this.name);
    book.changed();
    onChange();
  }

  #report(error: unknown, wasConnected: boolean): void {
    const now = performance.now();
    if (!wasConnected && now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    const code = error instanceof SpillwayError ? error.code : 'internal';
    const detail = messageOf(error);
    this.#logger.warn({ detail, code, state: this.health.state }, 'member not connected, trying again');
  }

  async #pause(ms: number): Promise<void> {
    this.#wake = Promise.withResolvers();
    const timer = setTimeout(this.#wake.resolve, ms);
    await this.#wake.promise;
    clearTimeout(timer);
  }
}
