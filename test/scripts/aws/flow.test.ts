// create.sh aws and destroy.sh around a stand-in for terraform: what is asked of it in which order, what the user is
// told, and what is left when it fails. AWS itself is not here: that the real provider takes the stack is not shown.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { EMPTY, makeRig, node, options, rememberMachines, STANDING, standingWith, tags } from './rig.ts';

const CREATE = 'scripts/aws/create.ts';

test('--show: account, region, machines, cost and end are told; nothing is made', async (t) => {
  const rig = makeRig(t);
  const { code, out, err } = await node(rig, CREATE, ['--show', ...options(rig)]);
  t.is(code, 0, err);
  t.regex(out, /account 123456789012, region eu-west-1/);
  t.regex(out, /machines: instance1 \(c6i\.large, 60 GiB\).*etcd \(t3\.small, 8 GiB\)/);
  t.regex(out, /about 0\.61 USD an hour \(us-east-1 prices of \d{4}-\d\d-\d\d/);
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
  t.notRegex(listed.out, /nothing of .* is up/);

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

test('a rig whose end has come: what is made now gets an end of its own', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write(
    'infra/terraform.tfstate',
    standingWith({ ...tags, 'spillway:expires': '2020-01-02T03:04:05.000Z' }),
  );
  const { code, out, err } = await node(rig, CREATE, ['--show', ...options(rig)]);
  t.is(code, 0, err);
  const [, at = ''] = /end themselves at ([^\s,]+)/.exec(out) ?? [];
  t.true(Date.parse(at) > Date.now() + 3 * 3_600_000, at);
  t.regex(out, /run r1/);
});

test('the chain of other machines stands: refused before anything is made', async (t) => {
  const rig = makeRig(t);
  rememberMachines(rig, [], ['192.0.2.9']);
  const { code, err } = await rig.run('create.sh', ['aws', '--yes', ...options(rig)]);
  t.is(code, 1);
  t.regex(err, /already has a chain with instance1 \(192\.0\.2\.9\).*nothing was made on AWS/);
  t.deepEqual(rig.verbs(), []);
});

test('destroy on AWS forgets the machines that it ended, not those of another chain', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('infra/terraform.tfstate', STANDING);
  rememberMachines(rig, ['198.51.100.20'], ['198.51.100.20', '192.0.2.9']);
  const { code, err } = await node(rig, 'scripts/aws/destroy.ts', []);
  t.is(code, 0, err);
  t.false(existsSync(join(rig.checkout.root, 'infra/hosts.yaml')));
  const record = JSON.parse(readFileSync(join(rig.checkout.root, '.hosts/chain.json'), 'utf8'));
  t.deepEqual(
    record.hosts.map(({ address }: { address: string }) => address),
    ['192.0.2.9'],
  );
});

test('no terraform at destroy: what is left is named, and how to get one', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('infra/terraform.tfstate', STANDING);
  rig.checkout.write('no-terraform', '');
  const { code, err } = await rig.run('destroy.sh', []);
  t.is(code, 1);
  t.regex(err, /still there:\n {2}aws_vpc\.vpc vpc-1/);
  t.regex(err, /neither terraform nor tofu is on the PATH: get one from/);
});

