// The registry in etcd: one loop that looks at what is there and puts right what is not: the lease, the
// agent's own key, the places of the instances that are watched. A watch on etcd only wakes the loop
// early. So every order of events (etcd away at start, restarted, wiped, a lease lost, a key deleted by
// hand) ends in the same few lines, and nothing but this loop talks to etcd.
//
// Whose key is it? `session` is made by this process, `owner` by the event log. Before the first
// registration a key with our owner is what our predecessor left and is taken over; a key of another owner
// is another agent with our id: refused. After it, a key that is not of our session means that somebody
// took our id: the newer one keeps it, and this one goes on forwarding and says so in its health.

import { randomUUID } from 'node:crypto';
import { formatAddress } from '../config/address.ts';
import type { EtcdConfig } from '../config/schema.ts';
import { SpillwayError } from '../errors.ts';
import { ABSENT, describeEtcdError, type EtcdLease, type EtcdStore, openEtcdStore } from './etcd-store.ts';
import { Members } from './members.ts';
import { endpointOf, formatRecord, holderOf, instanceOf, instancesPrefix, keyOf } from './record.ts';
import type {
  Endpoint,
  Instance,
  OnChange,
  OnRoster,
  Registry,
  RegistryLog,
  RegistryState,
  Self,
} from './registry.ts';
import { Roster } from './roster.ts';
import { WakeableTimer } from './wakeable-timer.ts';

const CALL_TIMEOUT_MS_MAX = 2_000;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 2_000;
const LOG_INTERVAL_MS = 10_000;
const ROSTER_INSTANCES_MAX = 1_024;

export async function openEtcdRegistry(config: EtcdConfig, log: RegistryLog): Promise<EtcdRegistry> {
  const callTimeoutMs = Math.min(CALL_TIMEOUT_MS_MAX, config.ttlSeconds * 500);
  return new EtcdRegistry(await openEtcdStore(config.endpoints, { callTimeoutMs }), config, log);
}

export class EtcdRegistry implements Registry {
  readonly #store: EtcdStore;
  readonly #config: EtcdConfig;
  readonly #log: RegistryLog;
  readonly #members: Members;
  /** By the beginning of their keys. */
  readonly #rosters = new Map<string, Roster>();
  readonly #watched = new Set<string>();
  #draining: boolean;
  #foreign: { readonly session: string; readonly sinceMs: number } | null = null;
  readonly #session = randomUUID();
  readonly #timer = new WakeableTimer();
  readonly #done: Promise<void>;
  #self: Self | undefined;
  readonly #first = Promise.withResolvers<void>();
  #lease: EtcdLease | undefined;
  #everRegistered = false;
  #registered = false;
  #taken: SpillwayError | undefined;
  #answers: 'not yet' | 'yes' | 'no' = 'not yet';
  #failure: { readonly error: unknown; readonly sinceMs: number; loggedMs: number } | undefined;
  #closing: Promise<void> | undefined;

  constructor(store: EtcdStore, config: EtcdConfig, log: RegistryLog) {
    this.#store = store;
    this.#config = config;
    this.#log = log;
    this.#members = new Members({ absentMs: 2_000 * config.ttlSeconds });
    this.#draining = config.draining;
    this.#done = this.#run();
  }

  register(self: Self): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(closedError(self.id));
    if (this.#self !== undefined)
      throw new SpillwayError('internal', `${this.#self.id} is registered already`);
    this.#self = self;
    this.#timer.wake();
    return this.#first.promise;
  }

  watch(id: string, onChange: OnChange): () => void {
    const stop = this.#members.watch(id, onChange);
    this.#timer.wake();
    return stop;
  }

