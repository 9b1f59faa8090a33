// A destination between two configurations. The one before sends nothing more, and the next one goes on from its
// position; where it cannot yet (its cursor cannot be written, say), the position and its hold on the log stay here, the
// policy acts on the lag as ever, and it is tried again until it can, or until another change takes the position on.

import type { Logger } from 'pino';
import type { DestinationSnapshot } from '../http/snapshot.ts';
import type { EventLog } from '../log/log.ts';
import { LagPolicy, type LagPolicyOptions } from './policy.ts';
import type { Succession } from './succession.ts';

/** What has the position of a destination, and can hand it on. */
export interface Successor {
  readonly name: string;
  readonly problem: string | null;
  readonly loss: string | null;
  readonly cursorFailure: string | null;
  readonly succession: Succession;
  start(): void;
  snapshot(): DestinationSnapshot;
  halt(withinMs: number): Promise<void>;
  orphan(): Promise<void>;
  close(drainMs: number): Promise<void>;
}

export interface HandoverOptions extends LagPolicyOptions {
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
}

export interface HandoverParts<D extends Successor> {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly before: D;
  /** Makes the next one around the position; it is not started. @throws where it cannot now */
  readonly succeed: (succession: Succession) => Promise<D> | D;
  /** It has started. */
  readonly onDone: (next: D) => void;
  /** Told every attempt that failed. */
  readonly onFailure: () => void;
}

export class Handover<D extends Successor> {
  readonly #options: HandoverOptions;
  readonly #parts: HandoverParts<D>;
  readonly #logger: Logger;
  #holder: D;
  #isDone = false;
  #failure: string | null = null;
  #policy: LagPolicy | null = null;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #wake: () => void = () => undefined;

  constructor(options: HandoverOptions, parts: HandoverParts<D>) {
    this.#options = options;
    this.#parts = parts;
    this.#holder = parts.before;
    this.#logger = parts.logger.child({ destination: parts.before.name });
  }

  /** Resolves when the next one has started, or could not the first time: then it is tried again. Never rejects. */
  async begin(haltMs: number): Promise<void> {
    const first = this.#attempt(haltMs);
    this.#running = first.then(() => this.#tryAgain(haltMs));
    await first;
  }

  /** Why it does not go on yet, in words; null: nothing is wrong. */
  get interruption(): string | null {
    if (this.#failure === null) return null;
    return `does not go on with its changed configuration yet, and is tried again: ${this.#failure}`;
  }

  get name(): string {
    return this.#holder.name;
  }

  get succession(): Succession {
    return this.#holder.succession;
  }

  get problem(): string | null {
    return this.interruption ?? this.#holder.problem;
  }

  get loss(): string | null {
    return this.#holder.loss;
  }

  get cursorFailure(): string | null {
    return this.#holder.cursorFailure;
  }

  snapshot(): DestinationSnapshot {
    const snapshot = this.#holder.snapshot();
    return this.#failure === null ? snapshot : { ...snapshot, connected: false, interrupted: true };
  }

  /** Tries no more. @returns who has the position now */
  async cancel(): Promise<D> {
    this.#stop.abort();
    this.#wake();
    await this.#running;
    await this.#endPolicy();
    return this.#holder;
  }

  async halt(withinMs: number): Promise<void> {
    await (await this.cancel()).halt(withinMs);
  }

  /** The one that is halted. */
  orphan(): Promise<void> {
    return this.#holder.orphan();
  }

  async close(drainMs: number): Promise<void> {
    await (await this.cancel()).close(drainMs);
  }

  async #tryAgain(haltMs: number): Promise<void> {
    const { retryMinMs, retryMaxMs } = this.#options;
    for (let delayMs = retryMinMs; ; delayMs = Math.min(retryMaxMs, 2 * delayMs)) {
      if (this.#isDone || this.#stop.signal.aborted) return;
      await this.#pause(delayMs * (0.5 + Math.random() / 2));
      if (!this.#stop.signal.aborted) await this.#attempt(haltMs);
    }
  }

  async #attempt(haltMs: number): Promise<void> {
    try {
      await this.#holder.halt(haltMs);
      const next = await this.#parts.succeed(this.#holder.succession);
      await this.#endPolicy();
      this.#holder = next;
      next.start();
      this.#isDone = true;
      if (this.#failure !== null) this.#logger.info('goes on with its changed configuration');
      this.#parts.onDone(next);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (text !== this.#failure)
      this.#logger.error({ err: error }, 'a changed destination does not go on yet, trying again');
    this.#failure = text;
    this.#parts.onFailure();
    this.#policy ??= this.#beginPolicy();
  }

  /** Without it, a destination that may lose would hold the log like one that may not. */
  #beginPolicy(): LagPolicy {
    const { position, policy: policyBefore } = this.#holder.succession;
    if (policyBefore !== 'dropNewest') position.seenEnd = this.#parts.log.end;
    const policy = new LagPolicy(this.#options, this.#parts.log, position);
    // what members of a cluster hold is not dropped
    policy.follow(() => position.state.cluster?.frontier ?? position.mark);
    policy.start();
    return policy;
  }

  async #endPolicy(): Promise<void> {
    const policy = this.#policy;
    this.#policy = null;
    await policy?.close();
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}
