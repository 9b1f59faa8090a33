// The contract of a forwarder under test. A tool knows how to be found, and how to turn a node's place in the
// chain (what it receives, what it sends where) into configuration files and processes. It starts nothing itself.
//
// Nothing here is shaped like one tool: a node may be one process or several; the receiving side may be the same
// process as the sending side or not; a tool may or may not have counters, roll its files, or know a registry.

export interface Tool {
  /** As `--tool` takes it: `rsyslog` with the defaults of its authors, `rsyslog:tuned` as its documentation advises. */
  readonly name: string;
  readonly summary: string;
  readonly features: ToolFeatures;
  locate(root: string): Promise<ToolLocation>;
  plan(node: ToolNode, found: FoundTool): Promise<NodePlan>;
  /** For a tool whose nodes can say that they want to be given nothing more: the files that say it, read on SIGHUP. */
  drained?(node: ToolNode, found: FoundTool, draining: boolean): Promise<NodePlan['files']>;
  /**
   * What one hop of it sustained on two cores, rather too little: for faults, which a rival meets at half of what it can,
   * where nobody has measured it on this machine. null: always at the scenario's rate.
   */
  readonly sustainsPerMinute: number | null;
  /** What the tool itself says of a running node; null for a tool that keeps no account. */
  readonly accounts: ToolAccounts | null;
  /**
   * Counters of a rival's own, read when all has arrived. They are shown beside what the verifier found in the event
   * files, and never judged. Left out by a tool that has none.
   */
  counters?(node: ToolNode): Promise<ToolCounters>;
  /** Left out by a tool that cannot change its destinations while it runs. */
  readonly reload?: ToolReload;
}

/** A tool that reads its (first) configuration file again on SIGHUP. */
export interface ToolReload {
  /** The file's text without these destinations, and with these keys set on the others. */
  changed(text: string, change: ReloadChange): string;
  /** How many it has read again since it started, by what it made of them. */
  outcomes(node: ToolNode): Promise<ReloadOutcomes>;
}

export interface ReloadChange {
  readonly without: readonly string[];
  readonly set: Readonly<Record<string, string | number>>;
}

export interface ReloadOutcomes {
  readonly applied: number;
  readonly unchanged: number;
  readonly refused: number;
}

export interface ToolFeatures {
  /** Rolls the event files that it writes. */
  readonly rollsEventFiles: boolean;
  /** The receiver confirms what it has; without it a broken connection loses what was under way. */
  readonly acknowledges: boolean;
  /** Survives an absent receiver on disk. */
  readonly buffersOnDisk: boolean;
  /** Its buffer on disk has a limit that the tool keeps by itself. */
  readonly capsBuffer: boolean;
  /** A full copy to each of several receivers, each at its own pace. */
  readonly fansOut: boolean;
  /** Sends to a cluster of receivers, by turns or to the first that answers, and goes on without one of them. */
  readonly balances: boolean;
  /** Its documentation promises that events arrive in the order in which they were written. */
  readonly keepsOrder: boolean;
  /** What `durability: fsync` means for it: synced before it is acknowledged, or nothing. */
  readonly durabilities: readonly ('fsync' | 'os')[];
  /** When it acknowledges, by durability: what is ranked together. */
  readonly acknowledgedAfter: Readonly<Record<'fsync' | 'os', DurabilityClass>>;
  /** Its links can have TLS with certificates on both sides, and zstd, where the scenario asks for it. */
  readonly securesLinks?: boolean;
  /** Registers itself and finds its peers in etcd. */
  readonly usesRegistry: boolean;
  /** Deletes event files of instances between the ends beyond `keepBytes`. */
  readonly expiresEventFiles: boolean;
}

/** When a sender is told that its events are safe: before, after the write, or after the sync. */
export type DurabilityClass = 'memory' | 'write' | 'sync';

export type ToolLocation = FoundTool | { readonly found: false; readonly howToGet: string };
export interface FoundTool {
  readonly found: true;
  readonly version: string;
  readonly binary: string;
  readonly env: Readonly<Record<string, string>>;
  /** What this very version can do, found by asking it, in the tool's own words: `relp`, `capacity-bytes`. */
  readonly abilities?: readonly string[];
  /** Of a mixed chain: the program of each link. */
  readonly links?: readonly FoundTool[];
}

/** One receiver as its senders reach it. */
export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Gets a full copy. With `members` it is a cluster: each event goes to one of them, and `host` is its first's. */
export interface SendTarget extends Endpoint {
  /** By TLS only. */
  readonly tls?: boolean;
  /** Its batches are compressed. */
  readonly zstd?: boolean;
  readonly members?: readonly Endpoint[];
  /** How they are to share, for a tool that can be told. */
  readonly balancing?: Balancing;
}

