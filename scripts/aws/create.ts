// `./create.sh aws`: machines on EC2, then the same as `./create.sh hosts` with them. Says account, region, what will be
// made and what it costs before anything is made. Asking is the shell's part: --show ends before it makes anything.
//
//   node scripts/aws/create.ts [--show] [--config FILE] [--key FILE] [--allow CIDR]...    writes infra/hosts.yaml

import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { ChainConfig } from '../../bench/chain/chain-config.ts';
import { readInstanceTypes } from '../../bench/remote/instance-types.ts';
import { untilInterrupted } from '../../bench/run/interrupt.ts';
import { BenchError, exitStatus } from '../../bench/run-error.ts';
import { USER } from '../../infra/machines.ts';
import type { RigSettings } from '../../infra/settings.ts';
import { STACK_FOLDER, STATE_FILE, synth } from '../../infra/synth.ts';
import { describeCost } from './cost.ts';
import { callersNetwork, parseOptions, settingsFor } from './request.ts';
import { readStanding } from './state.ts';
import { findTerraform, type Terraform } from './terraform.ts';

const root = join(dirname(import.meta.dirname), '..');
export const HOSTS_FILE = 'infra/hosts.yaml';
const PLAN = 'rig.plan';
const say = (line: string) => process.stdout.write(`${line}\n`);

const outputs = z.object({
  account: z.object({ value: z.string() }),
  region: z.object({ value: z.string() }),
  hosts: z.object({ value: z.record(z.string(), z.object({ address: z.string(), inside: z.string() })) }),
});
/** Of `show -json PLAN`: what is known before anything is made, and what would be done. */
const planned = z.object({
  planned_values: z.object({
    outputs: z.object({
      account: z.object({ value: z.string() }),
      region: z.object({ value: z.string() }),
    }),
  }),
  resource_changes: z.array(
    z.object({ address: z.string(), mode: z.string(), change: z.object({ actions: z.array(z.string()) }) }),
  ),
});

async function create(args: readonly string[], signal: AbortSignal): Promise<number> {
  const terraform = await findTerraform(signal);
  const options = parseOptions(root, args);
  const standing = readStanding();
  const { settings, chain, key } = await settingsFor(options, standing, callersNetwork);
  synth(settings);
  say(`asking AWS what is there (${terraform.program})`);
  await terraform.run(['init', '-input=false'], { quiet: true });
  await terraform.run(['plan', '-input=false', `-out=${PLAN}`], { quiet: true });
  const plan = planned.parse(await terraform.json(['show', '-json', PLAN]));
  await describe(settings, plan);
  if (options.show) return 0;
  await apply(terraform, settings);
  const made = outputs.parse(await terraform.json(['output', '-json']));
  writeFileSync(join(root, HOSTS_FILE), hostsFile(chain, settings, made.hosts.value, key));
  say(
    `the state is in ${STATE_FILE}: commit it where others may have to destroy this rig, and again when it is empty`,
  );
  return 0;
}

async function describe(
  settings: RigSettings,
  { planned_values, resource_changes }: z.infer<typeof planned>,
): Promise<void> {
  const changes = resource_changes.filter(
    ({ mode, change }) => mode === 'managed' && !change.actions.includes('no-op'),
  );
  const { account, region } = planned_values.outputs;
  if (settings.account !== null && settings.account !== account.value) {
    throw new BenchError(
      'usage',
      `the rig is in account ${settings.account}, these credentials are of ${account.value}`,
    );
  }
  const machines = settings.machines.map(({ id, type, diskGiB }) => `${id} (${type}, ${diskGiB} GiB)`);
  say(`account ${account.value}, region ${region.value}, run ${settings.run}`);
  say(`machines: ${machines.join(', ')}`);
  say(`ssh from ${settings.allow.join(', ')}; they end themselves at ${settings.expires.toISOString()}`);
  say(describeCost(settings.machines, await readInstanceTypes(root)));
  for (const { address, change } of changes) say(`  ${change.actions.join(' and ')} ${address}`);
  if (changes.length === 0) say('everything is there already');
}

/** What was made before it failed is in the state: a second try goes on from there, destroy removes it. */
async function apply(terraform: Terraform, settings: RigSettings): Promise<void> {
  try {
    await terraform.run(['apply', '-input=false', PLAN]);
  } catch (error) {
    const { resources } = readStanding();
    process.stderr.write(
      `${resources.length} resources of run ${settings.run} are up: the same again goes on, ./destroy.sh removes them\n`,
    );
    throw error;
  } finally {
    rmSync(join(STACK_FOLDER, PLAN), { force: true });
  }
}

function hostsFile(
  { chain, durability, log }: ChainConfig,
  { machines }: RigSettings,
  addresses: Readonly<Record<string, { readonly address: string; readonly inside: string }>>,
  key: string,
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
