// A run as one machine of several has it open: its plan, its part of the chain with folders, registry and configuration,
// and whoever watches, breaks and judges it. Nothing of the tool runs yet.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalChain } from '../chain/chain.ts';
import { FaultEffects } from '../faults/effects.ts';
import { proxiedNodes, setUp } from '../faults/equipment.ts';
import { settingsOf } from '../run/chain.ts';
import { Draft } from '../run/draft.ts';
import { GeneratorRun } from '../run/generator.ts';
import { describeMachine } from '../run/machine.ts';
import { ObserverRun } from '../run/observer.ts';
import { readOomKills } from '../run/oom.ts';
import { planRun, type RunPlan } from '../run/plan.ts';
import { probeSyncWrite } from '../run/probes.ts';
import { Supervisor } from '../run/supervisor.ts';
import { BenchError } from '../run-error.ts';
import { chainToolName } from '../scenario.ts';
import { toolNamed } from '../tools/registry.ts';
import { registryHost } from './hosts-file.ts';
import { instanceType } from './instance-type.ts';
import { layoutRemote, OUT, RUN } from './layout.ts';
import { OwnEnd } from './own-end.ts';
import type { OpenBody, Opened } from './protocol.ts';
import { checkOwnSpace } from './space.ts';

export interface OpenRun {
  readonly plan: RunPlan;
  readonly draft: Draft;
  readonly chain: LocalChain;
  readonly effects: FaultEffects;
  readonly observer: ObserverRun;
  readonly generator: GeneratorRun;
  readonly supervisor: Supervisor;
  readonly outDir: string;
  readonly oomKills: number | null;
  /** null: this machine is no node of the chain. */
  readonly end: OwnEnd | null;
}

export async function openRun(
  root: string,
  { chain: remote, id, file, scenario, registry }: Omit<OpenBody, 'fingerprint'>,
  signal: AbortSignal,
): Promise<OpenRun> {
  const tool = toolNamed(chainToolName(scenario.chain));
  const found = await tool.locate(root);
  if (!found.found)
    throw new BenchError('tool-missing', `${tool.name} is not here; to get it: ${found.howToGet}`);
  const plan = planRun(root, { ...file, scenario }, scenario, tool, found);
  const draft = new Draft(plan);
  const layout = layoutRemote({ ...remote, shape: scenario.chain }, RUN, proxiedNodes(scenario), root);
  const here = layout.nodes.filter((node) => node.id === id).map((node) => node.id);
  const isRegistry = registryHost(remote).id === id;
  const settings = {
    ...settingsOf(plan, draft),
    here,
    ...(!isRegistry && registry !== null && { registry }),
  };
  const chain = new LocalChain(layout, settings);
  await mkdir(layout.dir, { recursive: true });
  await checkOwnSpace(plan, layout, here);
  await chain.prepare(signal);
  const equipment = await setUp(chain, scenario, signal);
  const outDir = join(layout.dir, OUT);
  await mkdir(outDir);
  const [own] = chain.own;
  const onMisbehaved = (text: string) => draft.misbehaved.push(text);
  return {
    ...{ plan, draft, chain, outDir },
    end: own === undefined ? null : new OwnEnd(own, plan, outDir),
    effects: new FaultEffects({ chain, tool, ...equipment, seed: scenario.seed, onMisbehaved }),
    observer: new ObserverRun(chain, outDir),
    generator: new GeneratorRun(chain, plan, outDir, 1),
    supervisor: new Supervisor(chain, {
      onEvent: (text) => draft.events.push({ timeMs: Date.now(), text }),
      onFailure: onMisbehaved,
    }),
    oomKills: await readOomKills(),
  };
}

/** What the other end is told of it. */
export async function describeOpened({ plan, chain }: OpenRun, signal: AbortSignal): Promise<Opened> {
  const { dir } = chain.layout;
  const durable = plan.scenario.durability === 'fsync' && chain.own.length > 0;
  return {
    machine: await describeMachine(dir),
    instanceType: await instanceType(),
    toolVersion: plan.found.version,
    registry: chain.registry.description,
    syncWrite: durable ? await probeSyncWrite(dir, signal) : null,
  };
}
