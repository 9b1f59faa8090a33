// The wiring: a configuration becomes a log with sources before it and destinations behind it. Starting is changing from
// nothing: what a reload adds goes the same way as what is there from the start.
//
// Start: log, destinations (so that they hold their bytes), listeners, tails, HTTP, registry last. Stop, in two steps,
// each with a deadline: take nothing more and commit what was taken; then deliver what can be delivered and close.

import type { Logger } from 'pino';
import { CertificateWatch } from './certificate-watch.ts';
import type { Address } from './config/address.ts';
import { isWildcard } from './config/address.ts';
import { changeOf } from './config/difference.ts';
import { loadConfig } from './config/load.ts';
import { type AgentConfig, type HttpConfig, isDraining } from './config/schema.ts';
import { fromSystemError, SpillwayError } from './errors.ts';
import { healthOf } from './health.ts';
import { type Health, type HttpPort, openHttp } from './http/server.ts';
import type { AgentSnapshot } from './http/snapshot.ts';
import { type Disk, realDisk } from './log/disk.ts';
import { EventLog } from './log/log.ts';
import { LogWatch } from './log-watch.ts';
import { openRegistry } from './registry/open.ts';
import type { Registry } from './registry/registry.ts';
import { Reload } from './reload.ts';
import { FanOut, type PreparedChange } from './sink/fan-out.ts';
import { Sources } from './source/sources.ts';
import { VERSION } from './version.ts';

/** What a test may put in place of the real one; no configuration and no command line can. */
export interface AgentParts {
  readonly disk?: Disk;
  /** Reads the configuration again. */
  readonly load?: () => Promise<AgentConfig>;
}

/** Ranges that a start names one by one. */
const DAMAGE_LINES_MAX = 10;
/** How often it is looked whether an operator has dropped a cursor that nobody owns. */
const LOOK_EVERY_MS = 10_000;

export class Agent {
  #config: AgentConfig;
  readonly #logger: Logger;
  readonly #log: EventLog;
  readonly #registry: Registry;
  readonly #fanOut: FanOut;
  readonly #sources: Sources;
  readonly #reload: Reload;
  readonly #watch: LogWatch;
  readonly #certificates: CertificateWatch;
  readonly #failed = Promise.withResolvers<never>();
  #http: HttpPort | null = null;
  #lookTimer: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;

