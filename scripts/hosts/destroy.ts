// The part of ./destroy.sh for other machines: removes from each everything that create put there, and forgets them
// when nothing is left. One that does not answer stays on the list, and the exit status says so.
//
//   node scripts/hosts/destroy.ts [--list | --forget]     --forget: also those that do not answer any more

import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RemoteChain } from '../../bench/remote/hosts-file.ts';
import { readRecord, removeRecord, sshConfigPath, writeRecord } from '../../bench/remote/record.ts';
import { untilInterrupted } from '../../bench/run/interrupt.ts';
import { BenchError, exitStatus } from '../../bench/run-error.ts';
import { describeFailures, throughSteps } from './fleet.ts';
import { connectStep, REMOVE, type StepContext } from './steps.ts';

const root = join(dirname(import.meta.dirname), '..');
const ANSWER_SECONDS = 15;
const say = (line: string) => process.stdout.write(`${line}\n`);

async function destroy(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { list, forget } = parseArgs({
    args: [...args],
    options: { list: { type: 'boolean' }, forget: { type: 'boolean' } },
  }).values;
  const chain = await readRecord(root);
  if (chain === null) return 0;
  if (list === true) {
    for (const { id, user, address } of chain.hosts) say(`machine ${id}: ${user}@${address}`);
    return 0;
  }
  const left = await remove(chain, signal);
  if (left.length === 0 || forget === true) {
    await removeRecord(root);
    for (const id of left) say(`forgotten: ${id}; what is on it stays there`);
    return 0;
  }
  // The others are done with: the next try is about these.
  await writeRecord(root, { ...chain, hosts: chain.hosts.filter(({ id }) => left.includes(id)) });
  process.stderr.write(
    `still there: ${left.join(', ')}; again: ./destroy.sh; if gone for good: ./destroy.sh --forget\n`,
  );
  return 1;
}

async function remove(chain: RemoteChain, signal: AbortSignal): Promise<readonly string[]> {
  say(`removing the chain from ${chain.hosts.map(({ id }) => id).join(', ')}`);
  const context: StepContext = {
    ...{ root, chain, signal, registry: '', archive: Promise.resolve(Buffer.alloc(0)) },
    config: sshConfigPath(root),
  };
  const failures = await throughSteps(context, [connectStep(ANSWER_SECONDS), REMOVE], say);
  if (failures.length > 0) process.stderr.write(`${describeFailures(failures)}\n`);
  return failures.map(({ host }) => host.id);
}

try {
  process.exitCode = await untilInterrupted((signal) => destroy(process.argv.slice(2), signal));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`destroy.sh: ${error.message}\n`);
  process.exitCode = exitStatus(error.code);
}
