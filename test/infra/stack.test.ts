// The Terraform JSON, resource by resource: what is made, who may talk to whom, and what every machine is told.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { ETCD_CLIENT_PORT, HOP_PORT, HTTP_PORT } from '../../bench/chain/layout.ts';
import { CHAIN_PORTS } from '../../infra/firewall.ts';
import { architectureOf, type MachineSettings, type RigSettings } from '../../infra/settings.ts';
import { describeStack } from '../../infra/synth.ts';

const MACHINES: readonly MachineSettings[] = [
  { id: 'instance1', role: 'instance', type: 'c6i.large', diskGiB: 60 },
  { id: 'instance2', role: 'instance', type: 'c7g.large', diskGiB: 60 },
  { id: 'a', role: 'destination', type: 'c6i.large', diskGiB: 30 },
  { id: 'etcd', role: 'registry', type: 't3.small', diskGiB: 8 },
];
const SETTINGS: RigSettings = {
  run: 'r1',
  owner: 'somebody',
  expires: new Date('2030-01-02T03:04:05Z'),
  region: 'eu-west-1',
  account: '123456789012',
  allow: ['198.51.100.7/32'],
  publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample me@example: "here"',
  network: null,
  machines: MACHINES,
};

type Body = Readonly<Record<string, unknown>>;
interface Stack {
  readonly terraform: {
    readonly backend: unknown;
    readonly required_providers: Readonly<Record<string, Body>>;
  };
  readonly provider: { readonly aws: readonly Body[] };
  readonly data: Readonly<Record<string, Readonly<Record<string, Body>>>>;
  readonly resource: Readonly<Record<string, Readonly<Record<string, Body>>>>;
  readonly output: Readonly<Record<string, { readonly value: unknown }>>;
}

const GROUP = `\${aws_security_group.group.id}`;

const stackOf = (changed: Partial<RigSettings> = {}) => describeStack({ ...SETTINGS, ...changed }) as Stack;
const without = (body: Body | undefined) => {
  const { '//': _, ...rest } = body ?? {};
  return rest;
};
const namesOf = (group: Readonly<Record<string, unknown>> | undefined) => Object.keys(group ?? {}).sort();

test('these resources and no others', (t) => {
  const { resource, data } = stackOf();
  const all = Object.entries(resource).flatMap(([type, each]) =>
    namesOf(each).map((name) => `${type}.${name}`),
  );
  t.deepEqual(all.sort(), [
    'aws_default_security_group.default-group',
    ...['a', 'etcd', 'instance1', 'instance2'].map((id) => `aws_instance.${id}`),
    'aws_internet_gateway.gateway',
    'aws_route_table.routes',
    'aws_route_table_association.subnet-routes',
    'aws_security_group.group',
    'aws_subnet.subnet',
    'aws_vpc.vpc',
    ...['etcd-out', 'hop-out', 'http-out', 'https-out'].map(
      (name) => `aws_vpc_security_group_egress_rule.${name}`,
    ),
    ...['etcd-in', 'hop-in', 'http-in', 'ssh-1'].map((name) => `aws_vpc_security_group_ingress_rule.${name}`),
  ]);
  t.deepEqual(namesOf(data), ['aws_caller_identity', 'aws_region', 'aws_ssm_parameter']);
});

