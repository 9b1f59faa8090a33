// The columns of a comparison: a tool in one configuration and one durability. One that is not on the machine stays a
// column and says how to get it.

import { BenchError, messageOf } from '../run-error.ts';
import { toolNamed } from '../tools/registry.ts';
import type { FoundTool, Tool } from '../tools/tool.ts';
import type { Claim, ColumnSpec, Comparison } from './comparison-file.ts';
import type { Mode } from './schedule.ts';

export interface Column {
  /** Unique in the comparison, and a folder's name. */
  readonly id: string;
  readonly tool: Tool;
  /** As `--tool` takes it. */
  readonly toolName: string;
  readonly durability: 'fsync' | 'os';
  /** null: not on this machine. */
  readonly found: FoundTool | null;
  readonly howToGet: string;
}

/** Without names: all of the comparison's that belong to the mode, in its order. */
export async function columnsOf(
  root: string,
  comparison: Comparison,
  names: readonly string[] | undefined,
  mode: Mode,
): Promise<Column[]> {
  const ofMode = comparison.columns.filter(({ quick }) => mode === 'full' || quick);
  const wanted = names === undefined ? ofMode : pick(comparison.columns, names);
  return Promise.all(wanted.map((spec) => column(root, spec)));
}

function pick(columns: readonly ColumnSpec[], names: readonly string[]): ColumnSpec[] {
  return names.flatMap((name) => {
    const listed = columns.filter(({ tool }) => tool === name || tool.split(':')[0] === name);
    // One that is not listed may still be compared: the tool's own default decides what it can.
    return listed.length > 0
      ? listed
      : [{ tool: toolNamed(name).name, durability: 'fsync' as const, quick: true }];
  });
}

async function column(root: string, { tool: toolName, durability: asked }: ColumnSpec): Promise<Column> {
  const tool = toolNamed(toolName);
  const location = await tool.locate(root).catch((error: unknown) => {
    return { found: false, howToGet: `its adapter could not look for it: ${messageOf(error)}` } as const;
  });
  const [only] = tool.features.durabilities;
  const durability = tool.features.durabilities.includes(asked) ? asked : (only ?? 'os');
  const id = `${toolName.replaceAll(':', '-')}-${durability}`;
  return {
    ...{ id, tool, toolName, durability },
    found: location.found ? location : null,
    howToGet: location.found ? '' : location.howToGet,
  };
}

/** @throws BenchError of code `usage` where two columns are the same */
export function refuseTwins(columns: readonly Column[]): void {
  const twin = columns.find(({ id }, index) => columns.findIndex((other) => other.id === id) !== index);
  if (twin !== undefined) throw new BenchError('usage', `${twin.id} would be compared with itself`);
}

/** Claims of the row that the tool does not make. */
export function missingClaims({ features }: Tool, needs: readonly Claim[]): readonly Claim[] {
  return needs.filter((claim) => !features[claim]);
}
