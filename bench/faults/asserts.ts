// What a scenario may demand beside counts and latency: the part of `asserts` that is about faults. judge.ts holds
// a run to it.

import { z } from 'zod';
import {
  BYTES_EXPECTED,
  DURATION_EXPECTED,
  parseBytes,
  parseDurationMs,
  quantity,
} from '../scenario-units.ts';

const durationMs = quantity(parseDurationMs, DURATION_EXPECTED);
const bytes = quantity(parseBytes, BYTES_EXPECTED);
const fate = z.enum(['present', 'lost']);

export const faultAsserts = {
  /** Of every outage: what became of the events of its first and of its last second. */
  outage: z.strictObject({ first: fate, last: fate }).optional(),
  /** Destinations that have every event, whatever others lost. */
  untouched: z.array(z.string()).default([]),
  /** These are as fast, and get as much, while faults last as between them in the same run (isolation.ts says how that is
   * measured). `within`: a share of the calm figures. */
  isolated: z
    .strictObject({ destinations: z.array(z.string()).min(1), within: z.number().min(0).max(1).default(0.1) })
    .optional(),
  /** After they were away these catch up at least at this share of the speed of another one (catch-up.ts). */
  catchUp: z
    .strictObject({
      against: z.string(),
      destinations: z.array(z.string()).min(1),
      shareMin: z.number().min(0).max(10),
    })
    .optional(),
  /** Every destination has the very same events. */
  equalSets: z.boolean().default(false),
  /** Bytes that any node writes to its log, journal included, for every byte it takes. */
  writtenShareMax: z.number().min(1).optional(),
  /** A cut, half-open or paused peer is noticed by its sender within this. */
  noticedMax: durationMs.optional(),
  /** From the end of the last fault until every destination is less than a second behind. */
  recoverMax: durationMs.optional(),
  /** Of a cluster, among the members that were there all the time: the most events at one less the least at another,
   * as a part of their mean. */
  spreadMax: z.number().min(0).max(10).optional(),
  /** From the loss of a member until the rest carry the whole load. */
  takenOverMax: durationMs.optional(),
  /** From a member's return, or its joining, until it has its even part. */
  sharedAgainMax: durationMs.optional(),
  /** From a member's draining until it is given nothing more, for as long as it drains. */
  drainedMax: durationMs.optional(),
  /** Every key is at one member, or at others only while its own is away; and in order there. */
  keysStable: z.boolean().default(false),
  /** Longest time within the load in which a destination got nothing. */
  gapMax: durationMs.optional(),
  /** From the registry's return until everyone is registered again. */
  registeredMax: durationMs.optional(),
  /** High-water mark of some destination's buffer, as a share of what was sent during the longest outage: the
   * disk was really used. */
  bufferedShareMin: z.number().min(0).max(1).optional(),
  /** Logs of these nodes came within a quarter of their cap. */
  capReached: z.array(z.string()).default([]),
  /** Whoever had its disk filled had nothing waiting any more when room came back: it drained while full. */
  drainsWhileFull: z.boolean().default(false),
  /** The generator waited at least this long for room. */
  heldMin: durationMs.optional(),
  /** Growth of memory from the second quarter of the load to the last, of any process of the tool. A process must
   * have lived through the load: see `except` of the steps. */
  rssGrowthMax: bytes.optional(),
  /** The same of open descriptors. */
  descriptorGrowthMax: z.int().min(0).optional(),
  /** The same of what the log folder of any node takes on disk. */
  diskGrowthMax: bytes.optional(),
};
