// Ctrl-C and SIGTERM: the first one ends the work in good order, the second one kills what this process started.

import { basename } from 'node:path';
import { takeDown } from '../chain/down.ts';
import { CHAIN_MARKER, isRunName, ROOT_MARKER } from '../chain/layout.ts';
import { killProcess } from '../chain/process.ts';
import { allPids, readEnvironment, readProcess } from '../chain/procfs.ts';
import { BenchError, messageOf } from '../run-error.ts';

const STATUS = 130;

export async function untilInterrupted(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  let times = 0;
  const onSignal = () => {
    times++;
    if (times > 1) {
      void killAndExit();
      return;
    }
    process.stderr.write('\ninterrupted: stopping everything (once more: kill it)\n');
    controller.abort(new BenchError('interrupted', 'interrupted'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    if (error !== controller.signal.reason) process.stderr.write(`while stopping: ${messageOf(error)}\n`);
    return STATUS;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** Our children are leaders of groups of their own: each is killed with its group, then what their run left goes. */
async function killAndExit(): Promise<never> {
  const states = await Promise.all((await allPids()).map((pid) => readProcess(pid)));
  const children = states.filter((state) => state !== null).filter(({ parent }) => parent === process.pid);
  const environments = await Promise.all(children.map(({ pid }) => readEnvironment(pid)));
  await Promise.allSettled(children.map((child) => killProcess(child)));
  for (const environment of environments) {
    const [root, chain] = [environment?.get(ROOT_MARKER), basename(environment?.get(CHAIN_MARKER) ?? '')];
    // Not a chain that `up` left standing: a load that is attached to it is only a guest.
    if (root !== undefined && isRunName(chain)) await takeDown(root, () => undefined, [chain]);
  }
  process.exit(STATUS);
}
