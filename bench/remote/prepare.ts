// A scenario as it can run over machines: the chain's shape is what the machines are, everything else is the
// scenario's.

import type { Overrides } from '../run/plan.ts';
import { withOverrides } from '../run/plan.ts';
import { BenchError } from '../run-error.ts';
import { linkNames, nodeNames, type Scenario } from '../scenario.ts';
import type { FoundTool } from '../tools/tool.ts';
import type { RemoteChain } from './hosts-file.ts';
import { madeChain } from './record.ts';

/** Each machine finds the tool by itself. */
export const FOUND_THERE: FoundTool = { found: true, version: '', binary: '', env: {} };

interface OtherOptions {
  readonly attach: boolean;
  readonly keep: boolean;
  readonly dir: string | undefined;
}

export async function machinesFor(
  root: string,
  file: string,
  { attach, keep, dir }: OtherOptions,
): Promise<RemoteChain> {
  const other = attach ? '--attach' : keep ? '--keep' : dir === undefined ? null : '--dir';
  if (other !== null)
    throw new BenchError('usage', `${other} is for chains on this machine: leave it or --chain out`);
  return madeChain(root, file);
}

/** @throws BenchError naming the first thing of the scenario that these machines are not. */
export function onMachines(scenario: Scenario, { shape }: RemoteChain, overrides: Overrides): Scenario {
  const { tool, links } = scenario.chain;
  const { links: _, ...same } = shape;
  const chain = { ...same, tool, ...(links?.length === shape.instances && { links }) };
  const there = [...nodeNames(chain), ...linkNames(chain), 'random', 'etcd'];
  const named = [
    ...scenario.steps.map(({ target }) => target),
    ...scenario.disks.map(({ target }) => target),
    ...scenario.asserts.untouched,
  ];
  const stranger = named.find((name) => !there.includes(name));
  if (stranger !== undefined) {
    throw new BenchError(
      'usage',
      `the machines have no ${stranger}, which the scenario names; there are ${there.join(', ')}`,
    );
  }
  const onThem = { ...scenario, chain };
  return overrides.tool === undefined ? onThem : withTool(onThem, overrides.tool);
}

function withTool(scenario: Scenario, tool: string): Scenario {
  return withOverrides({ file: '', text: '', scenario }, { tool });
}
