// What a destination will never get, said once a range: where it lies, how much it is, and why. Policies that drop on
// purpose are only counted; this is for what nobody chose: damage, and bytes that the log no longer has.

import type { Logger } from 'pino';
import type { Mark } from '../log/marks.ts';
import type { Counts } from '../log/sources.ts';
import { type GapReason, isDropReason } from './gaps.ts';

export interface LostRange {
  readonly from: Mark;
  readonly to: Mark;
  readonly reason: GapReason;
}

/** What a member of a cluster came back without. */
export interface MemberLoss {
  readonly events: number;
  readonly acknowledgedSequence: number;
  readonly hasSequence: number;
}

/** So many lines in so long; what comes beyond is summed up in one more. */
const LINES_MAX = 10;
const WINDOW_MS = 10_000;
/** For so long /healthz speaks of a loss. The counters keep it for ever. */
const RECENT_MS = 3_600_000;

export class Losses {
  readonly #logger: Logger;
  readonly #now: () => number;
  #lines = 0;
  #unsaid: Counts & { ranges: number } = { events: 0, bytes: 0, ranges: 0 };
  #window: NodeJS.Timeout | null = null;
  /** The last of each member, within the hour. */
  readonly #members = new Map<string, { readonly events: number; readonly lastMs: number }>();
  #recent: (Counts & { ranges: number; lastMs: number }) | null = null;

  constructor(logger: Logger, now: () => number = () => performance.now()) {
    this.#logger = logger;
    this.#now = now;
  }

  note({ from, to, reason }: LostRange): void {
    if (isDropReason(reason)) return;
    const events = to.events - from.events;
    const bytes = to.offset - from.offset;
    const before = this.#isRecent() ? this.#recent : null;
    this.#recent = {
      events: (before?.events ?? 0) + events,
      bytes: (before?.bytes ?? 0) + bytes,
      ranges: (before?.ranges ?? 0) + 1,
      lastMs: this.#now(),
    };
    this.#window ??= setTimeout(() => this.#sumUp(), WINDOW_MS).unref();
    if (this.#lines++ < LINES_MAX) {
      this.#logger.warn({ from: from.offset, to: to.offset, events, bytes, reason }, MESSAGES[reason]);
      return;
    }
    this.#unsaid.events += events;
    this.#unsaid.bytes += bytes;
    this.#unsaid.ranges++;
  }

  /** Others are not sent again what one had acknowledged: at most these events are nowhere now. */
  noteMember(member: string, { events, acknowledgedSequence, hasSequence }: MemberLoss): void {
    const before = this.#memberEvents(member);
    this.#members.set(member, { events: before + events, lastMs: this.#now() });
    this.#logger.warn(
      { member, events, acknowledgedSequence, hasSequence },
      'member lost what it had acknowledged: nothing of it is sent again, and what it had not passed on is lost',
    );
  }

  /** What was lost lately, in words; null: nothing. */
  get recent(): string | null {
    const said = [this.#ranges, ...[...this.#members.keys()].map((name) => this.#member(name))];
    const known = said.filter((words) => words !== null);
    return known.length === 0 ? null : known.join('; ');
  }

  get #ranges(): string | null {
    if (this.#recent === null || !this.#isRecent()) return null;
    const { events, bytes, ranges } = this.#recent;
    return `lost ${events} events (${bytes} bytes) in ${ranges} ranges that the log cannot deliver: its own log names them, agent fsck says why`;
  }

  #member(name: string): string | null {
    const events = this.#memberEvents(name);
    if (events === 0) return null;
    return `member ${name} came back without up to ${events} events that it had acknowledged: they are not sent again`;
  }

  #memberEvents(name: string): number {
    const known = this.#members.get(name);
    return known !== undefined && this.#now() - known.lastMs < RECENT_MS ? known.events : 0;
  }

  close(): void {
    if (this.#window === null) return;
    clearTimeout(this.#window);
    this.#sumUp();
  }

  #isRecent(): boolean {
    return this.#recent !== null && this.#now() - this.#recent.lastMs < RECENT_MS;
  }

  #sumUp(): void {
    this.#window = null;
    this.#lines = 0;
    if (this.#unsaid.ranges > 0)
      this.#logger.warn({ ...this.#unsaid }, 'skipped more ranges, not named singly');
    this.#unsaid = { events: 0, bytes: 0, ranges: 0 };
  }
}

const MESSAGES = {
  damaged:
    'skipped a range: its bytes are gone or not what was written; what is left of them, if anything, is in quarantine/',
  orphaned: 'skipped a range: it was deleted while no destination had this name',
  peerLost: 'skipped a range: the receiver lost it, and this log no longer has it',
} as const satisfies Record<Exclude<GapReason, 'dropOldest' | 'dropNewest' | 'maxAge'>, string>;
