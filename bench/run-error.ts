// The one error family of the rig: what the user did wrong (exit status 2) and what went wrong in a run (1).

export type BenchErrorCode =
  /** Bad command line, scenario or configuration: nothing was started. */
  | 'usage'
  /** The run or the chain failed. */
  | 'run'
  /** The scenario needs what this machine does not permit. */
  | 'not-possible'
  /** The run's tool is not on this machine. */
  | 'tool-missing'
  /** The tool under test did not come up: it ended at start, or never became ready. Its failure, not the rig's. */
  | 'tool-failed'
  /** A fault found nothing to break: its target is down already, or nothing is connected. */
  | 'nothing-to-break'
  /** Ctrl-C or SIGTERM. */
  | 'interrupted';

export class BenchError extends Error {
  readonly code: BenchErrorCode;
  /** Never worth a blind retry: each names something a person has to change. */
  readonly retryable = false;

  constructor(code: BenchErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'BenchError';
    this.code = code;
  }
}

export function exitStatus(code: BenchErrorCode): number {
  switch (code) {
    case 'usage':
      return 2;
    case 'run':
    case 'tool-missing':
    case 'tool-failed':
    case 'not-possible':
    case 'nothing-to-break':
      return 1;
    case 'interrupted':
      return 130;
    default:
      return code satisfies never;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for the errors of node:fs and node:net that carry this code, as in `ENOENT`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
