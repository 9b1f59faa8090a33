// How far one destination has durably got, in a file of two slots that are written in turn.
//
//   <dir>/cursors/<destination>.cursor, two slots of 64 KiB, both written when the file is made, so that a full disk
//   can still record progress. A slot:
//     0 magic "SPWC"   4 u32 crc32 of bytes 8..16+length   8 u32 length   12 u32 zero   16 JSON (CursorState + turn)
//   The slot with the higher turn that checks out is the cursor; a torn write leaves the other one.
//
// Of a cluster, `position` is the lowest byte that is not done, and `cluster` what lies above it: see
// sink/cluster/ledger.ts. What members may hold is written here before it is sent to them.
// A cursor may be older than what the receiver has: the handshake tells. It is never newer, and retention deletes
// only below what was written here.

import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { SpillwayError } from '../errors.ts';
import { fitted } from './cursor-fit.ts';
import type { DropReason } from './cursor-terms.ts';
import { bytesIn, type Disk } from './disk.ts';
import type { Counts } from './sources.ts';
import { readFile } from './whole-file.ts';

export const CURSOR_DIRECTORY = 'cursors';
const SLOT_BYTES = 64 * 1024;
const HEAD_BYTES = 16;
const MAGIC = Buffer.from('SPWC', 'latin1');
export const CURSOR_FILE_BYTES = 2 * SLOT_BYTES;

export interface CursorGap {
  readonly from: Readonly<{ offset: number; events: number }>;
  readonly to: Readonly<{ offset: number; events: number }>;
  readonly reason: DropReason | 'peerLost' | 'damaged' | 'orphaned';
  /** The receiver was told, or is about to be. */
  readonly announced: boolean;
}

/** Between two batch boundaries: offset, events before it, and both again for the end. */
export type RangeRecord = readonly [from: number, eventsBefore: number, to: number, eventsBefore: number];
export type HeldRecord = readonly [sequence: number, ...range: RangeRecord];
/** `confirmed`: 1 where the member is known to have it. */
export type DoubtRecord = readonly [sequence: number, confirmed: number, ...range: RangeRecord];

/** Under keyHash: an index in `slotSets`, and the range of the log of which these slots are. */
export type KeyedRecord = readonly [slots: number, ...range: RangeRecord];

export type MemberRecord = readonly [name: string, host: string, port: number, draining: 0 | 1];

export interface MemberCursor {
  readonly epoch: number;
  /** The last sequence that it was given. */
  readonly given: number;
  /** What it has durably got of its lane. */
  readonly reached: Readonly<{ sequence: number; offset: number; events: number; crc: number | null }>;
  readonly held: readonly HeldRecord[];
  readonly doubts: readonly DoubtRecord[];
  /** Under keyHash, for each of `held` and `doubts`: see sink/cluster/key-lane.ts. */
  readonly keyedHeld?: readonly KeyedRecord[];
  readonly keyedDoubts?: readonly KeyedRecord[];
  /** In doubt, and not listed any more. */
  readonly unlisted: Readonly<Counts>;
  /** That it had acknowledged, and came back without. */
  readonly lostEvents?: number;
}

export interface ClusterCursor {
  readonly sequence: number;
  /** The last epoch of a lane. */
  readonly epoch: number;
  readonly frontier: Readonly<{ offset: number; events: number }>;
  readonly live: Readonly<{ member: string; sequence: number; limit: number }> | null;
  readonly returned: readonly RangeRecord[];
  readonly members: Readonly<Record<string, MemberCursor>>;
  /** Of keyHash, in base64, a bit for each slot; without it ranges are given out whole. */
  readonly slotSets?: readonly string[];
  readonly had: Readonly<Counts>;
}

export interface CursorState {
  readonly version: 1;
  readonly destination: string;
  readonly stream: string;
  readonly epoch: number;
  /** Where the epoch began, with the events before it. */
  readonly epochStart: Readonly<{ offset: number; events: number }>;
  /** Rises with every connection. */
  readonly session: number;
  /** Where its instance was last found in the registry: for a start while the registry is away. */
  readonly lastAddress?: { readonly host: string; readonly port: number };
  /** Who was last registered under the prefix of its cluster: for a start while the registry is away. */
  readonly lastMembers?: { readonly prefix: string; readonly members: readonly MemberRecord[] };
  /** Where the destination began, with the events before it. */
  readonly start: Readonly<{ offset: number; events: number }>;
  /** The lowest byte it has not durably got, with the events before it. */
  readonly position: Readonly<{ offset: number; events: number }>;
  /** The last batch it acknowledged; null at a start. */
  readonly last: Readonly<{ from: number; crc: number }> | null;
  readonly skipped: Readonly<Record<string, Readonly<Counts>>>;
  readonly dropped: Readonly<Record<string, Readonly<Counts>>>;
  /** Ranges that the destination does not get, with the events before each end; the oldest are folded into the counts. */
  readonly gaps: readonly CursorGap[];
  /** No destination of the configuration has this name: nothing is kept for it. `at`: where the log ended then. */
  readonly orphaned?: { readonly at: Readonly<{ offset: number; events: number }> };
  /** Where the destination is a cluster. */
  readonly cluster?: ClusterCursor;
  /** What the destination was last spoken to in, where that is not the hop protocol. */
  readonly protocol?: 'scribe';
}