  private constructor(
    config: AgentConfig,
    logger: Logger,
    log: EventLog,
    registry: Registry,
    load: () => Promise<AgentConfig>,
  ) {
    const self = { instance: config.id, version: VERSION };
    this.#fanOut = new FanOut({ log, registry, logger }, self, config.log);
    this.#sources = new Sources(log, logger, { ...self, reload: () => void this.reload() });
    this.#reload = new Reload({
      load,
      current: () => this.#config,
      apply: (next) => this.#apply(next),
      logger,
    });
    this.#config = config;
    this.#logger = logger;
    this.#log = log;
    this.#registry = registry;
    this.#watch = new LogWatch(log, logger, config.log.dir);
    const links = () => [...this.#sources.identities, ...this.#fanOut.identities];
    this.#certificates = new CertificateWatch(links, logger);
    this.#failed.promise.catch(() => undefined);
  }

  /** Opens everything and begins to move data. @throws SpillwayError; nothing stays open then. */
  static async start(
    config: AgentConfig,
    logger: Logger,
    { disk = realDisk, load = () => loadConfig(config.file) }: AgentParts = {},
  ): Promise<Agent> {
    const log = await openLog(config, disk);
    tellDamage(log, logger);
    const registry = await openRegistry(config.registry, logger).catch(async (error: unknown) => {
      await log.close();
      throw error;
    });
    const agent = new Agent(config, logger, log, registry, load);
    try {
      await agent.#open();
      return agent;
    } catch (error) {
      await agent.close();
      throw error;
    }
  }

  /** Rejects when the agent cannot go on: another live agent has its id. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Where it listens for other agents, listener by listener. */
  get listening(): readonly Address[] {
    return this.#sources.listeners.map((listener) => listener.address);
  }

  get httpAddress(): Address | null {
    return this.#http?.address ?? null;
  }

  snapshot(): AgentSnapshot {
    const { reason: _reason, stalledMs: _stalled, ...log } = this.#log.facts();
    return {
      id: this.#config.id,
      version: VERSION,
      configuration: this.#reload.snapshot(),
      sources: this.#sources.snapshots(),
      log,
      destinations: this.#fanOut.snapshots(),
      certificates: this.#certificates.snapshot(),
    };
  }

  /** Reads the configuration again and applies what has changed, all of it or nothing. Never rejects. */
  async reload(): Promise<void> {
    if (this.#closing === null) await this.#reload.request();
  }

  /** The two-step stop. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    const { http, stop } = this.#config;
    const first = await this.#prepare(null, this.#config);
    this.#log.holders.startRetention();
    try {
      if (http !== undefined) this.#http = await this.#openHttp(http);
    } catch (error) {
      await first.discard();
      throw error;
    }
    await first.commit(stop.drainMs);
    await this.#certificates.follow(this.#config);
    this.#lookTimer = setInterval(() => void this.#fanOut.look(), LOOK_EVERY_MS).unref();
    this.#register();
  }

  async #apply(next: AgentConfig): Promise<void> {
    const change = await this.#prepare(this.#config, next);
    this.#config = next;
    this.#registry.setDraining(isDraining(next));
    await change.commit(next.stop.drainMs);
    await this.#certificates.follow(next);
  }

  /** Everything that may fail. Destinations come first: what a source appends from now on is theirs. */
  async #prepare(before: AgentConfig | null, next: AgentConfig): Promise<PreparedChange> {
    const { destinations, sources } = changeOf(before, next);
    const behind = await this.#fanOut.prepare(destinations);
    try {
      const ahead = await this.#sources.prepare(sources);
      return {
        commit: async (haltMs) => {
          await Promise.all([behind.commit(haltMs), ahead.commit(haltMs)]);
        },
        discard: async () => {
          try {
            await ahead.discard();
          } finally {
            await behind.discard();
          }
        },
      };
    } catch (error) {
      await behind.discard();
      throw error;
    }
  }

  #openHttp(options: HttpConfig): Promise<HttpPort> {
    return openHttp({
      ...options,
      health: () => this.#health(),
      snapshot: () => this.snapshot(),
      onError: (err) => this.#logger.warn({ err }, 'trouble on the http port'),
    });
  }

  #health(): Health {
    return healthOf({
      log: this.#log,
      registry: this.#registry,
      sources: this.#sources.all,
      destinations: this.#fanOut.destinations,
      interruptions: this.#fanOut.interruptions,
      configuration: this.#reload.snapshot(),
    });
  }

  /** In the background: data moves whether or not the registry answers. */
  #register(): void {
    if (this.#config.registry === undefined) return;
    const { id, role } = this.#config;
    const address = this.#advertised();
    const self = {
      id,
      role,
      version: VERSION,
      owner: this.#log.stream,
      ...(address === null ? {} : { address }),
    };
    this.#registry.register(self).catch((error: unknown) => {
      if (error instanceof SpillwayError && error.code === 'closed') return;
      this.#failed.reject(error);
    });
  }

  #advertised(): Address | null {
    const [listener] = this.#sources.listeners;
    if (listener === undefined) return null;
    const configured = this.#config.sources.find((source) => source.type === 'listen');
    const address = configured?.advertise ?? listener.address;
    if (isWildcard(address)) {
      this.#logger.warn(
        { address },
        'registering a wildcard address: set advertise to one that others can reach',
      );
    }
    return address;
  }

  async #close(): Promise<void> {
    const { drainMs } = this.#config.stop;
    if (this.#lookTimer !== null) clearInterval(this.#lookTimer);
    await within(drainMs, this.#reload.close());
    this.#registry.setDraining(true);
    await within(drainMs, this.#sources.close());
    await Promise.all([this.#registry.close(), this.#fanOut.close(drainMs)]);
    await this.#http?.close();
    this.#watch.close();
    this.#certificates.close();
    await this.#log.close();
  }
}

async function openLog(config: AgentConfig, disk: Disk): Promise<EventLog> {
  try {
    return await EventLog.open(config.log, disk);
  } catch (error) {
    if (error instanceof SpillwayError) throw error;
    throw fromSystemError(`cannot open the log in ${config.log.dir}`, error, { code: 'disk' });
  }
}

function tellDamage({ remarks, damaged }: EventLog, logger: Logger): void {
  for (const remark of remarks) logger.warn({ remark }, 'mended the log while opening it');
  for (const { from, to } of damaged.slice(0, DAMAGE_LINES_MAX)) {
    const counts = { events: to.events - from.events, bytes: to.offset - from.offset };
    logger.warn({ from: from.offset, to: to.offset, ...counts }, 'events of the log are lost to damage');
  }
  if (damaged.length > DAMAGE_LINES_MAX)
    logger.warn({ ranges: damaged.length }, 'more is lost to damage than is named: agent fsck lists it');
}

/** Waits for the work, but not longer than the deadline. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const deadline = Promise.withResolvers<void>();
  const timer = setTimeout(deadline.resolve, ms);
  await Promise.race([work, deadline.promise]);
  clearTimeout(timer);
}
