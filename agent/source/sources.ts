// All sources of an agent, and how they come and go while it runs. A source that is removed takes nothing more, and its
// name is free again once the log has settled all that it was given: a second source of that name would else read again
// what is on its way. Where a source is comes from the log's journal, so one that comes back goes on from there.

import type { Logger } from 'pino';
import type { Change } from '../config/difference.ts';
import type { ListenConfig, ScribeSourceConfig, SourceConfig } from '../config/schema.ts';
import { SpillwayError } from '../errors.ts';
import type { SourceSnapshot } from '../http/snapshot.ts';
import type { EventLog } from '../log/log.ts';
import type { PreparedChange } from '../sink/fan-out.ts';
import type { LinkIdentity } from '../wire/identity-in-use.ts';
import { ListenSource } from './listen.ts';
import { ReceiveCounters } from './receive-counters.ts';
import { ScribeSource } from './scribe/scribe.ts';
import { TailSource } from './tail/tail.ts';

interface Self {
  readonly instance: string;
  readonly version: string;
  /** Reads the configuration again: a Scribe client may ask for it. */
  readonly reload: () => void;
}

type Source = TailSource | ListenSource | ScribeSource;

export class Sources {
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #self: Self;
  readonly #sources = new Map<string, Source>();
  /** Removed, and the log still has to settle what they gave it. */
  readonly #leaving = new Map<string, Source>();

  constructor(log: EventLog, logger: Logger, self: Self) {
    this.#log = log;
    this.#logger = logger;
    this.#self = self;
  }

  get listeners(): readonly ListenSource[] {
    return [...this.#sources.values()].filter((source) => source instanceof ListenSource);
  }

  /** Of the listeners with TLS. */
  get identities(): readonly LinkIdentity[] {
    return this.listeners.flatMap(({ name, inUse }) =>
      inUse === null ? [] : [{ link: `sources.${name}`, ...inUse }],
    );
  }

  get all(): readonly Source[] {
    return [...this.#sources.values()];
  }

  /** All that ever gave the log anything: its `appended` is their sum. */
  snapshots(): readonly SourceSnapshot[] {
    const sources = new Map([...this.#leaving, ...this.#sources]);
    const known = [...sources.values()].flatMap(snapshotsOf);
    const names = new Set(known.map(({ name }) => name));
    const former = this.#log.owners().filter((name) => !names.has(name));
    return [
      ...known,
      ...former.map((name): SourceSnapshot => {
        const counts = this.#log.counts(name);
        return { name, type: 'former', ...new ReceiveCounters(counts).snapshot(counts) };
      }),
    ];
  }

  /** Listens where that is new. @throws where it cannot; nothing has changed then. */
  async prepare({ added, removed }: Change<SourceConfig>): Promise<PreparedChange> {
    const opened = new Map<string, Source>();
    const discard = async () => {
      for (const source of opened.values()) await source.close();
    };
    try {
      for (const config of added) opened.set(config.name, await this.#open(config));
    } catch (error) {
      await discard();
      throw error;
    }
    return { commit: (haltMs) => this.#commit(opened, removed, haltMs), discard };
  }

  /** Takes nothing more; resolves when what was taken is durable. */
  async close(): Promise<void> {
    const all = [...this.#sources.values(), ...this.#leaving.values()];
    const ends = await Promise.allSettled(all.map((source) => source.close()));
    // what else is open is closed all the same
    for (const end of ends) {
      if (end.status === 'rejected') this.#logger.error({ err: end.reason }, 'a source did not end cleanly');
    }
  }

  async #open(config: SourceConfig): Promise<Source> {
    if (this.#leaving.has(config.name)) {
      const text = `sources.${config.name}: the one that was removed has not given the log all it read yet: try again later`;
      throw new SpillwayError('config', text, { retryable: true });
    }
    if (config.type === 'tail') return new TailSource(config, this.#log, this.#logger);
    const listener = config.type === 'listen' ? this.#listener(config) : this.#scribe(config);
    await listener.open();
    return listener;
  }

  #listener(config: ListenConfig): ListenSource {
    return new ListenSource({ ...config, ...this.#self }, this.#log, this.#logger);
  }

  #scribe(config: ScribeSourceConfig): ScribeSource {
    const parts = { log: this.#log, logger: this.#logger, onReload: this.#self.reload };
    return new ScribeSource({ ...config, ...this.#self }, parts);
  }

  async #commit(
    opened: ReadonlyMap<string, Source>,
    removed: readonly string[],
    haltMs: number,
  ): Promise<void> {
    for (const [name, source] of opened) {
      this.#sources.set(name, source);
      if (source instanceof TailSource) source.start();
    }
    await Promise.all(removed.map((name) => this.#remove(name, haltMs)));
  }

  /** A log that is full may settle what is under way much later: that is not waited for. */
  async #remove(name: string, haltMs: number): Promise<void> {
    const source = this.#sources.get(name);
    if (source === undefined) return;
    this.#sources.delete(name);
    this.#leaving.set(name, source);
    const left = this.#leave(name, source);
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, haltMs);
    await Promise.race([left, deadline.promise]);
    clearTimeout(timer);
  }

  async #leave(name: string, source: Source): Promise<void> {
    try {
      await source.close();
      await source.settled();
    } catch (error) {
      this.#logger.error({ err: error, source: name }, 'a removed source did not end cleanly');
    }
    this.#leaving.delete(name);
  }
}

function snapshotsOf(source: Source): readonly SourceSnapshot[] {
  return source instanceof ScribeSource ? source.snapshots() : [source.snapshot()];
}
