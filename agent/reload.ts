// A configuration file that is read again while the agent runs: validated as a whole, compared with what is in effect,
// and then applied as a whole, or refused as a whole with the reason in the log.
//
// One reload at a time. Who asks while one runs gets one more after it: the file may have changed behind the first look.

import type { Logger } from 'pino';
import { changeOf, fixedKeys } from './config/difference.ts';
import type { AgentConfig } from './config/schema.ts';
import { SpillwayError } from './errors.ts';
import type { ConfigurationSnapshot, ReloadOutcome } from './http/configuration.ts';

export interface ReloadParts {
  readonly load: () => Promise<AgentConfig>;
  readonly current: () => AgentConfig;
  /** Makes it the one in effect. @throws where it cannot; nothing has changed then. */
  readonly apply: (config: AgentConfig) => Promise<void>;
  readonly logger: Logger;
}

export class Reload {
  readonly #parts: ReloadParts;
  readonly #reloads: Record<ReloadOutcome, number> = { applied: 0, unchanged: 0, refused: 0 };
  #generation = 1;
  #sinceMs = Date.now();
  #last: ConfigurationSnapshot['lastReload'] = null;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
  }

  snapshot(): ConfigurationSnapshot {
    return {
      generation: this.#generation,
      sinceMs: this.#sinceMs,
      lastReload: this.#last,
      reloads: { ...this.#reloads },
    };
  }

  /** Resolves when the file as it is now is applied or refused. Never rejects. */
  async request(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run();
    await this.#running;
  }

  /** Begins none any more, and waits for the one that runs. */
  async close(): Promise<void> {
    this.#again = false;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#once();
    }
    this.#running = null;
  }

  async #once(): Promise<void> {
    const { load, current, apply, logger } = this.#parts;
    const { file } = current();
    try {
      const config = await load();
      refuseFixed(file, current(), config);
      for (const warning of config.warnings) logger.warn({ file }, warning);
      const change = changeOf(current(), config);
      if (change.isEmpty) {
        logger.info({ file, generation: this.#generation }, 'configuration read again: nothing has changed');
        this.#note('unchanged', null);
        return;
      }
      await apply(config);
      this.#generation++;
      this.#sinceMs = Date.now();
      this.#note('applied', null);
      logger.info(
        { file, generation: this.#generation, ...namesIn(change) },
        'configuration read again and applied',
      );
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#note('refused', reason);
      const known = error instanceof SpillwayError;
      logger.error(
        { file, reason, ...(known ? error.data : { err: error }) },
        'configuration refused: the one that is in effect stays',
      );
    }
  }

  #note(outcome: ReloadOutcome, reason: string | null): void {
    this.#reloads[outcome]++;
    this.#last = { timeMs: Date.now(), outcome, reason };
  }
}

function refuseFixed(file: string, before: AgentConfig, after: AgentConfig): void {
  const problems = fixedKeys(before, after).map((key) => `${file}: ${key}: needs a restart`);
  if (problems.length === 0) return;
  throw new SpillwayError('config', problems.join('\n'), { data: { file, problems } });
}

function namesIn({ sources, destinations }: ReturnType<typeof changeOf>) {
  const names = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name);
  return {
    destinations: {
      added: names(destinations.added),
      changed: names(destinations.changed),
      removed: destinations.removed,
    },
    sources: { added: names(sources.added), removed: sources.removed },
  };
}