/** What the cursors in a log directory take, in bytes. */
export function cursorBytes(disk: Disk, dir: string): Promise<number> {
  return bytesIn(disk, join(dir, CURSOR_DIRECTORY));
}

export class CursorFile {
  readonly #disk: Disk;
  readonly #fd: number;
  readonly #durable: boolean;
  #turn: number;
  #closed = false;
  #writing: Promise<void> = Promise.resolve();

  private constructor(disk: Disk, fd: number, durable: boolean, turn: number) {
    this.#disk = disk;
    this.#fd = fd;
    this.#durable = durable;
    this.#turn = turn;
  }

  /** Opens the cursor of a destination, or makes it with what `fresh` says. */
  static async open(
    disk: Disk,
    options: { dir: string; destination: string; durable: boolean; fresh: () => CursorState },
  ): Promise<{ file: CursorFile; state: CursorState; found: boolean }> {
    const directory = join(options.dir, CURSOR_DIRECTORY);
    const path = join(directory, `${options.destination}.cursor`);
    await disk.makeDirectory(directory);
    const names = await disk.list(directory);
    const there = names.includes(`${options.destination}.cursor`);
    const bytes = there ? await readFile(disk, path) : Buffer.alloc(0);
    const known = [0, 1].map((slot) => decodeSlot(bytes, slot)).filter((slot) => slot !== null);
    const newest = known.sort((a, b) => b.turn - a.turn)[0];
    const fd = await disk.open(path, newest === undefined ? 'w+' : 'r+');
    try {
      const file = new CursorFile(disk, fd, options.durable, newest?.turn ?? 0);
      const state = newest?.state ?? options.fresh();
      if (newest === undefined) {
        await disk.write(fd, Buffer.alloc(CURSOR_FILE_BYTES), 0);
        await file.write(state);
        await file.write(state);
      } else if (bytes.length !== CURSOR_FILE_BYTES) {
        await disk.truncate(fd, CURSOR_FILE_BYTES);
      }
      // also one that was found: the process before us may have made it and not come as far as this
      await disk.sync(fd);
      await disk.syncDirectory(directory);
      await disk.syncDirectory(options.dir);
      return { file, state, found: newest !== undefined };
    } catch (error) {
      await disk.close(fd).catch(() => undefined);
      throw error;
    }
  }

  /** Resolves when the state is down (and synced, where the log is durable). Writes queue behind each other. */
  write(state: CursorState): Promise<void> {
    const next = this.#writing.catch(() => undefined).then(() => this.#put(state));
    this.#writing = next;
    return next;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#writing.catch(() => undefined);
    this.#closed = true;
    await this.#disk.close(this.#fd);
  }

  async #put(state: CursorState): Promise<void> {
    if (this.#closed) return;
    const turn = this.#turn + 1;
    const roomBytes = SLOT_BYTES - HEAD_BYTES;
    let json = Buffer.from(JSON.stringify({ turn, state }));
    if (json.length > roomBytes) {
      const small = fitted(state, roomBytes - JSON.stringify({ turn, state: '' }).length);
      json = Buffer.from(JSON.stringify({ turn, state: small }));
    }
    if (json.length > roomBytes) {
      throw new SpillwayError(
        'disk',
        `the cursor of ${state.destination} outgrew its slot: ${json.length} bytes, ${roomBytes} fit; lower rangesMax or membersMax of its cluster`,
      );
    }
    const slot = Buffer.alloc(HEAD_BYTES + json.length);
    MAGIC.copy(slot);
    slot.writeUInt32LE(json.length, 8);
    json.copy(slot, HEAD_BYTES);
    slot.writeUInt32LE(crc32(slot.subarray(8)), 4);
    await this.#disk.write(this.#fd, slot, (turn % 2) * SLOT_BYTES);
    if (this.#durable) await this.#disk.sync(this.#fd);
    this.#turn = turn;
  }
}

export function decodeSlot(bytes: Buffer, slot: number): { turn: number; state: CursorState } | null {
  const at = bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES);
  if (at.length < HEAD_BYTES || !at.subarray(0, 4).equals(MAGIC)) return null;
  const length = at.readUInt32LE(8);
  if (HEAD_BYTES + length > at.length) return null;
  const body = at.subarray(8, HEAD_BYTES + length);
  if (crc32(body) !== at.readUInt32LE(4)) return null;
  return JSON.parse(body.toString('utf8', HEAD_BYTES - 8)) as { turn: number; state: CursorState };
}
