// Every key of the agent's configuration with its type, its bounds and its default, side by side: this
// file is the reference, docs/configuration.md the explanation. Keys carry their unit in their name; sizes
// may be written as 64MiB and durations as 30s, and arrive here as bytes and milliseconds. What concerns
// more than one key (a cap that is too small for its segments) is in rules.ts.

import { z } from 'zod';
import type { Address } from './address.ts';
import { type ClusterConfig, clusterSchema } from './cluster.ts';
import { destinationTlsSchema, listenTlsSchema, tokenFile } from './link.ts';
import { address, bytes, count, endOrOffset, milliseconds, plainName, text, url } from './scalars.ts';
import {
  type ScribeSourceConfig,
  type ScribeTargetConfig,
  scribeSchema,
  scribeTargetSchema,
} from './scribe.ts';
import { section } from './section.ts';

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const GiB = 2 ** 30;
const HOUR_MS = 3_600_000;
const BATCH_BYTES_MAX = 64 * MiB; // beyond it one batch would hold up heartbeats

/** What a file that is there at the first start of a tail begins with. */
const startAt = z.enum(['oldest', 'newest']).default('oldest');

export const logSchema = section({
  /** The event log: segments lie directly in it. Made if its parent exists. */
  dir: text('the path of a directory'),
  /** When data counts as safe: after a sync (fsync) or after the write (os). */
  durability: z.enum(['fsync', 'os']).default('fsync'),
  /** A segment is closed and a new one begun at this size. */
  segmentBytes: bytes({ min: 64 * KiB, max: 4 * GiB }).default(64 * MiB),
  /** The journal starts a new file at this size; by default 4 MiB, or a 16th of a small cap. */
  journalBytesMax: bytes({ min: 4 * KiB, max: GiB }).optional(),
  /** Everything in the directory together; at it, intake stops. */
  capBytes: bytes().default(4 * GiB),
  /** Free space of the filesystem that an append never touches. */
  reserveBytes: bytes({ min: 0 }).default(256 * MiB),
  /** What every destination has is kept up to this, by default 256 MiB or a quarter of a small cap ... */
  keepBytes: bytes({ min: 0 }).optional(),
  /** ... and up to this age. */
  keepAge: milliseconds({ max: 10 * 365 * 24 * HOUR_MS }).default(24 * HOUR_MS),
  /** What is set aside (over-long events, rot); the oldest gives way. By default 64 MiB, or an eighth of a small cap. */
  quarantineBytesMax: bytes({ min: 0 }).optional(),
  /** What waits for the next commit, in memory. */
  pendingBytesMax: bytes({ min: 64 * KiB, max: GiB }).default(8 * MiB),
}).transform(({ keepAge, ...rest }) => ({
  ...rest,
  journalBytesMax: rest.journalBytesMax ?? Math.min(4 * MiB, Math.ceil(rest.capBytes / 16)),
  keepBytes: rest.keepBytes ?? Math.min(256 * MiB, Math.floor(rest.capBytes / 4)),
  keepAgeMs: keepAge,
}));

const globs = z.array(text('a file name pattern, such as *.log')).readonly();

export const tailSchema = section({
  type: z.literal('tail'),
  name: plainName(),
  /** The directory whose files are followed; it must exist. */
  dir: text('the path of a directory'),
  /** Names of files to follow, and of files not to. */
  include: globs.default(['*']),
  exclude: globs.default([]),
  /** One read of one file. */
  readBytesMax: bytes({ min: 4 * KiB, max: BATCH_BYTES_MAX }).default(MiB),
  /** How often a file that grew lately is looked at ... */
  pollMs: milliseconds({ max: 60_000 }).default(20),
  /** ... how often one that did not ... */
  idlePollMs: milliseconds({ max: 600_000 }).default(250),
  /** ... and for how long after its last growth a file counts as active. */
  activeMs: milliseconds({ max: 3_600_000 }).default(5_000),
  /** How often the directory is listed, whatever the notifications say. */
  rescanMs: milliseconds({ max: 3_600_000 }).default(2_000),
  /** Files held open at once; the least active are closed first. */
  openFilesMax: count({ max: 1_000_000 }).default(256),
  /** A longer event is set aside in quarantine. */
  eventBytesMax: bytes({ min: 16, max: BATCH_BYTES_MAX }).default(MiB),
  /** Where a file that is there at the very first start is begun. */
  startAt,
  /** What becomes of a file that is rolled, and of which every byte is delivered. */
  afterRead: z.enum(['keep', 'delete']).default('keep'),
  /** It is deleted when it has not grown for this long ... */
  deleteIdleMs: milliseconds({ max: 10 * 365 * 24 * HOUR_MS }).default(60_000),
  /** ... unless it has such a name. */
  deleteExcept: globs.default([]),
});