test('Ctrl-C at destroy: terraform ends in order, nothing else is touched, exit 130', async (t) => {
  const rig = makeRig(t);
  const { root } = rig.checkout;
  rig.checkout.write('infra/terraform.tfstate', STANDING);
  rig.checkout.write('hangs', 'destroy');
  rememberMachines(rig, ['198.51.100.20'], ['198.51.100.20']);
  const child = spawn(join(root, 'destroy.sh'), [], {
    ...{ cwd: root, env: { ...process.env, ...rig.environment }, detached: true },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
  const ended = once(child, 'close');
  while (!existsSync(join(root, 'hanging'))) await delay(20);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  const [code] = await ended;
  t.is(code, 130, said);
  t.regex(said, /terraform ends in order first/);
  t.regex(said, /still there:\n {2}aws_vpc\.vpc vpc-1/);
  t.regex(said, /interrupted: what is left is shown by \.\/destroy\.sh --list/);
  t.true(existsSync(join(root, '.hosts/chain.json')));
});

test('terraform that answers something else than expected: one sentence, no stack of calls', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('plan', '{"planned_values": {}}');
  const { code, err } = await node(rig, CREATE, ['--show', ...options(rig)]);
  t.is(code, 1);
  t.regex(err, /^create\.sh aws: terraform show -json rig\.plan did not say what was expected/m);
  t.notRegex(err, /^ {4}at /m);
});

test('an endpoint that is not AWS is said before anything is made', async (t) => {
  const rig = makeRig(t);
  const endpoint = { AWS_ENDPOINT_URL: 'http://127.0.0.1:5000' };
  const { out } = await node(rig, CREATE, ['--show', ...options(rig)], endpoint);
  t.regex(out, /AWS_ENDPOINT_URL is set: not AWS is asked, but http:\/\/127\.0\.0\.1:5000/);
});

const MADE = ['instance1', 'instance2', 'instance3', 'a', 'b', 'c', 'etcd'];
const madeAt = (network: string) => {
  const hosts = MADE.map((id, index) => [id, { address: `${network}.${index}`, inside: `10.77.0.${index}` }]);
  return JSON.stringify({
    ...{ account: { value: '123456789012' }, region: { value: 'eu-west-1' } },
    hosts: { value: Object.fromEntries(hosts) },
  });
};

test('what was shown is what is made: --planned plans nothing anew, and needs a plan', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('outputs', madeAt('203.0.113'));
  const shown = await node(rig, CREATE, ['--show', ...options(rig)]);
  t.is(shown.code, 0, shown.err);
  const made = await node(rig, CREATE, ['--planned', ...options(rig)]);
  t.is(made.code, 0, made.err);
  t.deepEqual(rig.verbs(), ['init', 'plan', 'show', 'apply', 'output']);
  const hosts = readFileSync(join(rig.checkout.root, 'infra/hosts.yaml'), 'utf8');
  t.regex(hosts, /id: etcd\n\s+role: registry\n\s+user: ec2-user\n\s+key: .*\n\s+address: 203\.0\.113\.6\n/);
  const again = await node(rig, CREATE, ['--planned', ...options(rig)]);
  t.is(again.code, 1);
  t.regex(again.err, /nothing is planned/);
});

test('machines that ended themselves and were made again: the old ones are forgotten, no other chain is seen', async (t) => {
  const rig = makeRig(t);
  rig.checkout.write('outputs', madeAt('203.0.113'));
  rememberMachines(rig, ['198.51.100.20'], ['198.51.100.20']);
  const { code, err } = await node(rig, CREATE, options(rig));
  t.is(code, 0, err);
  t.false(existsSync(join(rig.checkout.root, '.hosts/chain.json')));
});

test('Ctrl-C while machines are being made: what was begun is finished, so that none is left that no state knows', async (t) => {
  const rig = makeRig(t);
  const { root } = rig.checkout;
  rig.checkout.write('hangs', 'apply');
  const child = spawn(join(root, 'create.sh'), ['aws', '--yes', ...options(rig)], {
    ...{ cwd: root, env: { ...process.env, ...rig.environment }, detached: true },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
  const ended = once(child, 'close');
  while (!existsSync(join(root, 'hanging'))) await delay(20);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  while (!/what it is making is finished/.test(said)) await delay(20);
  rig.checkout.write('go', '');
  const [code] = await ended;
  t.is(code, 130, said);
  t.notRegex(said, /execution halted/);
  t.regex(said, /2 resources of run .* are up: the same again goes on/);
  t.regex(said, /interrupted; of this checkout there is now:\non AWS, account 123456789012/);
});
