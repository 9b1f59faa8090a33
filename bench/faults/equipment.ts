// What a scenario's faults need before the first process of the chain starts: proxies on the links it breaks, small
// filesystems for the nodes whose disk it fills. Set up once, used by the effects, taken down with the chain.

import type { LocalChain } from '../chain/chain.ts';
import { whyNoMounts } from '../chain/mounts.ts';
import { memberNames, standbyNames } from '../cluster-shape.ts';
import { BenchError } from '../run-error.ts';
import { linkNames, nodeNames, type Scenario } from '../scenario.ts';
import { SmallDisk } from './disk.ts';
import { FaultLink } from './link.ts';
import type { FaultTargets } from './plan.ts';
import { isLinkAction } from './step.ts';

export interface Equipment {
  readonly links: readonly FaultLink[];
  readonly disks: readonly SmallDisk[];
}

export function targetsOf(chain: Scenario['chain']): FaultTargets {
  const reserve = standbyNames(chain.cluster);
  const members = chain.cluster === undefined ? [] : memberNames(chain.cluster);
  const started = (name: string) => !reserve.includes(name);
  return {
    nodes: nodeNames(chain).filter(started),
    members: members.filter(started),
    links: linkNames(chain),
  };
}

/** Receivers that get a fault proxy. */
export function proxiedNodes({ steps, chain }: Pick<Scenario, 'steps' | 'chain'>): string[] {
  const targets = steps.filter((step) => isLinkAction(step.do)).map(({ target }) => target);
  const links = targets.includes('random') ? linkNames(chain) : targets;
  return [...new Set(links.map((link) => link.split(' -> ').at(-1) ?? ''))];
}

/** After the folders are there, before anything is started in them. */
export async function setUp(chain: LocalChain, scenario: Scenario, signal: AbortSignal): Promise<Equipment> {
  const nodes = chain.own;
  const disks = scenario.disks.flatMap(({ target, size }) => {
    return nodes.filter(({ id }) => id === target).map((node) => new SmallDisk(node, size));
  });
  const refused = disks.length === 0 ? null : await whyNoMounts();
  if (refused !== null) {
    throw new BenchError('not-possible', `not run: small filesystems cannot be mounted here: ${refused}`);
  }
  for (const disk of disks) await disk.mount();
  const proxied = proxiedNodes(scenario);
  const links = nodes.filter(({ id }) => proxied.includes(id)).map((node) => new FaultLink(node));
  await Promise.all(links.map((link) => link.start(chain, signal)));
  return { links, disks };
}
