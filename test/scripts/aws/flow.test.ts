// create.sh aws and destroy.sh around a stand-in for terraform: what is asked of it in which order, what the user is
// told, and what is left when it fails. AWS itself is not here: that the real provider takes the stack is not shown.

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Checkout } from '../checkout.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const EMPTY = readFileSync(join(PROJECT, 'infra/terraform.tfstate'), 'utf8');
const tags = {
  ...{ 'spillway:run': 'r1', 'spillway:owner': 'somebody', 'spillway:expires': '2030-01-02T03:04:05.000Z' },
};
const STANDING = JSON.stringify({
  ...JSON.parse(EMPTY),
  resources: [
    {
      ...{ mode: 'managed', type: 'aws_vpc', name: 'vpc' },
      instances: [
        { attributes: { id: 'vpc-1', arn: 'arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1', tags_all: tags } },
      ],
    },
    {
      ...{ mode: 'managed', type: 'aws_instance', name: 'a' },
      instances: [{ attributes: { id: 'i-1', subnet_id: 'subnet-1', tags_all: tags } }],
    },
  ],
});
const PLAN = JSON.stringify({
  planned_values: { outputs: { account: { value: '123456789012' }, region: { value: 'eu-west-1' } } },
  resource_changes: [
    { address: 'aws_vpc.vpc', mode: 'managed', change: { actions: ['create'] } },
    { address: 'data.aws_region.region', mode: 'data', change: { actions: ['read'] } },
  ],
});

/** Fails at the verb in `fails`, saying what is there; else does what the next step needs. */
const TERRAFORM = `#!/bin/bash
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
verb=$2
echo "$verb" >>"$root/calls"
if [[ -f $root/fails && $(head -1 "$root/fails") == "$verb" ]]; then
  if [[ $verb == apply ]]; then cp "$root/standing" "$root/infra/terraform.tfstate"; fi
  tail -n +2 "$root/fails" >&2
  exit 1
fi
case $verb in
  version | init | plan) ;;
  show) cat "$root/plan" ;;
  apply) cp "$root/standing" "$root/infra/terraform.tfstate" ;;
  output) echo '{}' ;;
  destroy) cp "$root/empty" "$root/infra/terraform.tfstate" ;;
esac
`;

interface Rig {
  readonly checkout: Checkout;
  readonly run: (command: string, args: readonly string[]) => ReturnType<Checkout['run']>;
  readonly verbs: () => string[];
}

function makeRig(t: ExecutionContext): Rig {
  const checkout = new Checkout(t);
  checkout.linkPackages();
  for (const folder of ['bench', 'infra', 'configs']) {
    cpSync(join(PROJECT, folder), join(checkout.root, folder), { recursive: true });
  }
  checkout.write('infra/terraform.tfstate', EMPTY);
  for (const tool of ['etcd', 'socat', 'rsyslogd', 'syslog-ng'])
    checkout.write(`bin/${tool}`, '#!/bin/sh\n', 0o755);
  checkout.write('bin/terraform', TERRAFORM, 0o755);
  checkout.write('plan', PLAN);
  checkout.write('standing', STANDING);
  checkout.write('empty', EMPTY);
  checkout.write('key', '-----BEGIN OPENSSH PRIVATE KEY-----\n', 0o600);
  checkout.write('key.pub', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample me\n');
  const environment = {
    PATH: `${join(checkout.root, 'bin')}:${process.env['PATH']}`,
    AWS_ACCESS_KEY_ID: '',
    AWS_PROFILE: '',
  };
  return {
    checkout,
    run: (command, args) => checkout.run(command, args, environment),
    verbs: () =>
      readFileSync(join(checkout.root, 'calls'), 'utf8')
        .split('\n')
        .filter((verb) => verb !== ''),
  };
}

const CREATE = 'scripts/aws/create.ts';
const node = (rig: Rig, script: string, args: readonly string[]) =>
  rig.run('scripts/node.sh', [join(rig.checkout.root, script), ...args]);
const options = (rig: Rig) => ['--key', join(rig.checkout.root, 'key'), '--allow', '198.51.100.7/32'];

test('--show: account, region, machines, cost and end are told; nothing is made', async (t) => {
  const rig = makeRig(t);
  const { code, out, err } = await node(rig, CREATE, ['--show', ...options(rig)]);
  t.is(code, 0, err);
  t.regex(out, /account 123456789012, region eu-west-1/);
  t.regex(out, /machines: instance1 \(c6i\.large, 60 GiB\).*etcd \(t3\.small, 8 GiB\)/);
  t.regex(out, /about 0\.57 USD an hour \(us-east-1 prices of \d{4}-\d\d-\d\d/);
  t.regex(out, /ssh from 198\.51\.100\.7\/32; they end themselves at 20/);
  t.regex(out, / {2}create aws_vpc\.vpc/);
  t.deepEqual(rig.verbs(), ['init', 'plan', 'show']);
});

test('nobody there to be asked: nothing is made', async (t) => {
  const rig = makeRig(t);
  const { code, err } = await rig.run('create.sh', ['aws', ...options(rig)]);
  t.is(code, 1);
  t.regex(err, /nobody is there to be asked \(--yes makes it\)/);
  t.false(rig.verbs().includes('apply'));
});

test('an apply that fails half way: what is up is said, and the state is kept', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write(
    'fails',
    'apply\nError: creating EC2 Instance: VcpuLimitExceeded: You have requested more\n',
  );
  const { code, err } = await rig.run('create.sh', ['aws', '--yes', ...options(rig)]);
  t.is(code, 1);
  t.regex(err, /2 resources of run .* are up: the same again goes on, \.\/destroy\.sh removes them/);
  t.regex(err, /no quota left for this.*\n.*VcpuLimitExceeded/);
  t.true(readFileSync(join(rig.checkout.root, 'infra/terraform.tfstate'), 'utf8').includes('vpc-1'));
});

test('a rig that stands keeps its run, its end and its account', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('infra/terraform.tfstate', STANDING);
  const { code, err } = await node(rig, CREATE, ['--show', ...options(rig)]);
  t.is(code, 0, err);
  const stack = readFileSync(join(rig.checkout.root, 'infra/cdktf.out/stacks/spillway/cdk.tf.json'), 'utf8');
  const [provider] = JSON.parse(stack).provider.aws;
  t.deepEqual(provider.allowed_account_ids, ['123456789012']);
  t.is(provider.region, 'eu-west-1');
  t.deepEqual(provider.default_tags[0].tags, tags);
});

