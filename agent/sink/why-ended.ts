// What the end of a connection says of the receiver.

import { SpillwayError } from '../errors.ts';

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Its lane was begun anew: it may be greeted again at once. */
export function isNewEpoch(error: unknown): boolean {
  return error instanceof SpillwayError && error.data['reason'] === 'new-epoch';
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof SpillwayError && error.code === 'unreachable';
}

/** It said nothing, or acknowledged nothing, for too long. What this side's own disk takes is no part of that time. */
export function isSilent(error: unknown): boolean {
  return error instanceof SpillwayError && error.code === 'timeout';
}
