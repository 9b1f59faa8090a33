// Whether one machine of a chain has room for its share of a run, before anything is started on it.

import type { ChainLayout } from '../chain/layout.ts';
import type { RunPlan } from '../run/plan.ts';
import { checkSpace } from '../run/preflight.ts';

export async function checkOwnSpace(
  plan: RunPlan,
  layout: ChainLayout,
  here: readonly string[],
): Promise<void> {
  const ends = layout.nodes.filter(({ id, role }) => here.includes(id) && role === 'destination').length;
  const { scenario } = plan;
  const share = { ...scenario.chain, generators: 0, instances: here.length - ends, fanOut: ends };
  const isHead = layout.nodes.some(({ id, from }) => here.includes(id) && from === null);
  const generator = isHead ? scenario.generator : { ...scenario.generator, sourceKeepBytes: 0 };
  await checkSpace({ ...plan, scenario: { ...scenario, chain: share, generator } }, layout);
}
