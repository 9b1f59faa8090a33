// What the observer is asked to watch and the files it leaves.
//
// It judges nothing and opens no event: it records when which file had which size (arrivals), what every process
// cost (processes), and how far every directory has come (directories), for every tool alike.

export interface ObserverSpec {
  /** Directories whose arrival times matter: polled every `arrivalPollMs`. */
  readonly destinations: readonly WatchedDirectory[];
  /** Directories whose growth is charted (rate per hop, backlog): sampled every `sampleMs`. */
  readonly directories: readonly WatchedDirectory[];
  /** JSON file with ObservedProcess[], read again whenever it changes (processes restart). */
  readonly processesPath: string;
  readonly arrivalPollMs: number;
  readonly sampleMs: number;
  /** Where `arrivals-<name>.bin`, `samples.jsonl` and `observer.json` go. */
  readonly outDir: string;
}

export interface WatchedDirectory {
  readonly name: string;
  readonly dir: string;
  /** Globs on the base name; the event files. Sub-directories are not looked at. */
  readonly include: readonly string[];
}

export interface ObservedProcess {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks since boot: a pid alone names nobody once it has ended. */
  readonly startTime?: number;
  /** `agent`, `rsyslog`, ... are measured as the system under test; `rig` is the bench's own share. */
  readonly group: 'tool' | 'rig';
  /** In the environment of the process and of all that it starts (SPILLWAY_PROCESS). */
  readonly mark?: string;
  /** The folder that it may write in. */
  readonly home?: string;
}

/** A file that a tool holds open for writing outside its folder. */
export interface Stray {
  readonly process: string;
  readonly path: string;
  readonly bytes: number;
}

/** A line of samples.jsonl. Counters are cumulative since the observer started; a restarted process goes on counting. */
export interface Sample {
  readonly timeMs: number;
  readonly processes: Readonly<
    Record<
      string,
      {
        readonly cpuSeconds: number;
        readonly rssBytes: number;
        readonly writtenBytes: number;
        readonly readBytes: number;
      }
    >
  >;
  /** Bytes ever seen in the directory's event files (a deleted file stays counted), and bytes there now. */
  readonly directories: Readonly<
    Record<string, { readonly totalBytes: number; readonly presentBytes: number; readonly files: number }>
  >;
  /** All that were seen so far; left out: none. */
  readonly strays?: readonly Stray[];
  /** Machine-wide CPU seconds (all cores), since the observer started. */
  readonly machine: {
    readonly busySeconds: number;
    readonly stealSeconds: number;
    readonly ioWaitSeconds: number;
  };
}

/** One observation: at `timeMs` file number `file` (index into ArrivalLog.files) had `size` bytes. */
export interface Arrival {
  readonly timeMs: number;
  readonly file: number;
  readonly size: number;
}
export interface ArrivalLog {
  /** Base names, as they were last: a file that was renamed keeps its number. */
  readonly files: readonly string[];
  readonly pollMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly arrivals: readonly Arrival[];
}
