// The keys of Scribe: a source that takes Log calls, and what a destination that makes them needs beside its address.

import { z } from 'zod';
import { address, bytes, count, milliseconds, plainName, text } from './scalars.ts';
import { section } from './section.ts';

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const GiB = 2 ** 30;

const categoryName = () => text('the name of a category');

export const scribeSchema = section({
  type: z.literal('scribe'),
  name: plainName(),
  /** Where clients of Scribe connect, by custom at port 1463; port 0 lets the system pick one. */
  address: address({ portMin: 0 }),
  /** Categories that are told apart: each is counted, and found in the journal, as <name>/<category>. */
  categories: z.array(categoryName()).max(1_000).readonly().default([]),
  /** What becomes of all others: taken as <name>, or answered OK, counted as refused and not kept. */
  others: z.enum(['take', 'refuse']).default('take'),
  /** Connections at once; the next one is closed with a counted reason. */
  connectionsMax: count({ max: 100_000 }).default(256),
  /** Calls of one connection that are read and not answered. */
  callsMax: count({ max: 10_000 }).default(64),
  /** The largest call that is taken ... */
  frameBytesMax: bytes({ min: 4 * KiB, max: 256 * MiB }).default(16 * MiB),
  /** ... and the same in messages. */
  messagesMax: count({ max: 10_000_000 }).default(500_000),
  /** A client that has begun a call and sends nothing for this long is gone. */
  frameTimeoutMs: milliseconds({ max: 600_000 }).default(10_000),
  /** What all connections together may have under way, in memory. */
  windowBytes: bytes({ min: 64 * KiB, max: GiB }).default(32 * MiB),
  /** How long a call waits for room in the window or in the log before it is answered TRY_LATER. */
  waitMs: milliseconds({ min: 0, max: 600_000 }).default(1_000),
  /** A longer event is set aside in quarantine. */
  eventBytesMax: bytes({ min: 16, max: 64 * MiB }).default(MiB),
  /** The largest batch that goes to the log. */
  batchBytesMax: bytes({ min: 4 * KiB, max: 64 * MiB }).default(MiB),
});

export const scribeTargetSchema = section({
  /** What the receiver files events under ... */
  category: categoryName(),
  /** ... unless they came from one of these sources: categories by source, as in /metrics (<name>/<category> of a Scribe source). */
  categories: z.record(text('the name of a source'), categoryName()).readonly().default({}),
  /** Whether messages end with the newline of their events, or the receiver adds one (add_newlines=1). */
  newline: z.enum(['keep', 'strip']).default('keep'),
  /** The largest call; one event that is larger has a call of its own. */
  callBytesMax: bytes({ min: 4 * KiB, max: 64 * MiB }).default(MiB),
});

export type ScribeSourceConfig = z.output<typeof scribeSchema>;
export type ScribeTargetConfig = z.output<typeof scribeTargetSchema>;
