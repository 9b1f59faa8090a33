// Says in the agent's own log when the event log stops taking events and when it takes them again: what, where, why.

import type { Logger } from 'pino';
import type { LogFacts } from './log/facts.ts';
import type { EventLog } from './log/log.ts';

const LOOK_MS = 500;

export class LogWatch {
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #dir: string;
  readonly #timer: NodeJS.Timeout;
  #said: LogFacts['state'] = 'ok';

  constructor(log: EventLog, logger: Logger, dir: string) {
    this.#log = log;
    this.#logger = logger;
    this.#dir = dir;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { state, reason } = this.#log.facts();
    if (state === this.#said) return;
    this.#said = state;
    const data = { dir: this.#dir, state, reason };
    if (state === 'ok') this.#logger.info(data, 'the log takes events again');
    else if (state === 'full') this.#logger.warn(data, 'the log is full: intake waits until there is room');
    else this.#logger.error(data, 'the log cannot be written: intake waits, what is there is delivered');
  }
}
