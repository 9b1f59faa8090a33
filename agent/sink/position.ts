// How far one destination has got, and never ahead of what the receiver said is durable.
//
// Conservation: appended since its start = acknowledged + buffered + dropped + skipped. Acknowledged is what lies
// below the position and was neither dropped nor skipped, so it needs no counter of its own and cannot drift.

import type { Address } from '../config/address.ts';
import { SpillwayError } from '../errors.ts';
import type { CursorFile, CursorState } from '../log/cursor.ts';
import type { DropReason } from '../log/cursor-terms.ts';
import type { Holder } from '../log/holders.ts';
import type { EventLog } from '../log/log.ts';
import type { Mark } from '../log/marks.ts';
import { begunAt, disbelieved, type StartAt, startOf } from './beginning.ts';
import {
  addGap,
  announce,
  type Gap,
  givenFrom,
  isAnnounced,
  nextGap,
  offsetBehind,
  withoutDelivered,
} from './gaps.ts';
import { KeptCursor } from './kept-cursor.ts';
import { countedWith, type Tallies, talliesOf } from './tallies.ts';

/** A range that the receiver has acknowledged, as batch or as skip. */
export interface Acknowledged {
  readonly from: number;
  readonly end: Mark;
  readonly crc: number;
  readonly isSkip: boolean;
}

/** And as many as may be announced at once: the cursor's slot has room for both. */
export const GAPS_MAX = 100;
const DAY_MS = 86_400_000;

export class Position {
  readonly #log: EventLog;
  readonly #cursor: KeptCursor;
  readonly holder: Holder;
  /** The end of the log when the policy last looked. */
  seenEnd: Mark;
  /** Its policy gives up the oldest bytes where the log needs the room. */
  yields = false;
  /** Told every range that is passed over, once. */
  onGap: (range: Omit<Gap, 'announced'>) => void = () => undefined;
  /** The furthest that the receiver had, of this stream and epoch, as far as is known. */
  #reached: number;
  /** As it was found; null: it was not there. */
  readonly #found: CursorState | null;
  readonly #release: () => void;

  private constructor(log: EventLog, file: CursorFile, state: CursorState, found: boolean) {
    this.#log = log;
    this.#cursor = new KeptCursor(log, file, state);
    this.#found = found ? state : null;
    this.#reached = state.position.offset;
    this.seenEnd = log.end;
    this.holder = {
      yields: () => this.yields,
      wants: (from, to) => this.#cursor.wants(from, to),
    };
    // for as long as the log is open: what is deleted between our close and the log's would never be sent
    this.#release = log.holders.add(this.holder);
  }

  static async open(log: EventLog, destination: string, startAt: StartAt): Promise<Position> {
    const known = await log.cursors.read(destination);
    if (known?.orphaned === undefined) return await Position.#open(log, destination, startAt);
    return await log.cursors.alone(() => Position.#open(log, destination, startAt));
  }

  static async #open(log: EventLog, destination: string, startAt: StartAt): Promise<Position> {
    const start = await startOf(log, startAt);
    const fresh = () => begunAt(log, destination, start);
    const { file, state, found } = await log.cursors.open(destination, fresh);
    const position = new Position(log, file, state, found);
    const changed = disbelieved(state, fresh(), log);
    if (changed !== null) position.#change(changed);
    // offsets of another log say nothing here
    position.#reached = position.mark.offset;
    await position.#adopt();
    return position;
  }

