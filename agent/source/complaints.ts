// Why connections were closed, as lines of the agent's own log: the first of a kind at once, then at most one in so many
// seconds, with how many there were since and the latest of them. Strangers must not fill the disk with our log, and
// none of them is to go uncounted. Kinds are few: they are words of ours, never anything a peer has said.

import type { Logger } from 'pino';

export interface Complaint {
  readonly kind: string;
  readonly level: 'info' | 'warn';
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Until the next line of its kind. */
  readonly everyMs: number;
}

interface Kind {
  latest: Complaint;
  /** Since the last line. */
  times: number;
  readonly timer: NodeJS.Timeout;
}

export class Complaints {
  readonly #logger: Logger;
  /** Those of which a line was written lately. */
  readonly #kinds = new Map<string, Kind>();
  #closed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  tell(complaint: Complaint): void {
    if (this.#closed) return;
    const kind = this.#kinds.get(complaint.kind);
    if (kind === undefined) {
      this.#write(complaint, 1);
      return;
    }
    kind.latest = complaint;
    kind.times++;
  }

  /** Says what was not said yet, and nothing from then on. */
  close(): void {
    this.#closed = true;
    const all = [...this.#kinds.values()];
    for (const { timer, latest, times } of all) {
      clearTimeout(timer);
      if (times > 0) this.#logger[latest.level]({ ...latest.data, times }, latest.text);
    }
    this.#kinds.clear();
  }

  #write(complaint: Complaint, times: number): void {
    const { kind, level, data, text, everyMs } = complaint;
    this.#logger[level]({ ...data, times }, text);
    const timer = setTimeout(() => this.#again(kind), everyMs).unref();
    this.#kinds.set(kind, { latest: complaint, times: 0, timer });
  }

  #again(name: string): void {
    const kind = this.#kinds.get(name);
    this.#kinds.delete(name);
    if (kind !== undefined && kind.times > 0) this.#write(kind.latest, kind.times);
  }
}
