// What would be made, as Terraform plans it: told before anything is made, and kept until it is, so that what somebody
// agreed to is what happens, and not what a second look would find.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readInstanceTypes } from '../../bench/remote/instance-types.ts';
import { BenchError } from '../../bench/run-error.ts';
import type { RigSettings } from '../../infra/settings.ts';
import { STACK_FOLDER, synth } from '../../infra/synth.ts';
import { describeCost } from './cost.ts';
import { describeEndpoint } from './endpoint.ts';
import { type AwsOptions, callersNetwork, settingsFor } from './request.ts';
import { readStanding } from './state.ts';
import type { Terraform } from './terraform.ts';

/** In the stack's folder; beside it what the next step needs to know of it. */
export const PLAN = 'rig.plan';
const ABOUT = 'rig.json';
const MINUTE_MS = 60_000;

const plannedSchema = z.object({
  run: z.string(),
  /** The chain's configuration and the private key: paths. */
  config: z.string(),
  key: z.string(),
  machines: z.array(
    z.object({
      ...{
        id: z.string(),
        role: z.enum(['generator', 'instance', 'destination', 'registry']),
        type: z.string(),
      },
      diskGiB: z.number(),
    }),
  ),
});
export type Planned = z.infer<typeof plannedSchema>;

/** Of `show -json PLAN`: what is known before anything is made, and what would be done. */
const planSchema = z.object({
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

export async function planRig(
  root: string,
  terraform: Terraform,
  options: AwsOptions,
  say: (line: string) => void,
): Promise<Planned> {
  forgetPlan();
  const { settings, key } = await settingsFor(options, readStanding(), callersNetwork);
  synth(settings);
  for (const line of describeEndpoint()) say(line);
  say(`asking AWS what is there (${terraform.program})`);
  await terraform.run(['init', '-input=false'], { quiet: true });
  await terraform.run(['plan', '-input=false', `-out=${PLAN}`], { quiet: true });
  const plan = await terraform.json(['show', '-json', PLAN], planSchema);
  for (const line of await describe(root, settings, plan)) say(line);
  const { run, machines } = settings;
  const planned = { run, config: options.config, key, machines: [...machines] };
  writeFileSync(join(STACK_FOLDER, ABOUT), JSON.stringify(planned));
  return planned;
}

export function readPlanned(): Planned {
  const file = join(STACK_FOLDER, ABOUT);
  if (existsSync(file)) return plannedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  throw new BenchError('run', 'nothing is planned: ./create.sh aws');
}

export function forgetPlan(): void {
  for (const file of [PLAN, ABOUT]) rmSync(join(STACK_FOLDER, file), { force: true });
}

async function describe(
  root: string,
  settings: RigSettings,
  { planned_values, resource_changes }: z.infer<typeof planSchema>,
): Promise<readonly string[]> {
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
  const minutes = Math.round((settings.expires.getTime() - Date.now()) / MINUTE_MS);
  return [
    `account ${account.value}, region ${region.value}, run ${settings.run}`,
    `machines: ${machines.join(', ')}`,
    `ssh from ${settings.allow.join(', ')}; they end themselves at ${settings.expires.toISOString()}, in ${minutes} minutes`,
    describeCost(settings.machines, await readInstanceTypes(root)),
    ...changes.map(({ address, change }) => `  ${change.actions.join(' and ')} ${address}`),
    ...(changes.length === 0 ? ['everything is there already'] : []),
  ];
}
