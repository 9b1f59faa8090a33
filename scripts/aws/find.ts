// `./destroy.sh --find`: when the state is lost, what carries the rig's tags is found and deleted by the AWS command
// line, in an order in which nothing that goes is still used. Only what this user owns; what is others' is named.
//
//   node scripts/aws/find.ts [--list | --yes]     --list: only names them; --yes: does not ask

import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { untilInterrupted } from '../../bench/run/interrupt.ts';
import { BenchError, exitStatus, messageOf } from '../../bench/run-error.ts';
import { TAG_OWNER, TAG_RUN } from '../../infra/settings.ts';
import { ask, aws, regionOf } from './aws-cli.ts';
import { forgetMachines } from './chain-record.ts';
import { describeEndpoint } from './endpoint.ts';

const root = join(dirname(import.meta.dirname), '..');
const say = (line: string) => process.stdout.write(`${line}\n`);

interface Found {
  readonly type: Type;
  readonly id: string;
  readonly run: string;
  readonly owner: string;
}

/**
 * Asked for by tag, kind by kind: the list of all tags still shows what has gone. Not found: the group that comes and
 * goes with its VPC; disks in use, which go with their instance; rules, which go with their group.
 */
const KINDS = {
  instance: ['instances', "Reservations[].Instances[?State.Name!='terminated'][]", 'InstanceId'],
  volume: ['volumes', "Volumes[?State=='available']", 'VolumeId'],
  'security-group': ['security-groups', "SecurityGroups[?GroupName!='default']", 'GroupId'],
  'route-table': ['route-tables', 'RouteTables[]', 'RouteTableId'],
  subnet: ['subnets', 'Subnets[]', 'SubnetId'],
  'internet-gateway': ['internet-gateways', 'InternetGateways[]', 'InternetGatewayId'],
  vpc: ['vpcs', 'Vpcs[]', 'VpcId'],
} as const;
type Type = keyof typeof KINDS;

/** In this order, when the instances have gone: nothing that goes is still used. */
const DELETIONS: readonly (readonly [type: Type, remove: (id: string) => Promise<void>])[] = [
  ['volume', async (id) => void (await aws(['ec2', 'delete-volume', '--volume-id', id]))],
  ['security-group', async (id) => void (await aws(['ec2', 'delete-security-group', '--group-id', id]))],
  ['route-table', deleteRoutes],
  ['subnet', async (id) => void (await aws(['ec2', 'delete-subnet', '--subnet-id', id]))],
  ['internet-gateway', deleteGateway],
  ['vpc', async (id) => void (await aws(['ec2', 'delete-vpc', '--vpc-id', id]))],
];

const owner = () => userInfo().username;

async function find(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { list, yes } = parseArgs({
    args: [...args],
    options: { list: { type: 'boolean' }, yes: { type: 'boolean' } },
  }).values;
  for (const line of describeEndpoint()) say(line);
  const account = await aws(['sts', 'get-caller-identity', '--query', 'Account', '--output', 'text']);
  const found = await findTagged();
  const ours = found.filter((each) => each.owner === owner());
  say(
    `account ${account.trim()}, region ${await regionOf()} and no other: ${found.length} resources of rigs, ${ours.length} of them of ${owner()}`,
  );
  for (const { type, id, run, owner: whose } of found) say(`  ${type} ${id} (run ${run}, ${whose})`);
  if (list === true || ours.length === 0) return 0;
  if (yes !== true && !(await agreed(ours, signal))) {
    process.stderr.write('nothing was deleted\n');
    return 1;
  }
  await terminate(ours.filter(({ type }) => type === 'instance').map(({ id }) => id));
  const failed = await removeAll(ours, signal);
  if (failed.length === 0) return 0;
  process.stderr.write(`still there:\n${failed.map((text) => `  ${text}\n`).join('')}`);
  return 1;
}

/** A name of a user may be that of many, in an account of many: what it finds may be in use. */
async function agreed(ours: readonly Found[], signal: AbortSignal): Promise<boolean> {
  const runs = [...new Set(ours.map(({ run }) => run))].join(', ');
  if (!process.stdin.isTTY) {
    process.stderr.write(`nobody is there to be asked about ${runs} (--yes deletes)\n`);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y/i.test(await terminal.question(`delete all of ${owner()}'s: ${runs}? [y/N] `, { signal }));
  } finally {
    terminal.close();
  }
}

async function removeAll(ours: readonly Found[], signal: AbortSignal): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const [type, remove] of DELETIONS) {
    for (const { id } of ours.filter((each) => each.type === type)) {
      signal.throwIfAborted();
      await remove(id).then(
        () => say(`deleted ${type} ${id}`),
        (error: unknown) => {
          // It has gone meanwhile.
          if (!/NotFound/.test(String(error))) failed.push(`${type} ${id}: ${messageOf(error)}`);
        },
      );
    }
  }
  return failed;
}

async function findTagged(): Promise<Found[]> {
  const types = Object.keys(KINDS) as Type[];
  return (await Promise.all(types.map(findType))).flat();
}

async function findType(type: Type): Promise<Found[]> {
  const [plural, path, id] = KINDS[type];
  const found = await ask<{ id: string; tags: { Key: string; Value: string }[] }[]>([
    ...[`describe-${plural}`, '--filters', `Name=tag-key,Values=${TAG_RUN}`],
    ...['--query', `${path}.{id: ${id}, tags: Tags}`],
  ]);
  return found.map(({ id, tags }) => {
    const tag = (key: string) => tags.find(({ Key }) => Key === key)?.Value ?? 'unknown';
    return { type, id, run: tag(TAG_RUN), owner: tag(TAG_OWNER) };
  });
}

/** All at once: each takes most of a minute. */
async function terminate(ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const query = 'Reservations[].Instances[].PublicIpAddress';
  const addresses = await ask<string[]>(['describe-instances', '--instance-ids', ...ids, '--query', query]);
  await aws(['ec2', 'terminate-instances', '--instance-ids', ...ids]);
  await aws(['ec2', 'wait', 'instance-terminated', '--instance-ids', ...ids]);
  say(`ended instances ${ids.join(', ')}`);
  await forgetMachines(root, addresses);
}

async function deleteRoutes(id: string): Promise<void> {
  const query = 'RouteTables[].Associations[?!Main].RouteTableAssociationId[]';
  const associations = await ask<string[]>([
    'describe-route-tables',
    '--route-table-ids',
    id,
    '--query',
    query,
  ]);
  for (const association of associations) {
    await aws(['ec2', 'disassociate-route-table', '--association-id', association]);
  }
  await aws(['ec2', 'delete-route-table', '--route-table-id', id]);
}

async function deleteGateway(id: string): Promise<void> {
  const query = 'InternetGateways[].Attachments[].VpcId';
  for (const vpc of await ask<string[]>([
    'describe-internet-gateways',
    '--internet-gateway-ids',
    id,
    '--query',
    query,
  ])) {
    await aws(['ec2', 'detach-internet-gateway', '--internet-gateway-id', id, '--vpc-id', vpc]);
  }
  await aws(['ec2', 'delete-internet-gateway', '--internet-gateway-id', id]);
}

try {
  process.exitCode = await untilInterrupted((signal) => find(process.argv.slice(2), signal));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  process.stderr.write(`destroy.sh --find: ${error.message}\n`);
  process.exitCode = exitStatus(error.code);
}