test('nothing is open to the world; ssh is to the caller, the chain only to its own group', (t) => {
  const { resource } = stackOf();
  const rules = resource['aws_vpc_security_group_ingress_rule'] ?? {};
  const group = GROUP;
  t.deepEqual(without(rules['ssh-1']), {
    ...{ cidr_ipv4: '198.51.100.7/32', description: 'ssh from the caller', from_port: 22, to_port: 22 },
    ...{ ip_protocol: 'tcp', security_group_id: group },
  });
  for (const [name, port] of [
    ['hop', 4100],
    ['http', 8100],
    ['etcd', 2379],
  ] as const) {
    t.deepEqual(without(rules[`${name}-in`]), {
      ...{ description: `${name} within the chain`, from_port: port, to_port: port },
      ...{ ip_protocol: 'tcp', referenced_security_group_id: group, security_group_id: group },
    });
  }
  // No rule hides inside a group, and the one that AWS makes is emptied.
  for (const each of [
    resource['aws_security_group']?.['group'],
    resource['aws_default_security_group']?.['default-group'],
  ]) {
    t.false('ingress' in (each ?? {}));
    t.false('egress' in (each ?? {}));
  }
  const world = Object.entries(rules).filter(([, rule]) => /0\.0\.0\.0|::\/0/.test(JSON.stringify(rule)));
  t.deepEqual(world, []);
  const outward = resource['aws_vpc_security_group_egress_rule']?.['https-out'];
  t.like(outward, { cidr_ipv4: '0.0.0.0/0', from_port: 443, to_port: 443, ip_protocol: 'tcp' });
});

test('several networks may use ssh, IPv6 too', (t) => {
  const { resource } = stackOf({ allow: ['198.51.100.0/24', '2001:db8::/48'] });
  const rules = resource['aws_vpc_security_group_ingress_rule'] ?? {};
  t.like(rules['ssh-1'], { cidr_ipv4: '198.51.100.0/24', from_port: 22 });
  t.like(rules['ssh-2'], { cidr_ipv6: '2001:db8::/48', from_port: 22 });
});

test('a machine: newest image of its architecture, encrypted disk that goes with it, IMDSv2 only, ends by itself', (t) => {
  const { resource, data } = stackOf();
  t.deepEqual(namesOf(data['aws_ssm_parameter']), ['image-arm64', 'image-x86-64']);
  for (const machine of MACHINES) {
    const architecture = architectureOf(machine.type);
    const image = data['aws_ssm_parameter']?.[`image-${architecture.replace('_', '-')}`];
    t.is(image?.['name'], `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${architecture}`);
    t.like(resource['aws_instance']?.[machine.id], {
      ami: `\${data.aws_ssm_parameter.image-${architecture.replace('_', '-')}.insecure_value}`,
      instance_type: machine.type,
      associate_public_ip_address: true,
      instance_initiated_shutdown_behavior: 'terminate',
      metadata_options: { http_endpoint: 'enabled', http_tokens: 'required', http_put_response_hop_limit: 1 },
      vpc_security_group_ids: [GROUP],
      lifecycle: { ignore_changes: ['ami', 'user_data'] },
    });
    const disk = resource['aws_instance']?.[machine.id]?.['root_block_device'];
    t.like(disk as Body, {
      encrypted: true,
      delete_on_termination: true,
      volume_size: machine.diskGiB,
      volume_type: 'gp3',
    });
    t.like((disk as { tags: Body }).tags, { 'spillway:run': 'r1', 'spillway:owner': 'somebody' });
    // No key pair, no role: nothing that would outlive it or give it rights.
    t.false('key_name' in (resource['aws_instance']?.[machine.id] ?? {}));
    t.false('iam_instance_profile' in (resource['aws_instance']?.[machine.id] ?? {}));
  }
});

test('machines do not depend on each other', (t) => {
  const machines = Object.entries(stackOf().resource['aws_instance'] ?? {});
  t.is(machines.length, MACHINES.length);
  for (const [, machine] of machines) t.false(JSON.stringify(without(machine)).includes('aws_instance.'));
});

