// What the generator is asked to do and what it claims to have done.
//
// The spec goes in as a JSON file, the manifest comes out as one. The manifest alone is enough to make every
// expected byte again (same seed, same bytes), so the verifier needs nothing else from the run. It is written
// anew (tmp + rename) about once a second with rising high-water marks and `final: false`, and a last time with
// `final: true` when the generator ends, also on SIGTERM: a lost tail is therefore always seen.

export type Format = 'influx' | 'graphite' | 'json';

export interface Rotation {
  readonly mode: 'rename' | 'copytruncate' | 'truncate';
  readonly everyMs: number;
}

export type EventContent =
  /** Events shaped like real host metrics, about 100-120 bytes. */
  | { readonly kind: 'synthetic'; readonly format: Format }
  /** The files' own lines, byte for byte, repeated as often as `events` needs. No identity inside the events. */
  | { readonly kind: 'replay-raw'; readonly files: readonly string[] }
  /** `timestamp,value` CSV files turned into metrics that carry runner, epoch, sequence and intended time. */
  | { readonly kind: 'replay-metrics'; readonly files: readonly string[]; readonly format: Format };

export interface GeneratorSpec {
  readonly runner: number;
  readonly epoch: number;
  readonly seed: number;
  readonly content: EventContent;
  /** Open loop: event n is due at start + n / eventsPerSecond. `flood` writes as fast as it can, then syncs. */
  readonly pace: { readonly kind: 'schedule'; readonly eventsPerSecond: number } | { readonly kind: 'flood' };
  /** How many events to send; the generator ends after the last one. */
  readonly events: number;
  /** Directory of the event files; made if missing. Files are named `events-000001.log`, ... */
  readonly dir: string;
  /** An event file is rolled (a new one begun) when it has reached this size. */
  readonly fileBytes: number;
  /**
   * Beside fileBytes: one file `events.log`, rotated every so often, as a program with logrotate would leave it.
   * `rename`: it becomes the next numbered file; `copytruncate`: it is copied there and emptied; `truncate`: emptied.
   */
  readonly rotate?: Rotation | undefined;
  /** Beyond this many bytes in `dir` the oldest rolled file goes (`expire`) or the generator waits (`hold`). */
  readonly sourceKeepBytes: number;
  readonly onSourceFull: 'expire' | 'hold';
  /** Wall clock of event 0, ms since 1970; 0: as soon as ready. */
  readonly startAtMs: number;
  /** The run is invalid if an event is written later than this after its due time. */
  readonly scheduleLagMsMax: number;
  readonly manifestPath: string;
}

export interface Manifest {
  readonly version: 1;
  readonly final: boolean;
  readonly runner: number;
  readonly epoch: number;
  readonly seed: number;
  readonly content: EventContent;
  readonly pace: GeneratorSpec['pace'];
  /** Wall clock of event 0, ms since 1970 (integer); intended time of event n is startMs + floor(n * 1000 / eventsPerSecond). */
  readonly startMs: number;
  /** High-water marks: events 0 .. events-1 were written, `bytes` in all. */
  readonly events: number;
  readonly bytes: number;
  /** crc32 of all bytes written so far, in order; a cheap second opinion on "same seed, same bytes". */
  readonly crc32: number;
  readonly scheduleLagMsMax: number;
  /** Largest lag seen, and events that were later than scheduleLagMsMax. More than none: the run is invalid. */
  readonly lagMs: { readonly max: number; readonly p99: number };
  readonly lateEvents: number;
  readonly heldMs: number;
  /** Source files deleted by `expire`, with their sizes, oldest first. */
  readonly expired: readonly { readonly file: string; readonly bytes: number }[];
  /** For replay contents: the files' sizes and crc32, so that a changed file is noticed by the verifier. */
  readonly inputs: readonly { readonly file: string; readonly bytes: number; readonly crc32: number }[];
}

/** One line of JSON on the generator's standard output, about five a second. */
export interface GeneratorProgress {
  readonly timeMs: number;
  readonly events: number;
  readonly bytes: number;
  readonly lagMs: number;
  readonly heldMs: number;
}
