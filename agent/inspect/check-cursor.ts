// One destination's cursor under examination: its file, and whether what it says fits the log.

import { CURSOR_DIRECTORY, CURSOR_FILE_BYTES, type CursorState } from '../log/cursor.ts';
import type { Mark } from '../log/marks.ts';
import type { CursorSurvey } from '../log/survey.ts';
import { type Finding, NO_COST } from './finding.ts';

export interface LogExtent {
  readonly stream: string | null;
  readonly start: Mark;
  readonly end: Mark;
  /** Events before an offset where a batch ends; undefined where none does. */
  readonly eventsAt: (offset: number) => number | undefined;
}

export function checkCursor(cursor: CursorSurvey, log: LogExtent): Finding[] {
  const place = `${CURSOR_DIRECTORY}/${cursor.destination}.cursor`;
  const { state } = cursor;
  if (state === null) {
    const start =
      'begins a new cursor where the destination is configured to begin; a receiver in its first epoch says where it is, any other gets all of that again';
    const what = 'neither of its two slots checks out: nobody knows how far the destination is';
    return [{ kind: 'cursor', place, range: null, what, cost: NO_COST, start, mends: true }];
  }
  return [...fileFindings(cursor, place), ...fitFindings(state, place, log)];
}

function fileFindings({ good, fileBytes }: CursorSurvey, place: string): Finding[] {
  if (good === 2 && fileBytes === CURSOR_FILE_BYTES) return [];
  const what =
    good === 2
      ? `it is ${fileBytes} bytes long, ${CURSOR_FILE_BYTES} are expected`
      : 'one of its two slots does not check out';
  const start =
    good === 2
      ? 'cuts or fills it up to that length'
      : 'uses the other one; if that is the older one, the receiver says where it is';
  return [{ kind: 'cursor', place, range: null, what, cost: NO_COST, start, mends: true }];
}

function fitFindings(state: CursorState, place: string, log: LogExtent): Finding[] {
  const { position, stream } = state;
  const { start: oldest, end } = log;
  const finding = (what: string, start: string, more: Partial<Finding> = {}): Finding[] => [
    { kind: 'position', place, range: null, what, cost: NO_COST, start, mends: false, ...more },
  ];
  if (log.stream !== null && stream !== log.stream)
    return finding(
      `it belongs to stream ${stream}, this log is stream ${log.stream}`,
      'takes it as it is, and receivers see a sender that they do not know; drop it unless identity.json is the wrong one',
    );
  if (position.offset > end.offset)
    return finding(
      `the destination has ${position.offset} bytes, this log ends at ${end.offset}: it lost what was acknowledged`,
      'begins a new epoch for it at the end of the log',
    );
  // nothing is kept for an orphan: who adopts it is told
  const missing = state.orphaned === undefined ? unannounced(state, oldest) : null;
  if (missing !== null) {
    const { bytes, events } = missing;
    return finding(
      `the destination is at ${position.offset}, the log begins at ${oldest.offset}`,
      'announces the range between as lost (peerLost), with its count',
      { range: { from: position.offset, to: oldest.offset }, cost: { events, bytes } },
    );
  }
  const events = log.eventsAt(position.offset);
  if (events !== undefined && events !== position.events)
    return finding(
      `it counts ${position.events} events before ${position.offset}, the log ${events}`,
      'believes the receiver, or begins a new epoch where that differs',
    );
  return [];
}

/**
 * What lies between the position and the oldest byte and is not going to be announced with a reason of its own: what a
 * policy gave up is skipped as that. null: nothing.
 */
function unannounced(
  { position, gaps }: CursorState,
  oldest: Mark,
): { bytes: number; events: number } | null {
  let bytes = oldest.offset - position.offset;
  if (bytes <= 0) return null;
  let events = Math.max(0, oldest.events - position.events);
  for (const { from, to } of gaps) {
    const [begins, ends] = [Math.max(from.offset, position.offset), Math.min(to.offset, oldest.offset)];
    if (begins >= ends) continue;
    bytes -= ends - begins;
    const counted = Math.min(to.events, oldest.events) - Math.max(from.events, position.events);
    events = Math.max(0, events - counted);
  }
  return bytes > 0 ? { bytes, events } : null;
}