test('user data: the public key, the name, the end; nothing else', (t) => {
  const { resource } = stackOf();
  const text = String(resource['aws_instance']?.['instance2']?.['user_data']);
  t.true(text.startsWith('#cloud-config\n'));
  const document = parse(text);
  t.deepEqual(Object.keys(document).sort(), [
    ...['disable_root', 'hostname', 'runcmd', 'ssh_authorized_keys', 'ssh_pwauth', 'write_files'],
  ]);
  t.deepEqual(document.ssh_authorized_keys, [SETTINGS.publicKey]);
  t.is(document.hostname, 'instance2');
  t.is(document.ssh_pwauth, false);
  const [timer, service] = document.write_files;
  t.true(timer.content.includes('OnCalendar=2030-01-02 03:04:05 UTC\n'));
  t.true(timer.content.includes('OnCalendar=*:0/5\n'));
  t.true(service.content.includes('systemctl poweroff'));
  t.deepEqual(document.runcmd[1], ['systemctl', 'enable', '--now', 'expire-instance.timer']);
});

test('everything carries owner, run and end; the account is pinned; the state is in the repository', (t) => {
  const { provider, terraform, output } = stackOf();
  t.like(provider.aws[0], {
    region: 'eu-west-1',
    allowed_account_ids: ['123456789012'],
    default_tags: [
      {
        tags: {
          'spillway:run': 'r1',
          'spillway:owner': 'somebody',
          'spillway:expires': '2030-01-02T03:04:05.000Z',
        },
      },
    ],
  });
  t.deepEqual(terraform.backend, { local: { path: '../../../terraform.tfstate' } });
  t.regex(String(terraform.required_providers['aws']?.['version']), /^\d+\.\d+\.\d+$/);
  t.deepEqual(namesOf(output), ['account', 'hosts', 'region']);
});

test('an existing subnet: no network is made, and none is changed', (t) => {
  const { resource } = stackOf({ network: { vpc: 'vpc-0a', subnet: 'subnet-0b' } });
  t.deepEqual(namesOf(resource), [
    ...[
      'aws_instance',
      'aws_security_group',
      'aws_vpc_security_group_egress_rule',
      'aws_vpc_security_group_ingress_rule',
    ],
  ]);
  t.is(resource['aws_security_group']?.['group']?.['vpc_id'], 'vpc-0a');
  t.is(resource['aws_instance']?.['a']?.['subnet_id'], 'subnet-0b');
});

test('the architecture of a type', (t) => {
  for (const type of ['c7g.large', 't4g.small', 'm6gd.xlarge', 'c7gn.large'])
    t.is(architectureOf(type), 'arm64', type);
  for (const type of ['c6i.large', 't3.small', 'm5.large', 'g5.xlarge', 'c5n.large'])
    t.is(architectureOf(type), 'x86_64', type);
});

test('a machine that is made, started or told the time after its end still ends: the command of its timer, run', (t) => {
  const bin = mkdtempSync(join(tmpdir(), 'spillway-bin-'));
  t.teardown(() => rmSync(bin, { recursive: true, force: true }));
  writeFileSync(join(bin, 'systemctl'), '#!/bin/sh\necho "systemctl $*"\n', { mode: 0o755 });
  const outcome = (expires: Date) => {
    const { resource } = stackOf({ expires });
    const [, service] = parse(String(resource['aws_instance']?.['a']?.['user_data'])).write_files;
    const [, line = ''] = /^ExecStart=(.*)$/m.exec(service.content) ?? [];
    const [, command = ''] = /^\/bin\/sh -c '(.*)'$/.exec(line) ?? [];
    const script = command.replaceAll('$$', '$').replaceAll('%%', '%');
    return spawnSync('/bin/sh', ['-c', script], {
      ...{ encoding: 'utf8', env: { PATH: `${bin}:${process.env['PATH']}` } },
    }).stdout;
  };
  t.is(outcome(new Date(Date.now() - 1000)), 'systemctl poweroff\n');
  t.is(outcome(new Date(Date.now() + 3_600_000)), '');
});

test('the ports that the group lets through are those of the chain', (t) => {
  t.deepEqual(CHAIN_PORTS, { hop: HOP_PORT, http: HTTP_PORT, etcd: ETCD_CLIENT_PORT });
});
