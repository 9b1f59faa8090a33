// What a Scribe source takes under one name: a source of the log of its own, with its own counts. A category that the
// configuration lists is `<source>/<category>`; all others share the name of the source.
//
// Scribe has no positions: the bytes that were taken are counted through, so that the log can tell one batch from the
// next. A call that is sent again is taken again.

import { crc32 } from 'node:zlib';
import type { SourceSnapshot } from '../../http/snapshot.ts';
import type { EventLog } from '../../log/log.ts';
import type { SourceState } from '../../log/sources.ts';
import { ReceiveCounters } from '../receive-counters.ts';
import type { Batch, Events } from './events.ts';

type Note = 'suppressed' | 'quarantined' | 'refused';

export class Category {
  readonly owner: string;
  readonly #log: EventLog;
  readonly #quarantine: string;
  readonly #counters: ReceiveCounters;
  #source: SourceState | null = null;
  /** Behind what is on its way to the log. */
  #next = 0;
  #unsettled = 0;

  /** @param source its name in the configuration */
  constructor(log: EventLog, source: string, category: string | null) {
    this.owner = category === null ? source : `${source}/${category}`;
    this.#log = log;
    this.#quarantine = `${source}.too-long`;
    this.#counters = new ReceiveCounters(log.counts(this.owner));
  }

  snapshot(): SourceSnapshot {
    return { name: this.owner, type: 'scribe', ...this.#counters.snapshot(this.#log.counts(this.owner)) };
  }

  /** Resolves when the log has settled all that it was given. */
  settled(): Promise<void> {
    return this.#counters.quiet();
  }

  /** Hands all of it to the log, in one breath. Rejects where the log did not take all of it. */
  async take(events: Events): Promise<void> {
    const { tooLong, empty } = events;
    const work = events.batches().map((batch) => this.#append(batch));
    if (empty > 0) work.push(this.#note('suppressed', 'empty', empty, 0));
    if (tooLong.length > 0) work.push(this.#setAside(tooLong));
    const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Counts what the configuration does not take: the sender is done with it, and so are we. */
  async refuse(events: number, bytes: number): Promise<void> {
    await this.#note('refused', 'category', events, bytes);
  }

  async #append({ bytes, events }: Batch): Promise<void> {
    const source = this.#known();
    const from = this.#next;
    this.#next += bytes.length;
    this.#unsettled++;
    this.#counters.read(events, bytes.length);
    const range = { from, end: this.#next, chunks: [bytes], bytes: bytes.length, events };
    try {
      await this.#log.append({ source, ...range, crc: crc32(bytes), sequence: 0 });
      this.#counters.settled(events, bytes.length);
    } catch (error) {
      this.#counters.refused(events, bytes.length);
      throw error;
    } finally {
      this.#unsettled--;
      // what failed leaves no gap
      if (this.#unsettled === 0) this.#next = source.position;
    }
  }

  async #setAside(tooLong: readonly Buffer[]): Promise<void> {
    // what cannot be kept is still counted
    for (const bytes of tooLong) await this.#log.setAside(this.#quarantine, bytes).catch(() => undefined);
    const bytes = tooLong.reduce((sum, { length }) => sum + length, 0);
    await this.#note('quarantined', 'too-long', tooLong.length, bytes);
  }

  async #note(outcome: Note, reason: string, events: number, bytes: number): Promise<void> {
    const source = this.#known();
    const at = source.position;
    this.#counters.read(events, bytes);
    try {
      await this.#log.progress(source, { outcome, reason, from: at, end: at, events, bytes });
      this.#counters.settled(events, bytes);
    } catch (error) {
      this.#counters.refused(events, bytes);
      throw error;
    }
  }

  #known(): SourceState {
    if (this.#source !== null) return this.#source;
    const key = `scribe:${this.owner}`;
    const { owner } = this;
    this.#source =
      this.#log.findSource(key) ?? this.#log.defineSource({ owner, key, identity: {}, position: 0 });
    this.#next = this.#source.position;
    return this.#source;
  }
}
