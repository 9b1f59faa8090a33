// One sender's lane as its receiver knows it: where it is, who may append to it, what is not committed yet.
//
// A lane outlives its connections. Only the connection with the highest session appends; a newer one takes the lane
// over once all that the older one handed to the log has settled, so that `has` in the welcome is the truth.

export interface LaneHolder {
  /** The lane is its own now, until it releases it. */
  own(lane: Lane): void;
  /** Ends the connection because a newer session has taken the lane. */
  supersede(): void;
}

export class Lane {
  readonly key: string;
  session = -1;
  #holder: LaneHolder | null = null;
  #leftAtMs = Number.NEGATIVE_INFINITY;
  #unsettled = 0;
  #quiet: PromiseWithResolvers<void> | null = null;

  constructor(key: string) {
    this.key = key;
  }

  get idle(): boolean {
    return this.#holder === null && this.#unsettled === 0;
  }

  /** When its last connection ended, by the wall clock. */
  get leftAtMs(): number {
    return this.#leftAtMs;
  }

  /** Gives the lane to a connection; false where its session is not newer than the last one. */
  claim(session: number, holder: LaneHolder): boolean {
    if (session <= this.session) return false;
    this.session = session;
    this.#holder?.supersede();
    this.#holder = holder;
    holder.own(this);
    return true;
  }

  holds(holder: LaneHolder): boolean {
    return this.#holder === holder;
  }

  release(holder: LaneHolder): void {
    if (this.#holder !== holder) return;
    this.#holder = null;
    this.#leftAtMs = Date.now();
  }

  /** Counts an append that the log has not settled yet. */
  begin(): void {
    this.#unsettled++;
  }

  end(): void {
    this.#unsettled--;
    if (this.#unsettled > 0) return;
    this.#quiet?.resolve();
    this.#quiet = null;
  }

  /** Resolves when nothing handed to the log is unsettled. */
  async settled(): Promise<void> {
    while (this.#unsettled > 0) {
      this.#quiet ??= Promise.withResolvers();
      await this.#quiet.promise;
    }
  }
}