  /** A cursor that was an orphan has a destination again; what was deleted meanwhile is announced as skipped. */
  async #adopt(): Promise<void> {
    const { orphaned, ...state } = this.state;
    if (orphaned === undefined) return;
    // below a cluster's frontier its ledger knows what is done
    const gaps = this.#log
      .missingFrom(state.cluster?.frontier ?? state.position)
      .reduce<readonly Gap[]>(
        (all, range) => addGap(all, { ...range, reason: 'orphaned', announced: false }),
        state.gaps,
      );
    this.#cursor.set({ ...state, gaps });
    await this.#cursor.save();
  }

  get state(): CursorState {
    return this.#cursor.state;
  }

  /** Why it cannot be written down, or null. */
  get cursorFailure(): string | null {
    return this.#cursor.failure;
  }

  /** Told why it cannot be written down, once, and null when it could be again. */
  onCursorFailure(tell: (failure: string | null) => void): void {
    this.#cursor.onFailure = tell;
  }

  get mark(): Mark {
    return this.state.position;
  }

  get gaps(): readonly Gap[] {
    return this.state.gaps;
  }

  /** Bytes that it still wants. */
  get lagBytes(): number {
    const { position, gaps, cluster } = this.state;
    if (cluster !== undefined) return this.tallies().buffered.bytes;
    return this.#log.endOffset - position.offset - givenFrom(gaps, position.offset);
  }

  /** The first gap that ends behind the offset. */
  nextGap(offset: number): Gap | null {
    return nextGap(this.state.gaps, offset);
  }

  /** The offset that lies behind `bytes` wanted bytes, counted from `from`. */
  offsetBehind(from: number, bytes: number): number {
    return offsetBehind(this.gaps, from, bytes);
  }

  /** Gives a range up: it will be announced as skipped, and counts as dropped from now on. */
  drop(range: { readonly from: Mark; readonly to: Mark; readonly reason: DropReason }): void {
    this.#change({ gaps: addGap(this.state.gaps, { ...range, announced: false }) });
  }

  /** Why a range that the log no longer has is lost: nobody but the receiver gives up what it once acknowledged. */
  lossOf(from: number): 'peerLost' | 'damaged' {
    return from < this.#reached ? 'peerLost' : 'damaged';
  }

  /**
   * Writes down that a range is passed over; resolves before the receiver may be told.
   * @throws SpillwayError `disk` where that failed: the receiver must not be told
   */
  async announce(range: Omit<Gap, 'announced'>): Promise<void> {
    if (!isAnnounced(this.state.gaps, range)) this.onGap(range);
    const gaps = announce(this.state.gaps, range);
    this.#change({ gaps, ...this.#folded(gaps, this.mark) });
    if (await this.#cursor.save()) return;
    throw new SpillwayError('disk', `cannot write the cursor of ${this.state.destination}`, {
      retryable: true,
    });
  }

  /**
   * One endpoint takes the place of a cluster: from the lowest byte that is not done on it gets everything, also what
   * members have, as a new epoch.
   */
  leaveCluster(): void {
    const { cluster, ...state } = this.state;
    if (cluster === undefined) return;
    this.#cursor.set(state);
    this.beginEpoch();
  }

  /**
   * A Scribe receiver leaves no history that a handshake could ask for: an agent that takes its place begins at the
   * position, as a new epoch.
   */
  speaks(protocol: 'hop' | 'scribe'): void {
    const { protocol: was = 'hop', ...state } = this.state;
    if (was === protocol) return;
    if (protocol === 'scribe') {
      this.#change({ protocol });
      return;
    }
    this.#cursor.set(state);
    this.beginEpoch();
  }

  /** What a cluster changes; written down within CURSOR_MS. */
  update(part: Partial<CursorState>): void {
    this.#change({ ...part, ...this.#folded(part.gaps ?? this.state.gaps, part.position ?? this.mark) });
  }

  /** What a cluster changed and could not write down never was; what was dropped meanwhile stays dropped. */
  takeBack({ cluster, epoch, position }: CursorState): void {
    const { cluster: _, ...state } = this.state;
    this.#cursor.set({ ...state, epoch, position, ...(cluster !== undefined && { cluster }) });
  }

  /** Writes down everything up to now; false where that failed. */
  commit(): Promise<boolean> {
    return this.#cursor.commit();
  }

  /** Where the destination was found: a restart while the registry is away tries it there. */
  foundAt(lastAddress: Address): void {
    const known = this.state.lastAddress;
    if (known?.host !== lastAddress.host || known.port !== lastAddress.port) this.#change({ lastAddress });
  }

  /** The receiver has seen this session: the next one must be above it. */
  raiseSession(session: number): void {
    // a number that nobody's clock comes to would lock us out for good
    if (session > this.state.session && session <= Date.now() + DAY_MS) this.#change({ session });
  }

  /** A session number above every earlier one, also where the cursor file lost the last of them. */
  nextSession(): number {
    const session = Math.max(this.state.session + 1, Date.now());
    this.#change({ session });
    return session;
  }

  acknowledge({ from, end, crc, isSkip }: Acknowledged): void {
    const gaps = withoutDelivered(this.state.gaps, end);
    this.#change({ position: end, last: isSkip ? null : { from, crc }, gaps, ...this.#folded(gaps, end) });
  }

  /** The receiver has more, or less, than the cursor says: it is right. */
  moveTo(position: Mark, last: CursorState['last']): void {
    const gaps = withoutDelivered(this.state.gaps, position);
    this.#change({ position, last, gaps, ...this.#folded(gaps, position) });
  }

  /** The receiver has nothing: all of the epoch is sent again, and what was skipped of it is counted anew. */
  startOver(): void {
    const { epochStart, start, skipped, dropped } = this.state;
    const whole = epochStart.offset === start.offset;
    this.#change({
      position: epochStart,
      last: null,
      skipped: whole ? {} : skipped,
      dropped: whole ? {} : dropped,
    });
  }

  /** The receiver's history does not fit ours: from here on it gets another one. */
  beginEpoch(): void {
    const { position, epoch } = this.state;
    const end = this.#log.end;
    const from = position.offset <= end.offset ? position : end;
    this.#change({ epoch: epoch + 1, epochStart: from, position: from, last: null });
  }

  tallies(): Tallies {
    return talliesOf(this.state, this.#log.end);
  }

  close(): Promise<void> {
    return this.#cursor.close();
  }

  /** Closes it for good: nothing is kept for it any more, until a destination of its name adopts the cursor. */
  async orphan(): Promise<void> {
    this.#change({ orphaned: { at: this.#log.end } });
    try {
      await this.close();
    } finally {
      this.#release();
    }
  }

  /** As if it had never been opened. */
  async discard(): Promise<void> {
    const { destination } = this.state;
    await this.#cursor.abandon().finally(() => this.#release());
    if (this.#found === null) await this.#log.cursors.remove(destination);
    else await this.#log.cursors.write(this.#found);
  }

  /**
   * A cursor has room for so many gaps: the oldest that are acknowledged become plain counts. Should the receiver go
   * back behind one of those, it is counted again.
   */
  #folded(gaps: readonly Gap[], position: Mark): Partial<CursorState> {
    if (gaps.length <= GAPS_MAX) return {};
    const old = gaps.filter(({ to }) => to.offset <= position.offset).slice(0, gaps.length - GAPS_MAX / 2);
    return { gaps: gaps.slice(old.length), ...countedWith(this.state, old) };
  }

  #change(part: Partial<CursorState>): void {
    const state = { ...this.state, ...part };
    this.#cursor.set(state);
    this.#reached = Math.max(this.#reached, state.position.offset);
  }
}