  follow(prefix: string, onRoster: OnRoster, known: readonly Instance[] = []): () => void {
    const keys = instancesPrefix(prefix);
    const roster = this.#rosters.get(keys) ?? new Roster({ absentMs: 2_000 * this.#config.ttlSeconds });
    this.#rosters.set(keys, roster);
    roster.expect(known);
    const stop = roster.follow(onRoster);
    this.#timer.wake();
    return () => {
      stop();
      if (!roster.followed && this.#rosters.get(keys) === roster) this.#rosters.delete(keys);
    };
  }

  setDraining(draining: boolean): void {
    if (draining === this.#draining) return;
    this.#draining = draining;
    this.#timer.wake();
  }

  lookup(id: string): Endpoint | null {
    return this.#members.lookup(id);
  }

  state(): RegistryState {
    const registered = this.#registered;
    if (this.#closing !== undefined) return { status: 'closed', registered };
    if (this.#taken !== undefined) return { status: 'refused', registered, reason: this.#taken.message };
    if (this.#failure === undefined)
      return { status: this.#answers === 'yes' ? 'ok' : 'waiting', registered };
    const seconds = Math.round((performance.now() - this.#failure.sinceMs) / 1000);
    const reason = `etcd at ${this.#config.endpoints.join(', ')} does not answer for ${seconds} s: ${describeEtcdError(this.#failure.error)}`;
    return { status: this.#answers === 'not yet' ? 'waiting' : 'away', registered, reason };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#members.clear();
    this.#rosters.clear();
    if (this.#self !== undefined && !this.#everRegistered) this.#first.reject(closedError(this.#self.id));
    this.#timer.close();
    await this.#done;
    if (this.#lease !== undefined) {
      const lease = this.#lease;
      await this.#store.revoke(lease).catch((err: unknown) => {
        this.#log.warn({ err }, 'cannot take the registration back, it ends with its lease');
      });
    }
    this.#registered = false;
    await this.#store.close();
  }

  async #run(): Promise<void> {
    let retryMs = RETRY_MIN_MS;
    while (!this.#timer.closed) {
      try {
        if (await this.#round()) this.#succeeded();
        retryMs = RETRY_MIN_MS;
        await this.#timer.wait((this.#config.ttlSeconds * 1000) / 3, { wakeable: true });
      } catch (error) {
        this.#failed(error);
        await this.#timer.wait(retryMs, { wakeable: false });
        retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
      }
    }
  }

  /** False if there was nothing to ask etcd for. */
  async #round(): Promise<boolean> {
    const rosters = [...this.#rosters];
    this.#watch(instancesPrefix(this.#config.prefix));
    for (const [keys] of rosters) this.#watch(keys);
    const self = this.#mayHold() ? this.#self : undefined;
    const ids = this.#members.ids();
    if (self !== undefined) await this.#claim(self, await this.#keptLease());
    await Promise.all(ids.map((id) => this.#refresh(id)));
    await Promise.all(rosters.map(([keys, roster]) => this.#list(keys, roster)));
    return self !== undefined || ids.length > 0 || rosters.length > 0;
  }

  /** False for good once the first registration was refused. */
  #mayHold(): boolean {
    return this.#everRegistered || this.#taken === undefined;
  }

  async #keptLease(): Promise<EtcdLease> {
    if (this.#lease !== undefined && (await this.#store.keepAlive(this.#lease))) return this.#lease;
    if (this.#lease !== undefined) {
      this.#registered = false;
      this.#log.warn({}, 'the lease was lost, registering again');
    }
    this.#lease = undefined;
    this.#lease = await this.#store.grant(this.#config.ttlSeconds);
    return this.#lease;
  }

  async #claim(self: Self, lease: EtcdLease): Promise<void> {
    const key = keyOf(this.#config.prefix, self.id);
    const entry = await this.#store.read(key);
    const holder = entry === null ? undefined : holderOf(entry.value);
    const isOurs = holder?.session === this.#session;
    const record = formatRecord(self, this.#session, { draining: this.#draining });
    if (isOurs && entry?.leaseId === lease.id && entry.value === record) return this.#claimed(self);
    if (holder === undefined || isOurs || (!this.#everRegistered && holder.owner === self.owner)) {
      const revision = entry?.modRevision ?? ABSENT;
      const put = await this.#store.put(key, record, lease, revision);
      if (put) this.#claimed(self);
      else this.#timer.wake(); // it changed meanwhile: look again
      return;
    }
    if (!this.#mayBeDead(self, holder.session)) this.#refused(self, holder.address);
  }

  /**
   * A key of another owner is not refused at once: an agent that died and came back with an empty disk meets the key of
   * its former self, which goes with its lease. A live one is still there after that.
   */
  #mayBeDead(self: Self, session: string | undefined): boolean {
    if (this.#everRegistered || session === undefined) return false;
    if (this.#foreign?.session !== session) {
      this.#foreign = { session, sinceMs: performance.now() };
      const seconds = this.#config.ttlSeconds;
      this.#log.warn({ id: self.id, seconds }, 'another agent holds our id: waiting for its key to go');
    }
    return performance.now() - this.#foreign.sinceMs < (this.#config.ttlSeconds + 1) * 1000;
  }

  #claimed(self: Self): void {
    this.#succeeded(); // before anybody who waited for the registration looks at the state
    this.#taken = undefined;
    if (this.#registered) return;
    this.#registered = true;
    this.#everRegistered = true;
    const address = self.address === undefined ? undefined : formatAddress(self.address);
    this.#log.info({ id: self.id, address }, 'registered');
    this.#first.resolve();
  }

  #refused(self: Self, address: string | undefined): void {
    this.#registered = false;
    if (this.#taken !== undefined) return;
    const who = address === undefined ? 'another agent' : `another agent, at ${address}`;
    this.#taken = new SpillwayError(
      'refused',
      `id ${self.id} is taken by ${who}: give this one another id (if that one is dead, its key goes within ${this.#config.ttlSeconds} s)`,
      { data: { id: self.id, address } },
    );
    if (this.#everRegistered) this.#log.warn({ id: self.id, address }, 'another agent took our id');
    else this.#first.reject(this.#taken);
  }

  async #refresh(id: string): Promise<void> {
    const entry = await this.#store.read(keyOf(this.#config.prefix, id));
    const endpoint = entry === null ? null : endpointOf(id, entry.value);
    if (!this.#members.observe(id, endpoint, performance.now())) return;
    if (endpoint === null) this.#log.info({ id }, 'instance is not registered');
    else this.#log.info({ id, address: formatAddress(endpoint.address) }, 'instance found');
  }

  async #list(keys: string, roster: Roster): Promise<void> {
    const records = await this.#store.list(keys, ROSTER_INSTANCES_MAX);
    const found = [...records].flatMap(([id, value]) => instanceOf(id, value) ?? []);
    if (!roster.observe(found, performance.now())) return;
    const members = roster.current.map(({ id, draining }) => (draining ? `${id} (draining)` : id));
    this.#log.info({ prefix: keys, members }, 'the members of a cluster changed');
  }

  /** A watch that ended is made anew by the next round. */
  #watch(prefix: string): void {
    if (this.#watched.has(prefix)) return;
    this.#watched.add(prefix);
    this.#store.watch(prefix, {
      onReady: () => this.#timer.wake(),
      onChange: (key) => {
        const id = key.slice(prefix.length);
        const isAsked = this.#rosters.has(prefix) || id === this.#self?.id || this.#members.has(id);
        if (isAsked) this.#timer.wake();
      },
      onEnd: () => void this.#watched.delete(prefix),
    });
  }

  #succeeded(): void {
    if (this.#failure !== undefined) this.#log.info({}, 'etcd answers again');
    this.#failure = undefined;
    this.#answers = 'yes';
  }

  #failed(error: unknown): void {
    const nowMs = performance.now();
    if (this.#answers === 'yes') this.#answers = 'no';
    const previous = this.#failure;
    const isLoud = previous === undefined || nowMs - previous.loggedMs >= LOG_INTERVAL_MS;
    const loggedMs = isLoud ? nowMs : previous.loggedMs;
    this.#failure = { error, sinceMs: previous?.sinceMs ?? nowMs, loggedMs };
    if (isLoud && !this.#timer.closed) {
      this.#log.warn({ err: error, endpoints: this.#config.endpoints }, 'etcd does not answer, trying on');
    }
  }
}

function closedError(id: string): SpillwayError {
  return new SpillwayError('closed', `cannot register ${id}: the registry was closed`);
}
