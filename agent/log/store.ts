// The segments of a log, oldest first, the last of them open for writing.

import { join } from 'node:path';
import { systemCodeOf } from '../errors.ts';
import { ActiveSegment } from './active.ts';
import type { Disk } from './disk.ts';
import type { Opening } from './opening.ts';
import type { NoteRecord } from './record.ts';
import { recover } from './recover.ts';
import { type DamagedRange, JOURNAL_DIRECTORY, type Segment } from './segment.ts';
import type { Counts, SourceTable } from './sources.ts';

export interface StoreOptions {
  readonly disk: Disk;
  readonly dir: string;
  /** Who the log is: every journal says it. */
  readonly stream: string;
  readonly durable: boolean;
  readonly now: () => number;
}

export class SegmentStore {
  readonly #options: StoreOptions;
  readonly #segments: Segment[];
  #active: ActiveSegment;
  /** Bytes of the sealed segments and their journals. */
  #sealedBytes = 0;
  /** The active segment is sealed and its successor could not be begun yet. */
  #sealed = false;
  #removing: Promise<void> | null = null;

  private constructor(options: StoreOptions, segments: Segment[], active: ActiveSegment) {
    this.#options = options;
    this.#segments = segments;
    this.#active = active;
    for (const segment of segments) {
      if (segment !== active.segment) this.#sealedBytes += segment.bytes + segment.journalBytes;
    }
  }

  static async open(
    options: StoreOptions,
  ): Promise<{ store: SegmentStore; table: SourceTable; opening: Opening }> {
    const { disk, dir } = options;
    await disk.makeDirectory(join(dir, JOURNAL_DIRECTORY));
    const { segments, table, end, opening } = await recover(disk, dir);
    const last = segments.at(-1);
    let active: ActiveSegment;
    if (last === undefined) {
      active = await create(options, 0, 0, table.checkpoint());
      segments.push(active.segment);
    } else if (end !== null) {
      // nothing is written behind what was cut
      active = await create(options, end.offset, end.events, table.checkpoint());
      segments.push(active.segment);
    } else {
      active = await ActiveSegment.resume(disk, last, options);
    }
    return { store: new SegmentStore(options, segments, active), table, opening };
  }

  get active(): ActiveSegment {
    return this.#active;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get start(): number {
    return this.#oldest.base;
  }

  get startEvent(): number {
    return this.#oldest.baseEvent;
  }

  /** End of what is committed. */
  get end(): number {
    return this.#active.segment.end;
  }

  get endEvent(): number {
    const { baseEvent, events } = this.#active.segment;
    return baseEvent + events;
  }

  /** Segments and journals as they lie on the disk, with what is written but not yet committed. */
  get bytes(): number {
    return this.#sealedBytes + (this.#sealed ? 0 : this.#active.diskBytes);
  }

  /** Committed bytes of data that are still there. */
  get presentBytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What was appended, is lost to damage, and lies in segments that are still there. */
  get damaged(): readonly DamagedRange[] {
    return this.#segments.map(({ damaged }) => damaged).filter((range) => range !== null);
  }

  /** What was appended once and is deleted now, wherever it lay. */
  get expired(): { readonly events: number; readonly bytes: number } {
    const there = this.#segments.reduce(
      (sum, { events, bytes }) => ({ events: sum.events + events, bytes: sum.bytes + bytes }),
      { events: 0, bytes: 0 },
    );
    const damaged = countsOf(this.damaged);
    return {
      events: this.endEvent - there.events - damaged.events,
      bytes: this.end - there.bytes - damaged.bytes,
    };
  }

  get #oldest(): Segment {
    return this.#segments[0] ?? this.#active.segment;
  }

  /** The segment that holds the byte at `offset`, or the one after a hole there; null at or behind the end. */
  find(offset: number): Segment | null {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#segments[middle]?.end ?? Number.POSITIVE_INFINITY) <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#segments[low] ?? null;
  }

  /**
   * Seals the active segment and begins the next one. An active one without a commit is begun again.
   * Where it throws, the next call goes on.
   */
  async roll(checkpoint: NoteRecord): Promise<void> {
    const { segment } = this.#active;
    await this.#active.seal();
    if (this.#segments.at(-1) === segment) {
      this.#segments.pop();
      if (segment.bytes > 0) {
        this.#segments.push(segment);
        if (!this.#sealed) this.#sealedBytes += segment.bytes + segment.journalBytes;
      }
    }
    this.#sealed = true;
    const active = await create(this.#options, segment.end, segment.baseEvent + segment.events, checkpoint);
    this.#active = active;
    this.#sealed = false;
    this.#segments.push(active.segment);
  }

  /** Deletes a sealed segment, wherever it lies. Who calls while one is being deleted waits for that one. */
  remove(segment: Segment): Promise<void> {
    this.#removing ??= this.#remove(segment).finally(() => {
      this.#removing = null;
    });
    return this.#removing;
  }

  /** The data goes first, for good: `recover` knows a journal without it. What is gone already was deleted before. */
  async #remove(segment: Segment): Promise<void> {
    const index = this.#segments.indexOf(segment);
    if (index === -1 || segment === this.#active.segment) return;
    const { disk, dir, durable } = this.#options;
    await removeIfThere(disk, segment.path);
    if (durable) await disk.syncDirectory(dir);
    await removeIfThere(disk, segment.journalPath);
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#sealedBytes -= segment.bytes + segment.journalBytes;
  }

  async close(): Promise<void> {
    try {
      await this.#active.seal();
    } catch {
      // what could not be cut off is cut off when the log is opened again
    }
  }
}

/** What ranges hold together. */
export function countsOf(ranges: readonly DamagedRange[]): Counts {
  return ranges.reduce<Counts>(
    ({ events, bytes }, { from, to }) => ({
      events: events + to.events - from.events,
      bytes: bytes + to.offset - from.offset,
    }),
    { events: 0, bytes: 0 },
  );
}

async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.remove(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}

function create(
  options: StoreOptions,
  base: number,
  baseEvent: number,
  checkpoint: NoteRecord,
): Promise<ActiveSegment> {
  const { disk, dir, stream, durable, now } = options;
  return ActiveSegment.create(disk, { dir, stream, base, baseEvent, nowMs: now(), durable }, checkpoint);
}
