// The columns as a reader meets them: those of one class of durability stand together, the strictest first, and each has
// one name and one colour everywhere.

import type { Scorecard, ScorecardColumn } from '../../compare/scorecard.ts';
import type { DurabilityClass } from '../../tools/tool.ts';
import { HUES, type Stroke } from '../page/colours.ts';

export const CLASS_TEXT: Readonly<Record<DurabilityClass, string>> = {
  sync: 'acknowledged after the sync',
  write: 'acknowledged after the write',
  memory: 'acknowledged from memory',
};
const ORDER: readonly DurabilityClass[] = ['sync', 'write', 'memory'];

export interface ColumnGroup {
  readonly class: DurabilityClass;
  readonly columns: readonly ScorecardColumn[];
}

export function groupsOf({ columns }: Scorecard): readonly ColumnGroup[] {
  const groups = ORDER.map((each) => ({
    class: each,
    columns: columns.filter(({ acknowledgedAfter }) => acknowledgedAfter === each),
  }));
  return groups.filter((group) => group.columns.length > 0);
}

export function inGroups(card: Scorecard): readonly ScorecardColumn[] {
  return groupsOf(card).flatMap(({ columns }) => columns);
}

/** The same tool may be there in two durabilities, and then each says which. */
export function labelOf({ columns }: Scorecard, { tool, durability }: ScorecardColumn): string {
  const twins = columns.filter((other) => other.tool === tool);
  return twins.length > 1 ? `${tool} (${durability})` : tool;
}

/** Past eight the same colours come again with a dashed line. */
export function strokeOf(card: Scorecard, id: string): Stroke {
  const index = inGroups(card).findIndex((column) => column.id === id);
  const slot = Math.max(0, index);
  return { colour: `c${slot % HUES}`, dash: Math.floor(slot / HUES) % 3 };
}
