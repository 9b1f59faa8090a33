// The keys of a destination that is a cluster: who its members are, how batches are shared among them, and when a
// member counts as ill and as well again.

import { z } from 'zod';
import { address, bytes, count, milliseconds, plainName, text } from './scalars.ts';
import { section } from './section.ts';

const member = section({
  /** Stands in metrics and in the record of who holds what: a member that moves keeps it. */
  name: plainName(),
  address: address(),
  /** Given nothing more, and not waited for: what it has under way it may finish. */
  draining: z.boolean().default(false),
});

/** What keyHash reads its key from. */
const keySchema = section({
  format: z.enum(['influx', 'graphite', 'json']),
  /** The tag (or in influx field, or in JSON top-level member) whose value is the key; without it name and tags are. */
  field: text('the name of a tag or field').optional(),
});

export const clusterSchema = section({
  /** Who gets the next batch; keyHash: every event by its key. */
  strategy: z.enum(['leastInflight', 'roundRobin', 'failover', 'keyHash']).default('leastInflight'),
  /** With keyHash, and only there. */
  key: keySchema.optional(),
  /** Those who never change ... */
  members: z.array(member).min(1).readonly().optional(),
  /** ... or where in etcd they register: their `registry.prefix`. Exactly one of the two. */
  prefix: text('the registry.prefix of the members, such as /spillway/sinks/b').optional(),
  /** Those beyond it are given nothing. */
  membersMax: count({ max: 128 }).default(64),
  /** A member that failed is tried again after this ... */
  probeMinMs: milliseconds({ max: 600_000 }).default(200),
  /** ... and then after twice as long each time, up to this. */
  probeMaxMs: milliseconds({ max: 3_600_000 }).default(10_000),
  /** Batches that it must acknowledge one by one before it gets more at a time. */
  probeSuccesses: count({ max: 1_000 }).default(3),
  /** How long its share then takes to rise to a full one. */
  slowStartMs: milliseconds({ min: 0, max: 3_600_000 }).default(5_000),
  /** A member that acknowledges nothing of what it was sent for this long has failed, and others carry its load on. */
  ackTimeoutMs: milliseconds({ max: 3_600_000 }).default(1_500),
  /** A member whose connection ended has this long to come back before what it was sent goes to others; after a start of
   * this agent ackTimeoutMs, where that is longer. */
  handoverMs: milliseconds({ max: 600_000 }).default(500),
  /** Batches are given to a member in ranges of the log of this size, each written down before it is sent. */
  rangeBytes: bytes({ min: 4 * 1024, max: 64 * 2 ** 20 }).default(512 * 1024),
  /** Ranges that all members together may hold, or have given back. */
  rangesMax: count({ max: 256 }).default(128),
  /** Ranges in doubt that are listed; those beyond it are only counted, and stay in doubt. */
  inDoubtRangesMax: count({ max: 256 }).default(128),
})
  .superRefine(
    (value, context) => {
      for (const message of contradictions(value)) {
        context.addIssue({ code: 'custom', message, params: { whole: true } });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .transform(({ members, prefix, ...rest }) => ({
    ...rest,
    from:
      members === undefined
        ? ({ by: 'prefix', prefix: (prefix ?? '').replace(/\/+$/, '') } as const)
        : ({ by: 'list', members: members.map(flat) } as const),
  }));

export type ClusterConfig = z.output<typeof clusterSchema>;
export type KeyConfig = Readonly<z.output<typeof keySchema>>;

interface Written {
  readonly strategy?: unknown;
  readonly key?: unknown;
  readonly members?: unknown;
  readonly prefix?: unknown;
  readonly membersMax?: unknown;
  readonly inDoubtRangesMax?: unknown;
}

/** What fits a cursor under keyHash, where a range has a part for every member. */
const KEYED_MEMBERS_MAX = 64;
const KEYED_DOUBTS_MAX = 128;

function* contradictions(value: Written): Generator<string> {
  const has = (key: keyof Written) => Object.hasOwn(value, key) && value[key] !== undefined;
  if (has('members') === has('prefix')) {
    yield `exactly one of members and prefix, found ${has('members') ? 'both' : 'neither'}`;
  }
  if (value.strategy === 'keyHash' && !has('key')) {
    yield 'key.format beside strategy keyHash (influx, graphite or json), found none';
  }
  if (value.strategy === 'keyHash') {
    const { membersMax, inDoubtRangesMax } = value;
    if (Number(membersMax) > KEYED_MEMBERS_MAX) yield `membersMax up to ${KEYED_MEMBERS_MAX} with keyHash`;
    if (Number(inDoubtRangesMax) > KEYED_DOUBTS_MAX)
      yield `inDoubtRangesMax up to ${KEYED_DOUBTS_MAX} with keyHash`;
  }
  if (value.strategy !== 'keyHash' && has('key')) yield 'key only beside strategy keyHash';
}

function flat({ name, address, draining }: z.output<typeof member>) {
  return { name, ...address, draining };
}
