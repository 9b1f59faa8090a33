// `./create.sh aws`: machines on EC2, then the same as `./create.sh hosts` with them. Says account, region, what will be
// made and what it costs before anything is made. Asking is the shell's part: --show ends before it makes anything,
// and --planned makes what was shown.
//
//   node scripts/aws/create.ts [--show | --planned] [--config FILE] [--key FILE] [--allow CIDR]...
//   writes infra/hosts.yaml

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { type ChainConfig, readChainConfig } from '../../bench/chain/chain-config.ts';
import { untilInterrupted } from '../../bench/run/interrupt.ts';
import { BenchError, exitStatus } from '../../bench/run-error.ts';
import { USER } from '../../infra/machines.ts';
import { STATE_FILE } from '../../infra/synth.ts';
import { forgetMachines, HOSTS_FILE, knownAddresses, refuseOtherChain } from './chain-record.ts';
import { forgetPlan, PLAN, type Planned, planRig, readPlanned } from './plan.ts';
import { parseOptions } from './request.ts';
import { readStanding } from './state.ts';
import { findTerraform, type Terraform } from './terraform.ts';

const root = join(dirname(import.meta.dirname), '..');
const say = (line: string) => process.stdout.write(`${line}\n`);

const outputs = z.object({
  account: z.object({ value: z.string() }),
  region: z.object({ value: z.string() }),
  hosts: z.object({ value: z.record(z.string(), z.object({ address: z.string(), inside: z.string() })) }),
});
type Addresses = z.infer<typeof outputs>['hosts']['value'];

async function create(args: readonly string[], signal: AbortSignal): Promise<number> {
  const terraform = await findTerraform(signal);
  const options = parseOptions(root, args);
  await refuseOtherChain(root);
  const planned = options.planned ? readPlanned() : await planRig(root, terraform, options, say);
  if (options.show) return 0;
  await apply(terraform, planned);
  const { hosts } = await terraform.json(['output', '-json'], outputs);
  const standsAt = Object.values(hosts.value).map(({ address }) => address);
  await forgetMachines(
    root,
    (await knownAddresses(root)).filter((address) => !standsAt.includes(address)),
  );
  const chain = await readChainConfig(planned.config);
  writeFileSync(join(root, HOSTS_FILE), hostsFile(chain, planned, hosts.value));
  say(
    `the state is in ${STATE_FILE}: commit it where others may have to destroy this rig, and again when it is empty`,
  );
  return 0;
}

/** What was made before it failed is in the state: a second try goes on from there, destroy removes it. */
async function apply(terraform: Terraform, { run }: Planned): Promise<void> {
  try {
    await terraform.run(['apply', '-input=false', PLAN], { patient: true });
  } catch (error) {
    const { resources } = readStanding();
    process.stderr.write(
      `${resources.length} resources of run ${run} are up: the same again goes on, ./destroy.sh removes them\n`,
    );
    throw error;
  } finally {
    forgetPlan();
  }
}

function hostsFile(
  { chain, durability, log }: ChainConfig,
  { machines, key }: Planned,
  addresses: Addresses,
): string {
  const hosts = machines.map(({ id, role }) => ({ id, role, user: USER, key, ...addresses[id] }));
  const units = Object.fromEntries(
    Object.entries(log).map(([name, value]) => [name, typeof value === 'number' ? `${value}B` : value]),
  );
  return `# Written by ./create.sh aws.\n${stringify({ chain, durability, log: units, hosts })}`;
}

try {
  process.exitCode = await untilInterrupted((signal) => create(process.argv.slice(2), signal));
} catch (error) {
  if (!(error instanceof BenchError) && !(error instanceof TypeError)) throw error;
  process.stderr.write(`create.sh aws: ${error.message}\n`);
  process.exitCode = error instanceof BenchError ? exitStatus(error.code) : 2;
}
