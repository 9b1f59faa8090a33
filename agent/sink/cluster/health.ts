// Whether a member of a cluster can be given batches, and how much of a full load. No timers and no sockets: who
// speaks to the member tells what happened, and asks.
//
//   probing ──connected, N acknowledgements──> up ──error or timeout──> ejected
//      ^                                                                   │
//      └──────────connected, once a probe is due (back-off, jitter)────────┘
//
// Half-open: a member that comes back gets one batch at a time until it has acknowledged N of them. Then its share
// rises from `shareMin` to 1 over `slowStartMs`. A member without credit is full, not ill: nothing here hears of
// it. Errors alone never take the last member: where no other is usable, it is tried again after the shortest wait
// and is up as soon as it answers. Draining is its operator's wish, and holds whoever is left.

export interface HealthOptions {
  /** The wait before a new attempt: the first, and the one it doubles up to. */
  readonly probeMinMs: number;
  readonly probeMaxMs: number;
  /** Batches that must be acknowledged one by one before a member that was ejected has come back. */
  readonly probeSuccesses: number;
  readonly slowStartMs: number;
}

export type HealthState = 'up' | 'probing' | 'ejected' | 'draining';

export interface HealthParts {
  /** Whether another member can be given batches now. */
  readonly others: () => boolean;
  /** From 0 to 1, evenly. */
  readonly random: () => number;
}

/** What a member begins with that has just come back. */
export const SHARE_MIN = 0.1;
/** A wait is between this part of itself and the whole, so that many senders do not come back at once. */
const JITTER_MIN = 0.5;

export class MemberHealth {
  readonly #options: HealthOptions;
  readonly #parts: HealthParts;
  #connected = false;
  #draining = false;
  #inner: 'up' | 'probing' | 'ejected' = 'probing';
  #reason: string | null = 'not connected yet';
  #successes = 0;
  /** Failures since it was last up. */
  #failures = 0;
  #probeAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #upSince = Number.NEGATIVE_INFINITY;
  /** Since the last attempt to connect began. */
  #hasNews = false;

  constructor(options: HealthOptions, parts: HealthParts) {
    this.#options = options;
    this.#parts = parts;
  }

  get state(): HealthState {
    return this.#draining ? 'draining' : this.#inner;
  }

  /** Why it is not up; null where it is. */
  get reason(): string | null {
    return this.#draining ? 'draining' : this.#reason;
  }

  /** An attempt to connect begins. */
  tries(): void {
    this.#hasNews = false;
  }

  /** A connection stands and the handshake is done. */
  connected(now: number): void {
    this.#connected = true;
    this.#successes = 0;
    if (this.#failures === 0 || !this.#parts.others()) this.#rise(now);
    else {
      this.#inner = 'probing';
      this.#reason = `connected, 0 of ${this.#options.probeSuccesses} batches acknowledged`;
    }
  }

  /** The connection is lost, or none could be made. */
  failed(reason: string, now: number): void {
    this.#connected = false;
    this.#eject(reason, now);
  }

  /** It acknowledged nothing for too long; its connection is to be cut. */
  timedOut(now: number): void {
    this.failed('acknowledged nothing for too long', now);
  }

  /** A batch was acknowledged. */
  acknowledged(now: number): void {
    if (this.#inner !== 'probing' || !this.#connected) return;
    this.#successes++;
    this.#reason = `connected, ${this.#successes} of ${this.#options.probeSuccesses} batches acknowledged`;
    if (this.#successes >= this.#options.probeSuccesses) this.#rise(now);
  }

  /** As the member's record or the configuration says. */
  setDraining(draining: boolean): void {
    this.#draining = draining;
  }

  /** True if it may be given a batch now; while it is probing, only when nothing else of it is under way. */
  usable(): boolean {
    return this.#connected && !this.#draining && this.#inner !== 'ejected';
  }

  /** How many batches it may have under way. */
  get inflightBatchesMax(): number {
    return this.#inner === 'up' ? Number.POSITIVE_INFINITY : 1;
  }

  /** The part of a full member's load that it shall carry, `SHARE_MIN` to 1. */
  share(now: number): number {
    if (this.#inner !== 'up') return SHARE_MIN;
    const { slowStartMs } = this.#options;
    const risen = slowStartMs === 0 ? 1 : Math.max(0, now - this.#upSince) / slowStartMs;
    return Math.min(1, SHARE_MIN + (1 - SHARE_MIN) * risen);
  }

  /** It is somewhere else, or was started again: what failed before says nothing of it. */
  hasNews(): void {
    this.#hasNews = true;
    this.#probeAt = Number.NEGATIVE_INFINITY;
  }

  /** True if it is time to try to connect. */
  probeDue(now: number): boolean {
    if (this.#connected) return false;
    if (now >= this.#probeAt) return true;
    return !this.#parts.others() && now >= this.#failedAt + this.#options.probeMinMs;
  }

  #eject(reason: string, now: number): void {
    const { probeMinMs, probeMaxMs } = this.#options;
    this.#inner = 'ejected';
    this.#reason = reason;
    this.#failedAt = now;
    const waitMs = Math.min(probeMaxMs, probeMinMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    const jitter = JITTER_MIN + (1 - JITTER_MIN) * this.#parts.random();
    // what came while it was tried, or connected, is not known to have failed
    this.#probeAt = this.#hasNews ? Number.NEGATIVE_INFINITY : now + waitMs * jitter;
  }

  #rise(now: number): void {
    this.#inner = 'up';
    this.#reason = null;
    this.#failures = 0;
    this.#upSince = now;
  }
}
