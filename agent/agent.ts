// The wiring: a configuration becomes a log with sources before it and destinations behind it.
//
// Start: log, destinations (so that they hold their bytes), listeners, tails, HTTP, registry last. Stop, in two steps,
// each with a deadline: take nothing more and commit what was taken; then deliver what can be delivered and close.

import type { Logger } from 'pino';
import type { Address } from './config/address.ts';
import { isWildcard } from './config/address.ts';
import type { AgentConfig, HttpConfig, ListenConfig, TailConfig } from './config/schema.ts';
import { fromSystemError, SpillwayError } from './errors.ts';
import { healthOf } from './health.ts';
import { type Health, type HttpPort, openHttp } from './http/server.ts';
import type { AgentSnapshot } from './http/snapshot.ts';
import { type Disk, realDisk } from './log/disk.ts';
import { EventLog } from './log/log.ts';
import { LogWatch } from './log-watch.ts';
import { openRegistry } from './registry/open.ts';
import type { Registry } from './registry/registry.ts';
import { Destination } from './sink/destination.ts';
import { ListenSource } from './source/listen.ts';
import { TailSource } from './source/tail/tail.ts';
import { VERSION } from './version.ts';

/** What a test may put in place of the real one; no configuration and no command line can. */
export interface AgentParts {
  readonly disk?: Disk;
}

export class Agent {
  readonly #config: AgentConfig;
  readonly #logger: Logger;
  readonly #log: EventLog;
  readonly #registry: Registry;
  readonly #destinations: Destination[] = [];
  readonly #listeners: ListenSource[] = [];
  readonly #tails: TailSource[] = [];
  readonly #watch: LogWatch;
  readonly #failed = Promise.withResolvers<never>();
  #http: HttpPort | null = null;
  #closing: Promise<void> | null = null;

  private constructor(config: AgentConfig, logger: Logger, log: EventLog, registry: Registry) {
    this.#config = config;
    this.#logger = logger;
    this.#log = log;
    this.#registry = registry;
    this.#watch = new LogWatch(log, logger, config.log.dir);
    this.#failed.promise.catch(() => undefined);
  }

  /** Opens everything and begins to move data. @throws SpillwayError; nothing stays open then. */
  static async start(
    config: AgentConfig,
    logger: Logger,
    { disk = realDisk }: AgentParts = {},
  ): Promise<Agent> {
    const log = await openLog(config, disk);
    for (const remark of log.remarks) logger.warn({ remark }, 'mended the log while opening it');
    const registry = await openRegistry(config.registry, logger);
    const agent = new Agent(config, logger, log, registry);
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
    return this.#listeners.map((listener) => listener.address);
  }

  get httpAddress(): Address | null {
    return this.#http?.address ?? null;
  }

  snapshot(): AgentSnapshot {
    const { reason: _reason, stalledMs: _stalled, ...log } = this.#log.facts();
    return {
      id: this.#config.id,
      version: VERSION,
      sources: [...this.#tails, ...this.#listeners].map((source) => source.snapshot()),
      log,
      destinations: this.#destinations.map((destination) => destination.snapshot()),
    };
  }

  /** The two-step stop. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    const { sources, destinations, http } = this.#config;
    const parts = { log: this.#log, registry: this.#registry, logger: this.#logger };
    for (const options of destinations) {
      const self = { instance: this.#config.id, version: VERSION };
      const { capBytes, segmentBytes } = this.#config.log;
      const lagBytesMax = options.lagBytesMax ?? capBytes - 2 * segmentBytes;
      const { to } = options;
      if (to.by === 'cluster') {
        throw new SpillwayError(
          'config',
          `destination ${options.name} is a cluster, which this version cannot send to yet: name an instance or an address`,
        );
      }
      this.#destinations.push(await Destination.open({ ...options, ...self, to, lagBytesMax }, parts));
    }
    this.#log.startRetention();
    for (const source of sources) if (source.type === 'listen') await this.#listen(source);
    if (http !== undefined) this.#http = await this.#openHttp(http);
    for (const destination of this.#destinations) destination.start();
    for (const source of sources) if (source.type === 'tail') this.#tail(source);
    this.#register();
  }

  async #listen(source: ListenConfig): Promise<void> {
    const options = { ...source, instance: this.#config.id, version: VERSION };
    const listener = new ListenSource(options, this.#log, this.#logger);
    await listener.open();
    this.#listeners.push(listener);
  }

  #tail(source: TailConfig): void {
    const tail = new TailSource(source, this.#log, this.#logger);
    tail.start();
    this.#tails.push(tail);
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
      sources: [...this.#tails, ...this.#listeners],
      destinations: this.#destinations,
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
    const [listener] = this.#listeners;
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
    this.#registry.drain();
    await within(drainMs, Promise.all([...this.#tails, ...this.#listeners].map((source) => source.close())));
    await Promise.all([
      this.#registry.close(),
      ...this.#destinations.map((destination) => destination.close(drainMs)),
    ]);
    await this.#http?.close();
    this.#watch.close();
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

/** Waits for the work, but not longer than the deadline. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const deadline = Promise.withResolvers<void>();
  const timer = setTimeout(deadline.resolve, ms);
  await Promise.race([work, deadline.promise]);
  clearTimeout(timer);
}
