// All destinations of an agent, and how they change while it runs: first everything that may fail (a cursor that cannot
// be opened) is done on the side, then the change is made, and nothing of that can fail any more.
//
//   added      begins where it is configured to begin, or goes on from the cursor that its name left behind
//   changed    sends nothing more, waits for what is under way, and goes on with the new options from the same position:
//              the receiver sees a connection end and another begin, in the same epoch
//   removed    the same, and its cursor becomes an orphan
//
// The others see none of it. Only the disk can still be in the way then: see handover.ts.

import type { Logger } from 'pino';
import type { Change } from '../config/difference.ts';
import type { DestinationConfig, LogConfig } from '../config/schema.ts';
import type { DestinationSnapshot } from '../http/snapshot.ts';
import type { Holder } from '../log/holders.ts';
import type { EventLog } from '../log/log.ts';
import { Turnstile } from '../log/turnstile.ts';
import type { Registry } from '../registry/registry.ts';
import type { LinkIdentity } from '../wire/identity-in-use.ts';
import { ClusterDestination } from './cluster/cluster.ts';
import { Destination } from './destination.ts';
import { Handover } from './handover.ts';
import { Orphans } from './orphans.ts';
import type { Succession } from './succession.ts';

export interface FanOutParts {
  readonly log: EventLog;
  readonly registry: Registry;
  readonly logger: Logger;
}

/** A change that is ready to be made, or to be forgotten. */
export interface PreparedChange {
  /** Never rejects. What is under way is waited for at most `haltMs`. */
  commit(haltMs: number): Promise<void>;
  discard(): Promise<void>;
}

/** With one endpoint, or with a cluster behind it. */
export type AnyDestination = Destination | ClusterDestination;

/** One of them, or what stands for it while its configuration changes. */
type Place = AnyDestination | Handover<AnyDestination>;

const EVERYTHING: Holder = { wants: () => true };

export class FanOut {
  readonly #parts: FanOutParts;
  readonly #self: { readonly instance: string; readonly version: string };
  readonly #lagBytesMax: number;
  readonly #destinations = new Map<string, Place>();
  /** Changes that could not be made at once, attempt by attempt, since the start. */
  readonly #handoverFailures = new Map<string, number>();
  /** Names whose cursors are open for a change that is not made yet. */
  readonly #coming = new Set<string>();
  /** A cursor is opened, or marked as an orphan, never both at once. */
  readonly #cursors = new Turnstile(1);
  #looking: Promise<void> | null = null;
  readonly #orphans: Orphans;

  constructor(parts: FanOutParts, self: { instance: string; version: string }, log: LogConfig) {
    this.#parts = parts;
    this.#self = self;
    this.#lagBytesMax = log.capBytes - 2 * log.segmentBytes;
    this.#orphans = new Orphans(parts.log, parts.logger);
  }

