// A comparison of tools that do not exist, without a chain: what is planned and what becomes of outcomes needs none.

import { join } from 'node:path';
import type { Column } from '../../../bench/compare/columns.ts';
import { type Comparison, loadComparison } from '../../../bench/compare/comparison-file.ts';
import { agent } from '../../../bench/tools/agent/agent.ts';
import type { Tool, ToolFeatures } from '../../../bench/tools/tool.ts';

export const root = join(import.meta.dirname, '../../..');

export async function comparison(): Promise<Comparison> {
  const loaded = await loadComparison(root, 'compare');
  if (loaded === null) throw new Error('configs/bench/compare.yaml is no comparison');
  return loaded;
}

export function column(
  name: string,
  features: Partial<ToolFeatures> = {},
  isHere = true,
  durability: 'fsync' | 'os' = 'fsync',
): Column {
  const tool: Tool = { ...agent, name, features: { ...agent.features, ...features } };
  return {
    ...{ id: `${name}-${durability}`, tool, toolName: name, durability },
    found: isHere ? { found: true, version: '1.2.3', binary: '/bin/true', env: {} } : null,
    howToGet: isHere ? '' : `install ${name}`,
  };
}
