// result.json: everything a report is rendered from. A reader checks `schema` first.

import type { DestinationVerdict } from './verifier/spec.ts';

export interface Result {
  readonly schema: 'spillway-result/1';
  readonly verdict: 'pass' | 'fail' | 'invalid';
  /** Why not pass, in plain words, each naming hop, destination or counter. */
  readonly failures: readonly string[];
  /** Destinations at which an assertion about their events does not hold. Left out by earlier versions. */
  readonly failedAt?: readonly string[];
  /** Things a reader must know that do not change the verdict (no etcd, steal time, page cache, ...). */
  readonly notes: readonly string[];
  readonly scenario: string;
  readonly description: string;
  readonly tool: string;
  readonly toolVersion: string;
  readonly seed: number;
  readonly startedAt: string;
  readonly commit: string;
  readonly dirty: boolean;
  readonly durability: 'fsync' | 'os';
  readonly rate: string;
  readonly format: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly kernel: string;
    readonly node: string;
    readonly filesystem: string;
    /** Machine-wide over the measured window. */
    readonly stealPercent: number;
  };
  /** A chain over several machines; left out for one. `machine` then has the cores and the memory of all. */
  readonly hosts?: readonly HostFacts[];
  /** Wall clock: first event due, last event written, last arrival at the slowest destination; ms since 1970. */
  readonly window: { readonly startMs: number; readonly sentMs: number; readonly endMs: number };
  readonly sent: number;
  readonly sentBytes: number;
  readonly eventBytes: number;
  readonly offeredPerMinute: number | null;
  /** Events that reached every destination, by (last arrival - start), per minute. */
  readonly ratePerMinute: number;
  readonly mbPerSecond: number;
  readonly hops: readonly Hop[];
  readonly destinations: readonly DestinationVerdict[];
  readonly latencyMs: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
    /** Over several machines: the figures are right to within this. */
    readonly clockBoundMs?: number;
  } | null;
  readonly processes: readonly ProcessFigures[];
  readonly cpuSecondsPerMillion: number;
  /** CPU cores used by all processes of the tool together, over the window. */
  readonly cpuCores: number;
  readonly rssBytesMax: number;
  readonly rigCpuCores: number;
  readonly conservation: {
    readonly state: 'closed' | 'open' | 'unknown';
    readonly equations: readonly Equation[];
  };
  readonly probes: {
    /** Paired with a durable run: sequential 1 MiB writes, each followed by fdatasync, on the same filesystem. */
    readonly syncWrite: { readonly mbPerSecond: number } | null;
    /** Paired with an unsynced run: socat copying the same bytes over loopback into a file. */
    readonly socatCopy: { readonly mbPerSecond: number } | null;
  };
  readonly generator: {
    readonly lagMsMax: number;
    readonly lagMsP99: number;
    readonly lateEvents: number;
    readonly heldMs: number;
    readonly expiredBytes: number;
  };
  /** Faults and other timed steps, as they happened. */
  readonly events: readonly { readonly timeMs: number; readonly text: string }[];
  readonly series: Series;
  /** Every configuration file that was in force, as text. */
  readonly configuration: readonly { readonly file: string; readonly text: string }[];
}

/** A machine of the chain. */
export interface HostFacts extends Omit<Result['machine'], 'stealPercent'> {
  readonly id: string;
  readonly role: string;
  readonly address: string;
  /** null: no provider that says. */
  readonly instanceType: string | null;
  /** Its clock less that of the machine the generator ran on, and how right that is. */
  readonly clock: { readonly offsetMs: number; readonly boundMs: number };
  /** 1 MiB writes, each followed by fdatasync; null: not measured. */
  readonly syncWriteMbPerSecond: number | null;
}

/** From one event directory to the next: `instance1 -> instance2`. */
export interface Hop {
  readonly name: string;
  readonly tool: string;
  readonly from: string;
  readonly to: string;
}

export interface Equation {
  readonly where: string;
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly holds: boolean;
}

export interface ProcessFigures {
  readonly name: string;
  readonly group: 'tool' | 'rig';
  readonly cpuSeconds: number;
  readonly cpuCores: number;
  readonly rssBytesMax: number;
  readonly writtenBytes: number;
}

/** Column-wise samples for the charts; every array has the length of `timeMs`. */
export interface Series {
  readonly timeMs: readonly number[];
  /** Bytes per second that arrived in each directory (`source` first, then by hop). */
  readonly rateBytes: readonly NamedSeries[];
  /** Bytes written into the chain that a directory has not got yet. */
  readonly backlogBytes: readonly NamedSeries[];
  readonly cpuCores: readonly NamedSeries[];
  readonly rssBytes: readonly NamedSeries[];
  readonly writtenBytesPerSecond: readonly NamedSeries[];
}
export interface NamedSeries {
  readonly name: string;
  readonly values: readonly (number | null)[];
}
