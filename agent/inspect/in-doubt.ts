// `agent dump DIR --in-doubt`: which ranges of the log members of clusters may have beyond the first copy, so that who
// consumes what they got can remove them; and an operator's word that one will never answer.

import type { ClusterCursor, CursorState } from '../log/cursor.ts';
import { realDisk } from '../log/disk.ts';
import { surveyCursor, surveyNames } from '../log/survey.ts';
import { plural, print, table } from './output.ts';

export interface RangeInDoubt {
  readonly destination: string;
  readonly member: string;
  readonly from: number;
  readonly to: number;
  readonly events: number;
  /** The member has it, and nobody has acknowledged it again yet. */
  readonly confirmed: boolean;
  /** Under keyHash it may have those events of the range that have one of these slots: base64, a bit for each. */
  readonly slots?: string;
  /** And of their bytes, one event behind the other, those from and up to here. */
  readonly slotBytes?: readonly [from: number, to: number];
}

/** Of all clusters, in the order of the log; what is beyond inDoubtRangesMax is counted only. */
export async function dumpInDoubt(dir: string, json: boolean): Promise<number> {
  const ranges: RangeInDoubt[] = [];
  const unlisted: { destination: string; member: string; events: number; bytes: number }[] = [];
  for (const name of (await surveyNames(realDisk, dir)).cursors) {
    const state = (await surveyCursor(realDisk, dir, name))?.state;
    if (state?.cluster === undefined) continue;
    ranges.push(...rangesOf(name, state.cluster));
    for (const [member, { unlisted: counts }] of Object.entries(state.cluster.members)) {
      if (counts.bytes > 0) unlisted.push({ destination: name, member, ...counts });
    }
  }
  if (json) {
    for (const range of ranges) await print(`${JSON.stringify(range)}\n`);
    for (const counts of unlisted) await print(`${JSON.stringify({ ...counts, unlisted: true })}\n`);
    return 0;
  }
  await print(`${textOf(ranges)}\n`);
  for (const { destination, member, events, bytes } of unlisted) {
    const what = `${plural(events, 'event')}, ${plural(bytes, 'byte')}`;
    await print(`and ${what} that ${member} of ${destination} may have, not listed by range\n`);
  }
  return 0;
}

/** Nothing is expected of a member any more: what it may have is in doubt for nobody. */
export function withoutDoubts(state: CursorState, cluster: ClusterCursor, member: string): CursorState {
  const lane = cluster.members[member];
  if (lane === undefined) return state;
  const isConfirmed = (_: unknown, at: number) => lane.doubts[at]?.[1] === 1;
  const dropped = {
    ...lane,
    doubts: lane.doubts.filter(isConfirmed),
    ...(lane.keyedDoubts !== undefined && { keyedDoubts: lane.keyedDoubts.filter(isConfirmed) }),
    unlisted: { events: 0, bytes: 0 },
  };
  return { ...state, cluster: { ...cluster, members: { ...cluster.members, [member]: dropped } } };
}

function rangesOf(destination: string, { members, slotSets }: ClusterCursor): RangeInDoubt[] {
  const all = Object.entries(members).flatMap(([member, { doubts, keyedDoubts }]) =>
    doubts.map(([, isConfirmed, from, eventsBefore, to, eventsTo], at) => {
      const counts = { events: eventsTo - eventsBefore, confirmed: isConfirmed === 1 };
      const keyed = keyedDoubts?.[at];
      if (keyed === undefined) return { destination, member, from, to, ...counts };
      const [index, begin, , end] = keyed;
      const slotBytes = [from - begin, to - begin] as const;
      return {
        destination,
        member,
        from: begin,
        to: end,
        ...counts,
        slots: slotSets?.[index] ?? '',
        slotBytes,
      };
    }),
  );
  return all.sort((a, b) => a.from - b.from);
}

function textOf(ranges: readonly RangeInDoubt[]): string {
  if (ranges.length === 0) return 'nothing is in doubt';
  const rows = ranges.map(({ destination, member, from, to, events, confirmed, slots }) => {
    const remarks = [
      ...(confirmed ? ['it has it'] : []),
      ...(slots === undefined ? [] : ['of some slots: --json']),
    ];
    return [destination, member, String(from), String(to), String(events), remarks.join('; ')];
  });
  return table(['destination', 'member', '>from', '>to', '>events', 'remarks'], rows);
}
