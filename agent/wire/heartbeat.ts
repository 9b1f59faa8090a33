// Whether the peer is alive, and showing it that we are. The same on both sides of a hop.
//
// A peer that said nothing for peerTimeoutMs is gone. After a stall of our own (the machine slept, the process was
// stopped) its bytes lie unread in the socket, so the first look after one does not judge. Time is the monotonic
// clock's (performance.now()): a wall clock that is set makes no peer silent and none alive.

export interface HeartbeatOptions {
  readonly heartbeatMs: number;
  readonly peerTimeoutMs: number;
  /** Nothing was said for a while: say something. */
  readonly onQuiet: () => void;
  readonly onSilentPeer: () => void;
  /** Anything else that wants to be looked at as often; what is measured is compared with performance.now(). */
  readonly onLook?: (nowMs: number) => void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  #heardAt = performance.now();
  #saidAt = performance.now();
  #lookedAt = performance.now();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), options.heartbeatMs);
  }

  heard(): void {
    this.#heardAt = performance.now();
  }

  said(): void {
    this.#saidAt = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { heartbeatMs, peerTimeoutMs, onQuiet, onSilentPeer, onLook } = this.#options;
    const now = performance.now();
    const stalled = now - this.#lookedAt > 2 * heartbeatMs;
    this.#lookedAt = now;
    if (!stalled && now - this.#heardAt > peerTimeoutMs) {
      onSilentPeer();
      return;
    }
    if (now - this.#saidAt >= heartbeatMs / 2) onQuiet();
    if (!stalled) onLook?.(now);
  }
}
