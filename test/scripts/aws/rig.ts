// A checkout with stand-ins for terraform and for the AWS command line. Terraform's does what the next step needs, or
// fails at the verb in the file `fails`, saying what is there; both write down how they were called.

import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Checkout, type Outcome } from '../checkout.ts';

const PROJECT = join(import.meta.dirname, '../../..');
export const EMPTY = readFileSync(join(PROJECT, 'infra/terraform.tfstate'), 'utf8');
export const tags = {
  ...{ 'spillway:run': 'r1', 'spillway:owner': 'somebody', 'spillway:expires': '2030-01-02T03:04:05.000Z' },
};

export function standingWith(its: Readonly<Record<string, string>>): string {
  const vpc = { id: 'vpc-1', arn: 'arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1', tags_all: its };
  return JSON.stringify({
    ...JSON.parse(EMPTY),
    resources: [
      { mode: 'managed', type: 'aws_vpc', name: 'vpc', instances: [{ attributes: vpc }] },
      {
        ...{ mode: 'managed', type: 'aws_instance', name: 'a' },
        instances: [{ attributes: { id: 'i-1', subnet_id: 'subnet-1', tags_all: its } }],
      },
    ],
  });
}
export const STANDING = standingWith(tags);
const PLAN = JSON.stringify({
  planned_values: { outputs: { account: { value: '123456789012' }, region: { value: 'eu-west-1' } } },
  resource_changes: [
    { address: 'aws_vpc.vpc', mode: 'managed', change: { actions: ['create'] } },
    { address: 'data.aws_region.region', mode: 'data', change: { actions: ['read'] } },
  ],
});

const TERRAFORM = `#!/bin/bash
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
verb=$1
if [[ $verb == -chdir=* ]]; then verb=$2; fi
if [[ -e $root/no-terraform ]]; then exit 127; fi
if [[ $verb != version ]]; then echo "$verb" >>"$root/calls"; fi
if [[ -f $root/fails && $(head -1 "$root/fails") == "$verb" ]]; then
  if [[ $verb == apply ]]; then cp "$root/standing" "$root/infra/terraform.tfstate"; fi
  tail -n +2 "$root/fails" >&2
  exit 1
fi
if [[ -f $root/hangs && $(<"$root/hangs") == "$verb" ]]; then
  trap 'echo "Error: execution halted" >&2; exit 1' INT
  touch "$root/hanging"
  until [[ -e $root/go ]]; do sleep 0.05; done
fi
case $verb in
  version | init | plan) ;;
  show) cat "$root/plan" ;;
  apply) cp "$root/standing" "$root/infra/terraform.tfstate" ;;
  output) cat "$root/outputs" ;;
  destroy) cp "$root/empty" "$root/infra/terraform.tfstate" ;;
esac
`;

const AWS = `#!/bin/bash
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
echo "$*" >>"$root/asked"
case $* in
  *get-caller-identity*) echo 123456789012 ;;
  *describe-instances*PublicIpAddress*) echo '["198.51.100.20"]' ;;
  *describe-*tag-key,Values=spillway:run*)
    kind=$(grep -o 'describe-[a-z-]*' <<<"$*" | head -1)
    if [[ -e $root/found/$kind ]]; then cat "$root/found/$kind"; else echo '[]'; fi
    ;;
  *describe-*) echo '[]' ;;
esac
`;

export interface Rig {
  readonly checkout: Checkout;
  readonly environment: NodeJS.ProcessEnv;
  readonly run: (
    command: string,
    args: readonly string[],
    environment?: NodeJS.ProcessEnv,
  ) => Promise<Outcome>;
  /** What terraform was asked for. */
  readonly verbs: () => string[];
  /** What the AWS command line was asked for. */
  readonly asked: () => string[];
}

export function makeRig(t: ExecutionContext): Rig {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  for (const folder of ['bench', 'infra', 'configs']) {
    cpSync(join(PROJECT, folder), join(checkout.root, folder), { recursive: true });
  }
  checkout.write('infra/terraform.tfstate', EMPTY);
  for (const tool of ['etcd', 'socat', 'rsyslogd', 'syslog-ng'])
    checkout.write(`bin/${tool}`, '#!/bin/sh\n', 0o755);
  checkout.write('bin/terraform', TERRAFORM, 0o755);
  checkout.write('bin/tofu', TERRAFORM, 0o755);
  checkout.write('bin/aws', AWS, 0o755);
  checkout.write('plan', PLAN);
  checkout.write('outputs', '{}');
  checkout.write('standing', STANDING);
  checkout.write('empty', EMPTY);
  checkout.write('key', '-----BEGIN OPENSSH PRIVATE KEY-----\n', 0o600);
  checkout.write('key.pub', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample me\n');
  const environment = {
    PATH: `${join(checkout.root, 'bin')}:${process.env['PATH']}`,
    ...{ AWS_ACCESS_KEY_ID: '', AWS_PROFILE: '', AWS_REGION: '', AWS_DEFAULT_REGION: '' },
    ...{ AWS_ENDPOINT_URL: '', AWS_ENDPOINT_URL_EC2: '' },
  };
  const linesOf = (file: string) => {
    const path = join(checkout.root, file);
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  };
  return {
    ...{ checkout, environment },
    run: (command, args, more = {}) => checkout.run(command, args, { ...environment, ...more }),
    verbs: () => linesOf('calls'),
    asked: () => linesOf('asked'),
  };
}

export const node = (
  rig: Rig,
  script: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Outcome> => rig.run('scripts/node.sh', [join(rig.checkout.root, script), ...args], environment);

export const options = (rig: Rig): string[] => [
  ...['--key', join(rig.checkout.root, 'key'), '--allow', '198.51.100.7/32'],
];

/** As create leaves it: machines that are known, and what of them was brought up. */
export function rememberMachines(rig: Rig, onAws: readonly string[], broughtUp: readonly string[]): void {
  const hosts = (addresses: readonly string[]) => {
    return addresses.map((address, index) => ({ id: `instance${index + 1}`, address }));
  };
  if (onAws.length > 0) {
    const lines = hosts([...onAws, '198.51.100.99']).map(
      ({ address }, index) => `  - { id: ${['instance1', 'a', 'etcd'][index]}, address: ${address} }`,
    );
    rig.checkout.write('infra/hosts.yaml', `hosts:\n${lines.join('\n')}\n`);
  }
  const record = {
    ...{ shape: {}, durability: 'fsync', log: {} },
    hosts: hosts(broughtUp).map((host) => ({
      ...host,
      role: 'instance',
      inside: host.address,
      user: 'me',
      port: 22,
      key: null,
    })),
  };
  rig.checkout.write('.hosts/chain.json', JSON.stringify(record));
}
