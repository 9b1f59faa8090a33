// Where a destination begins: at a place in the log where it is new to it, where its cursor says where there is one; and
// anew where that cursor speaks of bytes that this log has not.

import type { CursorState } from '../log/cursor.ts';
import type { EventLog } from '../log/log.ts';
import type { Mark } from '../log/marks.ts';
import { gapsWithin } from './gaps.ts';

/** Where a destination begins that the log does not know: an end of the log, or an offset in it. */
export type StartAt = 'oldest' | 'newest' | number;

/** The nearest batch boundary that the log still has. */
export async function startOf(log: EventLog, startAt: StartAt): Promise<Mark> {
  if (startAt === 'newest') return log.end;
  return startAt === 'oldest' || startAt <= log.start.offset ? log.start : await log.markAtLeast(startAt);
}

export function begunAt({ stream }: EventLog, destination: string, start: Mark): CursorState {
  const nothing = { last: null, skipped: {}, dropped: {}, gaps: [] };
  const from = { epoch: 1, epochStart: start, session: 0, start, position: start };
  return { version: 1, destination, stream, ...from, ...nothing };
}

/**
 * A cursor of another log, or beyond the end of this one (with durability os a power loss takes the end of a log and
 * leaves the cursor), says nothing of the bytes that come at these offsets now: the counts and the epoch begin anew.
 * @returns what is to be changed of it; null: nothing.
 */
export function disbelieved(
  found: CursorState,
  fresh: CursorState,
  { stream, end }: Pick<EventLog, 'stream' | 'end'>,
): Partial<CursorState> | null {
  const { position, epoch, session, gaps } = found;
  const anew = { ...fresh, epoch: epoch + 1, session };
  if (found.stream !== stream) return anew;
  if (position.offset > end.offset) return { ...anew, start: end, position: end, epochStart: end };
  return gaps.some(({ to }) => to.offset > end.offset) ? { gaps: gapsWithin(gaps, end) } : null;
}
