// The part of ./destroy.sh for EC2: destroys what infra/terraform.tfstate says is up, in the account it says, and names
// what is left when that fails; the state is kept until nothing is.
//
//   node scripts/aws/destroy.ts [--list]

import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { untilInterrupted } from '../../bench/run/interrupt.ts';
import { BenchError, exitStatus } from '../../bench/run-error.ts';
import { STATE_FILE, synth } from '../../infra/synth.ts';
import { forgetMachines, HOSTS_FILE, knownAddresses } from './chain-record.ts';
import { describeEndpoint } from './endpoint.ts';
import { readStanding, type Standing } from './state.ts';
import { findTerraform } from './terraform.ts';

const root = join(dirname(import.meta.dirname), '..');
const say = (line: string) => process.stdout.write(`${line}\n`);

async function destroy(args: readonly string[], signal: AbortSignal): Promise<number> {
  const standing = readStanding();
  if (standing.resources.length === 0) return 0;
  say(`on AWS, account ${standing.account ?? 'unknown'}, region ${standing.region ?? 'unknown'}:`);
  for (const resource of standing.resources) say(`  ${resource}`);
  if (args.includes('--list')) return 0;
  for (const line of describeEndpoint()) say(line);
  synth(settingsOf(standing));
  try {
    const terraform = await findTerraform(signal);
    await terraform.run(['init', '-input=false'], { quiet: true });
    await terraform.run(['destroy', '-input=false', '-auto-approve']);
  } catch (error) {
    const { resources } = readStanding();
    process.stderr.write(`still there:\n${resources.map((resource) => `  ${resource}\n`).join('')}`);
    throw error;
  }
  await forgetMachines(root, await knownAddresses(root));
  for (const file of [join(root, HOSTS_FILE), `${STATE_FILE}.backup`]) rmSync(file, { force: true });
  say(`nothing is left on AWS; ${STATE_FILE} is empty again: commit it if it was committed with resources`);
  return 0;
}

/** Terraform needs a stack to find the provider; what it destroys is what is in the state. */
function settingsOf({
  run,
  owner,
  expires,
  region,
  account,
  network,
}: Standing): Parameters<typeof synth>[0] {
  return {
    run: run ?? 'unknown',
    owner: owner ?? 'unknown',
    expires: expires ?? new Date(0),
    ...{ region, account, network },
    ...{ allow: [], publicKey: '', machines: [] },
  };
}

try {
  process.exitCode = await untilInterrupted((signal) => destroy(process.argv.slice(2), signal));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`destroy.sh: ${error.message}\n`);
  process.exitCode = exitStatus(error.code);
}
