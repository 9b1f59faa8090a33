// A scenario as it can run over machines: the chain's shape is what the machines are, everything else is the
// scenario's. What they are not is refused here, before anything runs.

import { statfs } from 'node:fs/promises';
import { type ClusterShape, memberNames } from '../cluster-shape.ts';
import { makeFolder } from '../folder.ts';
import type { Overrides, RunPlan } from '../run/plan.ts';
import { withOverrides } from '../run/plan.ts';
import { BenchError } from '../run-error.ts';
import { checkScenario, linkNames, nodeNames, type Scenario, senderNames } from '../scenario.ts';
import type { FoundTool } from '../tools/tool.ts';
import { NO_TLS, type RemoteChain } from './hosts-file.ts';
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
export function onMachines(asked: Scenario, { shape }: RemoteChain, overrides: Overrides): Scenario {
  const { tool, links, zstd, tls, cluster: wanted } = asked.chain;
  if (tls !== undefined) throw new BenchError('usage', `the scenario has chain.tls: ${NO_TLS}`);
  const { links: _, zstd: __, cluster: there, ...same } = shape;
  const senders = senderNames(shape).length;
  const everyLink = overrides.tool === undefined && links !== undefined;
  if (everyLink && links.length !== senders) {
    const why = `the scenario names a tool for each of ${links.length} links, the machines have ${senders}`;
    throw new BenchError('usage', `${why}: name them with --tool`);
  }
  const cluster = clusterOn(wanted, there);
  const chain = {
    ...same,
    tool,
    ...(links?.length === senders && { links }),
    ...(zstd !== undefined && { zstd }),
    ...(cluster !== undefined && { cluster }),
  };
  refuseStrangers(asked, nodeNames(chain), linkNames(chain));
  const scenario = { ...asked, chain };
  checkScenario(scenario, (path, message) => {
    throw new BenchError('usage', `${asked.name}, over these machines: ${path.join('.')}: ${message}`);
  });
  return overrides.tool === undefined ? scenario : withTool(scenario, overrides.tool);
}

/** How its members share is the scenario's, how many there are is the machines'. */
function clusterOn(
  wanted: ClusterShape | undefined,
  there: ClusterShape | undefined,
): ClusterShape | undefined {
  if (wanted === undefined) return there;
  if (there === undefined) {
    const names = memberNames(wanted).join(', ');
    throw new BenchError(
      'usage',
      `the scenario shares its events over a cluster, and the machines have none: machines with the ids ${names}, instead of a`,
    );
  }
  const all = there.members + there.standby;
  if (all === wanted.members + wanted.standby) return wanted;
  return { ...wanted, members: there.members, standby: there.standby };
}

function refuseStrangers(scenario: Scenario, nodes: readonly string[], links: readonly string[]): void {
  const there = [...nodes, ...links, 'random', 'member', 'etcd'];
  const named = [
    ...scenario.steps.map(({ target }) => target),
    ...scenario.disks.map(({ target }) => target),
    ...scenario.asserts.untouched,
  ];
  const stranger = named.find((name) => !there.includes(name));
  if (stranger === undefined) return;
  throw new BenchError(
    'usage',
    `the machines have no ${stranger}, which the scenario names; there are ${[...nodes, ...links].join(', ')}`,
  );
}

function withTool(scenario: Scenario, tool: string): Scenario {
  return withOverrides({ file: '', text: '', scenario }, { tool });
}

/** The event files of a cluster's members are judged together, and therefore here. */
export async function checkRoomForMembers(plan: RunPlan, outDir: string): Promise<void> {
  if (plan.scenario.chain.cluster === undefined) return;
  await makeFolder(outDir);
  const { bsize, bavail } = await statfs(outDir);
  const [need, have] = [plan.bytesEstimate, bsize * bavail].map((bytes) => `${(bytes / 1e9).toFixed(1)} GB`);
  if (bsize * bavail >= plan.bytesEstimate) return;
  throw new BenchError(
    'run',
    `the event files of the members are judged together here: up to ${need}, and ${have} are free in ${outDir}; free some, or lower --rate or --duration`,
  );
}
