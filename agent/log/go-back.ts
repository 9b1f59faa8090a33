// Damage that reaches the end of a log: instead of a gap, the log may go back to its last good commit, as if what lay
// behind it had never come. Its senders then bring it again, or announce what they no longer have: nothing is silent.
//
// Only where that is safe: all that is lost came from agents that know how far this log is (a tail's file may be gone
// by now), and no destination is known to have any byte of it. What a receiver got within the last moment, before the
// cursor was written, it is ahead with: see sink/handshake.ts. So that it finds the same bytes at the same offsets
// again, everything must have come from one sender where there are destinations at all.

import type { Disk } from './disk.ts';
import type { BatchRecord, NoteRecord } from './record.ts';
import { RecordType } from './record.ts';
import type { SourceState, SourceTable } from './sources.ts';
import { surveyCursor, surveyNames } from './survey.ts';

export type Entry =
  | { readonly kind: 'batch'; readonly record: BatchRecord; readonly good: boolean; readonly end: number }
  | { readonly kind: 'note'; readonly note: NoteRecord; readonly end: number };

/** Where the damaged batches at the end begin, as an index; the number of entries where the last batch is good. */
export function lostEnd(entries: readonly Entry[]): number {
  let first = entries.length;
  for (let index = entries.length - 1; index >= 0; index--) {
    const entry = entries[index];
    if (entry?.kind !== 'batch') continue;
    if (entry.good) break;
    first = index;
  }
  return first;
}

/**
 * Whether the log may go back to before these entries.
 * @param table the sources as they were before them
 */
export async function mayGoBack(
  disk: Disk,
  dir: string,
  lost: readonly Entry[],
  table: SourceTable,
): Promise<boolean> {
  const batches = lost.flatMap((entry) => (entry.kind === 'batch' ? [entry.record] : []));
  const [first] = batches;
  if (first === undefined) return false;
  const senders = new Set(batches.map(({ source }) => source));
  for (const source of senders)
    if (!isSender(table.identity(source) ?? definedIn(lost, source))) return false;
  const { cursors } = await surveyNames(disk, dir);
  if (cursors.length > 0 && senders.size > 1) return false;
  for (const name of cursors) {
    const state = (await surveyCursor(disk, dir, name))?.state;
    if (!state || state.cluster !== undefined) return false;
    const { position, gaps, orphaned } = state;
    const known = [position.offset, orphaned?.at.offset ?? 0, ...gaps.map(({ to }) => to.offset)];
    if (known.some((offset) => offset > first.from)) return false;
  }
  return true;
}

/** An agent with one endpoint, us: it goes on where we are. Members of a cluster are given what no other has. */
function isSender(identity: SourceState['identity'] | null): boolean {
  const { stream, lane } = identity ?? {};
  return typeof stream === 'string' && typeof lane === 'string' && !lane.includes('@');
}

function definedIn(entries: readonly Entry[], source: number): SourceState['identity'] | null {
  for (const entry of entries) {
    if (entry.kind !== 'note' || entry.note.type !== RecordType.source || entry.note.source !== source)
      continue;
    return (entry.note.body as SourceState).identity;
  }
  return null;
}
