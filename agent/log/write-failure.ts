// Why a log cannot be written, for its user. Whatever it is, the log tries again by itself.

import { fromSystemError, SpillwayError, systemCodeOf } from '../errors.ts';

export function writeFailure(dir: string, cause: unknown): SpillwayError {
  const what = `cannot write the log in ${dir}`;
  if (systemCodeOf(cause) !== 'ENOENT') {
    const { code, message, data } = fromSystemError(what, cause, { code: 'disk' });
    return new SpillwayError(code, message, { cause, data, retryable: true });
  }
  // the log itself is mostly there: what is gone is a directory in it
  const path = cause instanceof Error && 'path' in cause ? String(cause.path) : 'a file of it';
  const text = `${what}: there is no place for ${path}, because its directory was deleted: make it again (ENOENT)`;
  return new SpillwayError('disk', text, { cause, data: { system: 'ENOENT' }, retryable: true });
}
