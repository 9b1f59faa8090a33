// One run: chain up, load, faults, drain, accounts, chain down, verification, result. Whatever happens in between,
// everything that was started is stopped, and a result is written; one that was cut short is invalid.

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../folder.ts';
import type { Result } from '../result.ts';
import { BenchError, messageOf } from '../run-error.ts';
import { type OpenChain, openChain } from './chain.ts';
import { Draft } from './draft.ts';
import { LoadedChain } from './load.ts';
import { describeCommit, describeMachine } from './machine.ts';
import type { RunPlan } from './plan.ts';
import { probeSocatCopy, probeSyncWrite } from './probes.ts';
import type { ProgressLine } from './progress.ts';
import { resultOf } from './result.ts';
import { verifyNodes } from './verification.ts';

/** After Ctrl-C nobody waits for a long drain. */
const HURRIED_STOP_MS = 3000;
const STALE =
  /^(arrivals-.*\.bin|(samples|watch)\.jsonl|manifest\.json|(generator|observer)(-spec)?\.(json|out)|result\.json|report\.html)$/;

export interface RunContext {
  readonly root: string;
  readonly outDir: string;
  /** Leave event files and the chain's folder. */
  readonly keep: boolean;
  /** Through the chain that is up; leave it up. */
  readonly attach: boolean;
  /** Searching for the highest rate: no probes of the machine. */
  readonly brief: boolean;
  readonly signal: AbortSignal;
  readonly line: ProgressLine;
}

export async function executeRun(context: RunContext, plan: RunPlan): Promise<Result> {
  const draft = new Draft(plan);
  await emptyOut(context.outDir);
  const open = await openChain(context, plan, draft);
  const machine = await describeMachine(open.chain.layout.dataDir);
  const commit = await describeCommit(context.root);
  try {
    await gather(context, plan, draft, open);
  } catch (error) {
    if (error instanceof BenchError && error.code === 'not-possible') throw error;
    if (error instanceof BenchError && error.code === 'tool-failed') draft.failedAtStart = messageOf(error);
    else draft.invalid.push(context.signal.aborted ? 'the run was interrupted' : messageOf(error));
    if (!context.signal.aborted && !(error instanceof BenchError)) throw error;
  } finally {
    await takeDown(context, draft, open);
  }
  return resultOf(draft.evidence(machine, commit));
}

/** What an earlier run left there would be taken for this one's. */
export async function emptyOut(outDir: string): Promise<void> {
  await makeFolder(outDir);
  const names = await readdir(outDir);
  const stale = names.filter((name) => STALE.test(name));
  await Promise.all(stale.map((name) => rm(join(outDir, name))));
}

async function gather(context: RunContext, plan: RunPlan, draft: Draft, open: OpenChain): Promise<void> {
  const { signal, line } = context;
  const { chain } = open;
  const { dataDir } = chain.layout;
  if (plan.scenario.durability === 'fsync' && !context.brief && !context.attach) {
    draft.probes = { ...draft.probes, syncWrite: await probeSyncWrite(dataDir, signal) };
  }
  await open.bringUp(signal);
  line.say(`chain: ${chain.layout.nodes.map(({ id }) => id).join(', ')}; registry ${chain.registryText}`);
  const load = new LoadedChain(context, plan, draft, open);
  try {
    await load.run();
  } finally {
    await load.close();
  }
  await open.settle(draft, context);
  line.say('verifying');
  await verifyNodes(draft, open, load.manifestPath, context);
  if (plan.pace.kind === 'flood' && plan.scenario.durability === 'os' && !context.brief) {
    const copy = await probeSocatCopy(chain.layout, load.sourceFiles, signal);
    draft.probes = { ...draft.probes, socatCopy: copy };
  }
}

async function takeDown(context: RunContext, draft: Draft, open: OpenChain): Promise<void> {
  const { chain, attached } = open;
  await open.abandon();
  for (const live of draft.live) await live.close();
  if (attached) {
    for (const record of chain.processes.filter(({ node }) => node === 'rig')) await chain.stopRig(record);
    return;
  }
  const killed = await chain.stop(context.signal.aborted ? HURRIED_STOP_MS : chain.stopMs);
  if (!context.signal.aborted) {
    draft.misbehaved.push(...killed.map((name) => `${name} did not end on SIGTERM and was killed`));
  }
  if (context.keep) {
    draft.notes.push(`event files and logs are kept in ${chain.layout.dataDir}`);
    return;
  }
  await chain.remove();
}
