// Ctrl-C and SIGTERM: the first one ends the work in good order, the second one kills what this process started.

import { killProcess } from '../chain/process.ts';
import { allPids, readProcess } from '../chain/procfs.ts';
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

/** Our children are leaders of groups of their own: each is killed with its group. */
async function killAndExit(): Promise<never> {
  const states = await Promise.all((await allPids()).map((pid) => readProcess(pid)));
  const children = states.filter((state) => state !== null).filter(({ parent }) => parent === process.pid);
  await Promise.allSettled(children.map((child) => killProcess(child)));
  process.exit(STATUS);
}