test('credentials that expired at destroy: what is left is named, the state is kept, and the next try destroys', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('infra/terraform.tfstate', STANDING);
  rig.checkout.write(
    'fails',
    'destroy\nError: reading EC2 VPC: ExpiredToken: The security token included in the request is expired\n',
  );
  const first = await rig.run('destroy.sh', []);
  t.is(first.code, 1);
  t.regex(first.err, /still there:\n {2}aws_vpc\.vpc vpc-1\n {2}aws_instance\.a i-1\n/);
  t.regex(first.err, /credentials have expired/);
  const listed = await rig.run('destroy.sh', ['--list']);
  t.regex(listed.out, /account 123456789012, region eu-west-1/);

  writeFileSync(join(rig.checkout.root, 'fails'), 'none\n');
  const second = await rig.run('destroy.sh', []);
  t.is(second.code, 0, second.err);
  t.regex(second.out, /nothing is left on AWS/);
  t.is(readFileSync(join(rig.checkout.root, 'infra/terraform.tfstate'), 'utf8'), EMPTY);
});

for (const [what, said, told] of [
  ['no credentials', 'Error: No valid credential sources found', /no AWS credentials: export AWS_PROFILE/],
  ['a wrong region', 'Error: invalid AWS Region: mars-1', /export AWS_REGION=/],
  ['another account', 'Error: AWS account ID not allowed: 210987654321', /credentials of another account/],
  [
    'unknown keys',
    'Error: InvalidClientTokenId: The security token is invalid',
    /does not know these credentials/,
  ],
] as const) {
  test(`${what}: said in one sentence, with what AWS said below it`, async (t) => {
    const rig = makeRig(t);
    rig.checkout.write('fails', `plan\n${said}\n`);
    const { code, err } = await node(rig, CREATE, ['--show', ...options(rig)]);
    t.is(code, 1);
    t.regex(err, told);
    t.true(err.includes(said));
  });
}

test('a key that is missing, that others can read, or that has no public half', async (t) => {
  const rig = makeRig(t);
  const show = (key: string) => node(rig, CREATE, ['--show', '--allow', '198.51.100.7/32', '--key', key]);
  t.regex((await show('/nowhere/key')).err, /the key \/nowhere\/key does not exist/);
  const open = rig.checkout.write('open', '-----BEGIN OPENSSH PRIVATE KEY-----\n', 0o644);
  t.regex((await show(open)).err, /can be read by others.*chmod 600/);
  const half = rig.checkout.write('half', '-----BEGIN OPENSSH PRIVATE KEY-----\n', 0o600);
  t.regex((await show(half)).err, /half\.pub is missing: ssh-keygen -y/);
  t.is((await show(half)).code, 2);
});
