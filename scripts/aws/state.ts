// infra/terraform.tfstate: what of the rig is up. It is in the repository, empty at rest; while a rig is up it names
// the account, the region and the run, so that whoever destroys it does so with the right credentials or not at all.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { BenchError } from '../../bench/run-error.ts';
import { TAG_EXPIRES, TAG_OWNER, TAG_RUN } from '../../infra/settings.ts';
import { STATE_FILE } from '../../infra/synth.ts';

const stateSchema = z.object({
  resources: z.array(
    z.object({
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(z.object({ attributes: z.record(z.string(), z.unknown()).nullish() })),
    }),
  ),
});

export interface Standing {
  /** `aws_instance.instance1 i-0123`, one for each that is up. */
  readonly resources: readonly string[];
  /** null: nothing is up yet that says. */
  readonly account: string | null;
  readonly region: string | null;
  readonly run: string | null;
  readonly owner: string | null;
  readonly expires: Date | null;
  readonly network: { readonly vpc: string; readonly subnet: string } | null;
}

export function readStanding(text = readFileSync(STATE_FILE, 'utf8')): Standing {
  let parsed: z.infer<typeof stateSchema>;
  try {
    parsed = stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BenchError('run', `${STATE_FILE} is not a state of Terraform: git checkout -- ${STATE_FILE}`, {
      cause,
    });
  }
  const managed = parsed.resources.filter(({ mode }) => mode === 'managed');
  const all = managed.flatMap(({ type, name, instances }) => {
    return instances.map(({ attributes }) => ({ type, name, attributes: attributes ?? {} }));
  });
  const arn = all
    .map(({ attributes }) => String(attributes['arn'] ?? ''))
    .find((value) => value.startsWith('arn:'));
  const [, , , arnRegion = null, account = null] = arn?.split(':') ?? [];
  const named = all.map(({ attributes }) => attributes['region']).find((each) => typeof each === 'string');
  const region = arnRegion ?? (typeof named === 'string' ? named : null);
  const tags =
    all.map(({ attributes }) => Object(attributes['tags_all'] ?? {})).find((each) => TAG_RUN in each) ?? {};
  const expires = tags[TAG_EXPIRES];
  return {
    resources: all.map(({ type, name, attributes }) =>
      `${type}.${name} ${String(attributes['id'] ?? '')}`.trim(),
    ),
    ...{ account, region },
    run: tags[TAG_RUN] ?? null,
    owner: tags[TAG_OWNER] ?? null,
    expires: typeof expires === 'string' ? new Date(expires) : null,
    network: existingNetwork(all),
  };
}

/** The machines are somewhere, but the VPC is none of ours. */
function existingNetwork(
  all: readonly { type: string; attributes: Record<string, unknown> }[],
): Standing['network'] {
  if (all.some(({ type }) => type === 'aws_vpc')) return null;
  const group = all.find(({ type }) => type === 'aws_security_group');
  const machine = all.find(({ type }) => type === 'aws_instance');
  const [vpc, subnet] = [group?.attributes['vpc_id'], machine?.attributes['subnet_id']];
  return typeof vpc === 'string' ? { vpc, subnet: typeof subnet === 'string' ? subnet : 'subnet-0' } : null;
}