  get destinations(): readonly Place[] {
    return [...this.#destinations.values()];
  }

  /** Those whose changed configuration is not in effect yet, and why. */
  get interruptions(): readonly string[] {
    return this.destinations.flatMap((place) =>
      place instanceof Handover && place.interruption !== null ? [`${place.name} ${place.interruption}`] : [],
    );
  }

  /** Of those with TLS. */
  get identities(): readonly LinkIdentity[] {
    return this.destinations.flatMap(({ name, succession: { credentials } }) =>
      credentials.inUse === null ? [] : [{ link: `destinations.${name}`, ...credentials.inUse }],
    );
  }

  /** Destinations, and the cursors that nobody owns. */
  snapshots(): readonly DestinationSnapshot[] {
    const owned = this.destinations.map((destination) => ({
      ...destination.snapshot(),
      handoverFailures: this.#handoverFailures.get(destination.name) ?? 0,
    }));
    const orphaned = this.#orphans.snapshots().filter(({ name }) => !this.#destinations.has(name));
    return [...owned, ...orphaned];
  }

  /** Which cursors nobody owns is looked at again: they can be dropped beside us. Never rejects. */
  look(): Promise<void> {
    // who asks while one waits for its turn gets that one
    this.#looking ??= Promise.resolve().then(() =>
      this.#cursors.pass(() => {
        this.#looking = null;
        return this.#look();
      }),
    );
    return this.#looking;
  }

  /** Nothing is sent before the commit. @throws where a cursor cannot be opened; nothing has changed then. */
  async prepare(change: Change<DestinationConfig>): Promise<PreparedChange> {
    const { log } = this.#parts;
    const opened: AnyDestination[] = [];
    const discard = async () => {
      await this.#discard(opened);
      for (const { name } of change.added) this.#coming.delete(name);
    };
    // what a new one is to begin with must not be deleted before it has taken its own hold
    const letGo = log.holders.add(EVERYTHING);
    try {
      for (const config of change.added) {
        this.#coming.add(config.name);
        opened.push(await this.#cursors.pass(() => this.#open(config)));
      }
    } catch (error) {
      await discard();
      throw error;
    } finally {
      letGo();
    }
    return { commit: (haltMs) => this.#commit(opened, change, haltMs), discard };
  }

  /** Sends what the log holds within `drainMs`. */
  async close(drainMs: number): Promise<void> {
    await Promise.all(this.destinations.map((destination) => destination.close(drainMs)));
  }

  async #look(): Promise<void> {
    try {
      await this.#orphans.look((name) => this.#destinations.has(name) || this.#coming.has(name));
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'cannot look at the cursors that no destination owns');
    }
  }

  async #commit(
    opened: readonly AnyDestination[],
    { changed, removed }: Change<DestinationConfig>,
    haltMs: number,
  ): Promise<void> {
    for (const destination of opened) {
      this.#destinations.set(destination.name, destination);
      this.#coming.delete(destination.name);
      destination.start();
    }
    await Promise.all([
      ...changed.map((config) => this.#replace(config, haltMs)),
      ...removed.map((name) => this.#remove(name, haltMs)),
    ]);
    await this.look();
  }

  /** Never rejects: one that cannot be taken back is told, and keeps none of the others. */
  async #discard(opened: readonly AnyDestination[]): Promise<void> {
    for (const destination of opened) {
      const told = (error: unknown) =>
        this.#parts.logger.warn(
          { err: error, destination: destination.name },
          'a destination that was opened in vain left its cursor behind',
        );
      await destination.discard().catch(told);
    }
  }

  async #replace(config: DestinationConfig, haltMs: number): Promise<void> {
    const { name } = config;
    const place = this.#destinations.get(name);
    if (place === undefined) return;
    const before = place instanceof Handover ? await place.cancel() : place;
    const handover: Handover<AnyDestination> = new Handover(this.#optionsOf(config), {
      ...this.#parts,
      before,
      succeed: (succession) => this.#succeed(config, succession),
      onDone: (next) => this.#destinations.set(name, next),
      onFailure: () => this.#handoverFailures.set(name, (this.#handoverFailures.get(name) ?? 0) + 1),
    });
    this.#destinations.set(name, handover);
    await handover.begin(haltMs);
  }

  async #remove(name: string, haltMs: number): Promise<void> {
    const destination = this.#destinations.get(name);
    if (destination === undefined) return;
    const told = (error: unknown) =>
      this.#parts.logger.error(
        { err: error, destination: name },
        'a removed destination did not end cleanly',
      );
    await destination.halt(haltMs).catch(told);
    // whatever went wrong: nothing is kept for it
    await destination.orphan().catch(told);
    this.#destinations.delete(name);
    this.#handoverFailures.delete(name);
  }

  #open(config: DestinationConfig): Promise<AnyDestination> {
    const { to, ...options } = this.#optionsOf(config);
    return to.by === 'cluster'
      ? ClusterDestination.open({ ...options, cluster: to.cluster }, this.#parts)
      : Destination.open({ ...options, to }, this.#parts);
  }

  async #succeed(config: DestinationConfig, succession: Succession): Promise<AnyDestination> {
    const { to, ...options } = this.#optionsOf(config);
    return to.by === 'cluster'
      ? await ClusterDestination.succeed({ ...options, cluster: to.cluster }, this.#parts, succession)
      : Destination.succeed({ ...options, to }, this.#parts, succession);
  }

  #optionsOf(config: DestinationConfig) {
    return { ...config, ...this.#self, lagBytesMax: config.lagBytesMax ?? this.#lagBytesMax };
  }
}