export const listenSchema = section({
  type: z.literal('listen'),
  name: plainName(),
  /** Where to listen for other agents; port 0 lets the system pick one. */
  address: address({ portMin: 0 }),
  /** What others are told to connect to; where it is not given, `address`. */
  advertise: address().optional(),
  /** Without it anybody who can connect is heard. */
  tls: listenTlsSchema.optional(),
  /** A secret that senders must prove to have, too. */
  tokenFile: tokenFile(),
  /** Senders that are connected at once; one more is refused. */
  connectionsMax: count({ max: 100_000 }).default(256),
  /** Connections that have not said yet who they are; one more takes the place of the oldest. */
  handshakesMax: count({ max: 100_000 }).default(128),
  /** Credit: bytes that one sender may have under way. */
  windowBytes: bytes({ min: 64 * KiB, max: GiB }).default(8 * MiB),
  /** The same in batches: of small ones, each costs a buffer of 4 KiB. */
  windowBatches: count({ max: 1_000_000 }).default(2_048),
  /** The largest batch that a sender may send. */
  batchBytesMax: bytes({ min: 4 * KiB, max: BATCH_BYTES_MAX }).default(4 * MiB),
  handshakeTimeoutMs: milliseconds({ max: 600_000 }).default(5_000),
  heartbeatMs: milliseconds({ max: 600_000 }).default(1_000),
  /** A sender that is silent for this long is gone. */
  peerTimeoutMs: milliseconds({ max: 600_000 }).default(5_000),
  /** Senders whose position is remembered; one more is refused ... */
  peersMax: count({ max: 1_000_000 }).default(1_024),
  /** ... unless one was not here for this long: it is forgotten then, and would send all it has again. */
  peerForgetMs: milliseconds().default(7 * 24 * HOUR_MS),
});

export const sourceSchema = z.discriminatedUnion('type', [tailSchema, listenSchema, scribeSchema]);

