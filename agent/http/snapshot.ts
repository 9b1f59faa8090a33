// Everything that /metrics shows of an agent, as one object made at the moment of a scrape. All counts are
// totals since the log was made, kept in its commits, so that they go on rising over a restart.
//
// Conservation, for events and for bytes:
//   source       read     = appended + suppressed + quarantined + refused + held
//   destination  appended = acknowledged + buffered + dropped + skipped
//   log          appended = the sum of what its sources appended

import type { ConfigurationSnapshot } from './configuration.ts';

/** Events and their bytes, counted together. */
export interface Tally {
  readonly events: number;
  readonly bytes: number;
}

/**
 * Why a tail reads nothing of a file for now. `mayBeCopy`: so far its bytes are those of another file, and only time
 * tells whether it is the copy that copytruncate makes; `unreadable`: the system says no, it is tried again.
 */
export const HELD_BACK = ['mayBeCopy', 'unreadable'] as const;
export type HeldBack = (typeof HELD_BACK)[number];

export interface SourceSnapshot {
  readonly name: string;
  /** `former`: the log has bytes of it, the configuration names it no more. */
  readonly type: 'tail' | 'listen' | 'scribe' | 'former';
  readonly read: Tally;
  readonly appended: Tally;
  /** Known already: sent again by a peer, or read again after a restart. */
  readonly suppressed: Tally;
  /** Set aside as no event: too long, damaged. */
  readonly quarantined: Tally;
  /** Not taken, and the sender knows it. */
  readonly refused: Tally;
  /** Read and not yet committed; the only one that may fall. */
  readonly held: Tally;
  /** Files that a tail follows. */
  readonly files?: number;
  /** Of those, files of which nothing is read for now, by the reason. */
  readonly heldBack?: Readonly<Record<HeldBack, number>>;
  /** Files that a tail found truncated or replaced under their inodes, and read from their beginnings; since the start. */
  readonly truncations?: number;
  /** Bytes of files that went away before a tail could read them; since the start. */
  readonly abandonedBytes?: number;
  /** Files that a tail deleted because they were read and delivered; since the start. */
  readonly deletedFiles?: number;
  /** Connections of a listener by what became of them: accepted, or the reason they were closed. */
  readonly connections?: Readonly<Record<string, number>>;
  /** Calls to a Scribe source by what became of them; since the start. */
  readonly calls?: Readonly<Record<string, number>>;
}

export interface LogSnapshot {
  readonly state: 'ok' | 'full' | 'failing';
  readonly appended: Tally;
  readonly expired: Tally;
  /** Lost to damage, and its segment is still there; `appended` is what is there, `expired` and this. */
  readonly damaged: Tally;
  /** The size of the whole directory, the largest it ever was since the start, and its limit. */
  readonly bytes: number;
  readonly bytesMax: number;
  readonly capBytes: number;
  readonly syncs: number;
  /** Everything written to the disk: data, journal, cursors, quarantine. */
  readonly writtenBytes: number;
  /** What peers announced that they will not send, by reason; all listeners together. */
  readonly skipped: Readonly<Record<string, Tally>>;
  /** What was set aside: what lies there now, and since the start what came, gave way, or found no room. */
  readonly quarantine: {
    readonly files: number;
    readonly bytes: number;
    readonly bytesMax: number;
    readonly setAside: number;
    readonly thrownAway: number;
    readonly notKept: number;
  };
}

export interface DestinationSnapshot {
  readonly name: string;
  readonly connected: boolean;
  readonly appended: Tally;
  readonly acknowledged: Tally;
  /** In the log and not yet acknowledged; the only one that may fall. */
  readonly buffered: Tally;
  /** By reason. */
  readonly dropped: Readonly<Record<string, Tally>>;
  readonly skipped: Readonly<Record<string, Tally>>;
  /** The configuration names it no more: counted up to that moment, and nothing is kept for it. */
  readonly orphaned: boolean;
  /** Batches sent more than once. */
  readonly retransmits: number;
  /** Where batches are compressed: their bytes before and after, since the start. */
  readonly packing?: { readonly plainBytes: number; readonly sentBytes: number } | null;
  /** Rises when the receiver's history and ours do not fit and a new one is begun. */
  readonly epoch: number;
  /** Its configuration has changed, and it could not go on with that yet: it sends nothing, and is tried again. */
  readonly interrupted?: boolean;
  /** How often that failed; since the start. */
  readonly handoverFailures?: number;
  /** Where it is a cluster. */
  readonly cluster?: ClusterSnapshot;
}

export interface ClusterSnapshot {
  /** Copies beyond the first that members are known to have. */
  readonly had: Tally;
  readonly members: readonly MemberSnapshot[];
}

export interface MemberSnapshot {
  readonly name: string;
  readonly state: 'up' | 'probing' | 'ejected' | 'draining' | 'gone';
  /** Why it is not up. */
  readonly reason: string | null;
  readonly connected: boolean;
  /** Since the agent started. */
  readonly acknowledged: Tally;
  /** Copies beyond the first that it may have. */
  readonly inDoubt: Tally;
  /** That it had acknowledged, and came back without. */
  readonly lostEvents: number;
}

/** Of the files of one link, as they were read last. */
export interface CertificateSnapshot {
  /** `sources.hop` */
  readonly link: string;
  readonly certificate: 'own' | 'authority';
  /** Negative: since it has ended. */
  readonly secondsLeft: number;
}

export interface AgentSnapshot {
  readonly id: string;
  readonly version: string;
  readonly configuration: ConfigurationSnapshot;
  readonly sources: readonly SourceSnapshot[];
  readonly log: LogSnapshot;
  readonly destinations: readonly DestinationSnapshot[];
  readonly certificates: readonly CertificateSnapshot[];
}
