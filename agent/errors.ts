// The agent's one family of errors. `code` says what kind of thing failed, so that callers steer by it
// and never by the text; `retryable` says whether the same act may succeed later without anyone's help.
// Texts are lower case: what failed, on what, and where it helps what to do, with no full stop.

import { describeTls } from './tls-errors.ts';

/** What kind of thing failed. `bad-usage` and `config` end the program with status 2, the rest with 1. */
export type ErrorCode =
  | 'bad-usage' // the command line
  | 'config' // the configuration file, or what it names
  | 'locked' // another process holds the directory
  | 'address-in-use' // a port that we want to listen on
  | 'unreachable' // an address that we want to connect to, or that this machine does not have
  | 'disk' // a read, write or sync that failed
  | 'disk-full' // no space, or the log's cap is reached
  | 'corrupt' // bytes on disk that are not what was written
  | 'protocol' // a peer that breaks the hop protocol
  | 'refused' // a peer, or the registry, that says no and will say no again
  | 'registry' // the registry does not answer, or answers nonsense
  | 'timeout' // something that did not happen in its time
  | 'closed' // the thing was closed while it was used
  | 'missing-program' // a program of the system that we need
  | 'internal'; // a mistake of ours

export interface ErrorDetails {
  readonly cause?: unknown;
  readonly retryable?: boolean;
  readonly data?: Readonly<Record<string, unknown>>;
}

const RETRYABLE = new Set<ErrorCode>(['unreachable', 'disk-full', 'registry', 'timeout']);

export class SpillwayError extends Error {
  override readonly name = 'SpillwayError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, { cause, retryable, data = {} }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = retryable ?? RETRYABLE.has(code);
    this.data = data;
  }
}

/** The exit status a program ends with when this error stops it: 2 for bad usage, 1 for a failed run. */
export function exitStatusOf(error: unknown): 1 | 2 {
  return error instanceof SpillwayError && (error.code === 'bad-usage' || error.code === 'config') ? 2 : 1;
}

/** The system's code of an error (`ENOENT`), or undefined where the system has no part in it. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}

interface SystemError {
  readonly code: ErrorCode;
  readonly text: string;
}

// What each of the system's errors means for a user of the agent, and what to do about it.
const SYSTEM_ERRORS: Readonly<Record<string, SystemError>> = {
  ENOENT: { code: 'disk', text: 'it does not exist: create it or correct its path' },
  ENOTDIR: { code: 'disk', text: 'a part of its path is not a directory' },
  EISDIR: { code: 'disk', text: 'it is a directory, a file is expected' },
  EEXIST: { code: 'disk', text: 'it exists already' },
  EACCES: { code: 'disk', text: 'permission denied: give this user access to it' },
  EPERM: { code: 'disk', text: 'the system does not permit it to this user' },
  EROFS: { code: 'disk', text: 'its filesystem is mounted read-only' },
  ENAMETOOLONG: { code: 'disk', text: 'its name is too long for the filesystem' },
  ELOOP: { code: 'disk', text: 'its symbolic links form a loop' },
  EIO: { code: 'disk', text: 'the device reports an input/output error: look at the kernel log' },
  ENOSPC: { code: 'disk-full', text: 'no space left on its filesystem: free some' },
  EDQUOT: { code: 'disk-full', text: "this user's disk quota is used up: free some space or raise it" },
  EFBIG: { code: 'disk-full', text: 'the file is larger than the filesystem or ulimit -f allows' },
  EMFILE: { code: 'disk', text: 'this process has no descriptors left: raise ulimit -n' },
  ENFILE: { code: 'disk', text: 'the system has no descriptors left: raise fs.file-max' },
  ENOMEM: { code: 'internal', text: 'the system has no memory left' },
  EADDRINUSE: {
    code: 'address-in-use',
    text: 'another process listens there: stop it or choose another port',
  },
  EADDRNOTAVAIL: { code: 'unreachable', text: 'no interface of this machine has that address' },
  ECONNREFUSED: { code: 'unreachable', text: 'nothing listens there' },
  ECONNRESET: { code: 'unreachable', text: 'the other end reset the connection' },
  EPIPE: { code: 'unreachable', text: 'the other end closed the connection' },
  ETIMEDOUT: { code: 'unreachable', text: 'it does not answer' },
  EHOSTUNREACH: { code: 'unreachable', text: 'no route to that host' },
  ENETUNREACH: { code: 'unreachable', text: 'no route to that network' },
  ENOTFOUND: { code: 'unreachable', text: 'its name does not resolve: correct it or look at the DNS' },
  EAI_AGAIN: { code: 'unreachable', text: 'its name cannot be resolved now: the DNS does not answer' },
};

/** In words: `permission denied: give this user access to it (EACCES)`; other errors give their own text. */
export function describeSystemError(error: unknown): string {
  const code = systemCodeOf(error);
  const known = code === undefined ? undefined : SYSTEM_ERRORS[code];
  if (known !== undefined) return `${known.text} (${code})`;
  return error instanceof Error ? (describeTls(error) ?? error.message) : String(error);
}

/**
 * `cannot listen on 127.0.0.2:4100: another process listens there ... (EADDRINUSE)`.
 * `what` says what was tried and on what; `code` is for errors that the system has no part in.
 */
export function fromSystemError(
  what: string,
  cause: unknown,
  { code = 'internal', data = {} }: { code?: ErrorCode; data?: Readonly<Record<string, unknown>> } = {},
): SpillwayError {
  const system = systemCodeOf(cause);
  const known = system === undefined ? undefined : SYSTEM_ERRORS[system];
  return new SpillwayError(known?.code ?? code, `${what}: ${describeSystemError(cause)}`, {
    cause,
    data: system === undefined ? data : { ...data, system },
  });
}