export const destinationSchema = section({
  name: plainName(),
  /** The id of an instance, found in the registry; or ... */
  instance: plainName().optional(),
  /** ... an address that does not change; or ... */
  address: address().optional(),
  /** ... several that share the load. Exactly one of the three. */
  cluster: clusterSchema.optional(),
  /** Without it everything crosses the network in the clear. */
  tls: destinationTlsSchema.optional(),
  /** The secret of the receiver's tokenFile. */
  tokenFile: tokenFile(),
  /** zstd costs CPU on both sides and saves network. */
  compression: z.enum(['none', 'zstd']).default('none'),
  compressionLevel: count({ min: 1, max: 19 }).default(1),
  /** It speaks Scribe there, at a fixed address; without this section it is an agent. */
  scribe: scribeTargetSchema.optional(),
  /** Where in the log a destination begins that the log does not know yet: an end of it, or an offset. */
  startAt: endOrOffset().default('oldest'),
  /** What gives way when it lags: intake for all (block), its own oldest bytes, or its own newest. */
  policy: z.enum(['block', 'dropOldest', 'dropNewest']).default('block'),
  /** How far it may lag before its policy acts; by default the cap of the log less two segments. */
  lagBytesMax: bytes().optional(),
  /** Batches that have waited longer are dropped, whatever the policy; 0: never. */
  maxAge: milliseconds({ min: 0, max: 10 * 365 * 24 * HOUR_MS }).default(0),
  /** Read and sent at once. */
  batchBytesMax: bytes({ min: 4 * KiB, max: BATCH_BYTES_MAX }).default(MiB),
  /** How long less than that waits for more: fewer and larger writes, for a destination that is in no hurry. */
  lingerMs: milliseconds({ min: 0, max: 60_000 }).default(0),
  /** Sent and not yet acknowledged. */
  inflightBytesMax: bytes({ min: 4 * KiB, max: GiB }).default(16 * MiB),
  /** The same in batches; the receiver's windowBatches where that is less. */
  inflightBatchesMax: count({ max: 1_000_000 }).default(2_048),
  connectTimeoutMs: milliseconds({ max: 600_000 }).default(3_000),
  /** A batch that is not acknowledged for this long ends the connection. */
  ackTimeoutMs: milliseconds({ max: 3_600_000 }).default(30_000),
  heartbeatMs: milliseconds({ max: 600_000 }).default(1_000),
  peerTimeoutMs: milliseconds({ max: 600_000 }).default(5_000),
  /** The wait before a new attempt doubles from the one to the other. */
  retryMinMs: milliseconds({ max: 600_000 }).default(100),
  retryMaxMs: milliseconds({ max: 3_600_000 }).default(5_000),
})
  .superRefine(
    (value, context) => {
      const given = ['instance', 'address', 'cluster'].filter((key) => Object.hasOwn(value, key));
      if (given.length !== 1) {
        const found = given.length === 0 ? 'none' : given.join(' and ');
        const message = `exactly one of instance, address and cluster, found ${found}`;
        context.addIssue({ code: 'custom', message, params: { whole: true } });
      } else if (Object.hasOwn(value, 'scribe') && !Object.hasOwn(value, 'address')) {
        const message = `address beside scribe, found ${given[0]}: the registry and clusters know agents only`;
        context.addIssue({ code: 'custom', message, params: { whole: true } });
      } else if (Object.hasOwn(value, 'scribe')) {
        for (const key of unknownToScribe(value)) {
          const message = `no ${key} beside scribe, whose protocol has nothing of the kind`;
          context.addIssue({ code: 'custom', message, params: { whole: true } });
        }
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  )
  .transform(({ instance, address: fixed, cluster, maxAge, ...rest }) => ({
    ...rest,
    maxAgeMs: maxAge,
    to: target(instance, fixed, cluster),
  }));

function unknownToScribe({ tls, tokenFile, compression }: Readonly<Record<string, unknown>>): string[] {
  return [
    ...(tls === undefined ? [] : ['tls']),
    ...(tokenFile === undefined ? [] : ['tokenFile']),
    ...(compression === 'none' ? [] : ['compression']),
  ];
}

/** Where a destination is: looked up in the registry, at an address that does not change, or in several places. */
export type Target =
  | { readonly by: 'instance'; readonly instance: string }
  | { readonly by: 'address'; readonly address: Address }
  | { readonly by: 'cluster'; readonly cluster: ClusterConfig };

/** One endpoint. */
export type SingleTarget = Exclude<Target, { readonly by: 'cluster' }>;

function target(
  instance: string | undefined,
  fixed: Address | undefined,
  cluster: ClusterConfig | undefined,
): Target {
  if (cluster !== undefined) return { by: 'cluster', cluster };
  return fixed === undefined
    ? { by: 'instance', instance: instance ?? '' }
    : { by: 'address', address: fixed };
}

export const etcdSchema = section({
  type: z.literal('etcd'),
  endpoints: z.array(url()).min(1).readonly(),
  /** Keys are <prefix>/instances/<id>. */
  prefix: text('the beginning of the keys, such as /spillway/chain1').transform(withoutTrailingSlash),
  /** How long a key outlives an agent that died. */
  ttlSeconds: count({ min: 1, max: 3_600 }).default(5),
  /** Registers as one that drains: senders to a cluster that this agent belongs to give it nothing more. */
  draining: z.boolean().default(false),
});

export const staticSchema = section({
  type: z.literal('static'),
  /** Addresses by the ids of instances. */
  instances: z.record(plainName(), address()).readonly(),
});

function withoutTrailingSlash(prefix: string): string {
  return prefix.replace(/\/+$/, '');
}

export const registrySchema = z.discriminatedUnion('type', [etcdSchema, staticSchema]);

/** Where /healthz and /metrics are served; without it, nowhere. Port 0 lets the system pick one. */
export const httpSchema = section({
  address: address({ portMin: 0 }),
  /** Connections at once; one more takes the place of the one that has waited longest without a whole request. */
  connectionsMax: count({ max: 100_000 }).default(64),
  /** How long a request may take to arrive. */
  requestTimeoutMs: milliseconds({ min: 100, max: 600_000 }).default(5_000),
});

/** How long a stop waits for what is taken to be delivered, before it closes. */
export const stopSchema = section({ drainMs: milliseconds({ min: 0, max: 3_600_000 }).default(5_000) });

export const idSchema = plainName();

/** Free text for who reads the registry: generator, relay, last, ... */
export const roleSchema = text('a word or two').default('agent');

export type LogConfig = Readonly<z.output<typeof logSchema>>;
export type TailConfig = z.output<typeof tailSchema>;
export type ListenConfig = z.output<typeof listenSchema>;
export type { ScribeSourceConfig, ScribeTargetConfig };
export type SourceConfig = z.output<typeof sourceSchema>;
export type DestinationConfig = Readonly<z.output<typeof destinationSchema>>;
export type EtcdConfig = z.output<typeof etcdSchema>;
export type StaticConfig = z.output<typeof staticSchema>;
export type RegistryConfig = z.output<typeof registrySchema>;
export type HttpConfig = z.output<typeof httpSchema>;
export type StopConfig = z.output<typeof stopSchema>;

export function isDraining({ registry }: Pick<AgentConfig, 'registry'>): boolean {
  return registry?.type === 'etcd' && registry.draining;
}

/** A whole configuration, checked; its paths are absolute. */
export interface AgentConfig {
  /** The file it was read from. */
  readonly file: string;
  readonly id: string;
  readonly role: string;
  readonly log: LogConfig;
  readonly registry?: RegistryConfig;
  readonly sources: readonly SourceConfig[];
  readonly destinations: readonly DestinationConfig[];
  readonly http?: HttpConfig;
  readonly stop: StopConfig;
  /** What is allowed and yet likely not meant; to be logged at start. */
  readonly warnings: readonly string[];
}