export interface Balancing {
  readonly strategy: 'leastInflight' | 'roundRobin' | 'failover' | 'keyHash';
  /** What keyHash reads its key from; without a field it is the metric's name and tags. */
  readonly key: { readonly format: 'influx' | 'graphite' | 'json'; readonly field?: string };
  /** Where the members register; null: only their addresses are known. */
  readonly prefix: string | null;
}

/** A node as a tool sees it. All folders exist; confDir is where `NodePlan.files` will be written. */
export interface ToolNode {
  readonly root: string;
  readonly id: string;
  readonly address: string;
  readonly eventsDir: string;
  readonly bufferDir: string;
  readonly confDir: string;
  readonly outDir: string;
  /** null: the generator writes events/, and the tool only reads there. */
  readonly receive: { readonly host: string; readonly port: number } | null;
  /** The address that senders are told, at the same port: another one where a fault proxy stands before it. */
  readonly advertised: string;
  readonly send: readonly SendTarget[];
  /** Which links of the chain, counted from 0 at the generator's end, it receives from and sends to; null at an end. */
  readonly links: { readonly incoming: number | null; readonly outgoing: number | null };
  readonly httpPort: number;
  /** Where certificates of this chain lie, to be made by who needs them first; left out in a chain without TLS. */
  readonly certsDir?: string;
  /** Its senders must come by TLS. */
  readonly receivesTls?: boolean;
  readonly registry: ToolRegistry;
  readonly durability: 'fsync' | 'os';
  readonly policy: 'block' | 'dropOldest' | 'dropNewest';
  readonly capBytes: number;
  readonly reserveBytes: number;
  readonly segmentBytes: number;
  /** What is kept of events/ although everybody has it. */
  readonly keepBytes: number;
}

export type ToolRegistry =
  | { readonly type: 'etcd'; readonly endpoints: readonly string[]; readonly prefix: string }
  | { readonly type: 'static'; readonly instances: Readonly<Record<string, string>> };

export interface NodePlan {
  /** The folder that `capBytes` limits as a whole; null where the tool has no such folder. */
  readonly log: string | null;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Commands that must exit with 0 before anything is started, as `rsyslogd -N1`. */
  readonly checks: readonly {
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  }[];
  /** Started in this order, stopped in the opposite order. */
  readonly processes: readonly PlannedProcess[];
}

export interface PlannedProcess {
  /** Unique within the node; empty for the only one. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ready: ReadyProbe;
  /** Whom SIGTERM goes to: a process that ends its children itself, or everything in its group. */
  readonly stop: 'process' | 'group';
}

export type ReadyProbe =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** The file, which the process makes at every start, holds the text. */
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  /** Nothing to ask: up when it still runs after a moment. */
  | { readonly kind: 'running' };

export interface ToolAccounts {
  read(node: ToolNode): Promise<NodeAccount>;
  /** null: every connection stands; otherwise what is missing. */
  waitingFor(node: ToolNode): Promise<string | null>;
}

/** What a node says of itself, in events; left out where it does not say. */
export interface ToolCounters {
  /** Taken from its senders, or read from the source. */
  readonly received?: number;
  /** Given to its receivers, copies counted one by one. */
  readonly sent?: number;
}

/** A node's own books, in events. */
export interface NodeAccount {
  readonly sources: readonly SourceAccount[];
  readonly logAppended: number;
  /** Of the buffer on disk; left out by a tool that does not say. */
  readonly log?: LogAccount;
  readonly destinations: readonly DestinationAccount[];
  /** What those who send to it announced that they will not send; left out by a tool that does not say. */
  readonly skippedByPeers?: number;
}
export interface LogAccount {
  readonly capBytes: number;
  /** Largest size since the process started. */
  readonly bytesMax: number;
  readonly syncs: number;
  readonly writtenBytes: number;
}
export interface SourceAccount {
  readonly name: string;
  readonly read: number;
  readonly appended: number;
  readonly suppressed: number;
  readonly quarantined: number;
  readonly refused: number;
  readonly held: number;
  readonly appendedBytes?: number;
}
export interface DestinationAccount {
  readonly name: string;
  readonly appended: number;
  readonly acknowledged: number;
  readonly buffered: number;
  readonly dropped: number;
  readonly skipped: number;
  readonly bufferedBytes?: number;
  readonly connected?: boolean;
  /** The node's configuration names it no more: it will get nothing. */
  readonly orphaned?: boolean;
  /** Of a cluster: who of its members is connected. */
  readonly members?: Readonly<Record<string, boolean>>;
  /** Of a cluster: events that a member had although another was given them as well. */
  readonly had?: number;
  /** Of a cluster: events of which that is not known yet. */
  readonly inDoubt?: number;
  /** Events dropped and skipped, by reason. */
  readonly reasons?: Readonly<Record<string, number>>;
}
