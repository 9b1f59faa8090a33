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
  /** As EC2 calls it: instance, vpc, security-group, ... */
  readonly type: string;
  readonly id: string;
  readonly run: string;
  readonly owner: string;
}

/**
 * In this order, when the instances have gone. Rules go with their group, routes with their table; and disks with their
 * instance, but for those of an instance that somebody changed.
 */
const DELETIONS: readonly (readonly [type: string, remove: (id: string) => Promise<void>])[] = [
  ['volume', async (id) => void (await aws(['ec2', 'delete-volume', '--volume-id', id]))],
  ['security-group', async (id) => void (await aws(['ec2', 'delete-security-group', '--group-id', id]))],
  ['route-table', deleteRoutes],
  ['subnet', async (id) => void (await aws(['ec2', 'delete-subnet', '--subnet-id', id]))],
  ['internet-gateway', deleteGateway],
  ['vpc', async (id) => void (await aws(['ec2', 'delete-vpc', '--vpc-id', id]))],
];

const KNOWN = ['instance', ...DELETIONS.map(([type]) => type)];

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
          // Its tags are shown for a while after it has gone.
          if (!/NotFound/.test(String(error))) failed.push(`${type} ${id}: ${messageOf(error)}`);
        },
      );
    }
  }
  return failed;
}

async function findTagged(): Promise<Found[]> {
  const text = await aws([
    'ec2',
    'describe-tags',
    '--filters',
    `Name=key,Values=${TAG_RUN},${TAG_OWNER}`,
    '--output',
    'json',
  ]);
  const { Tags: tags } = JSON.parse(text) as {
    Tags: { Key: string; Value: string; ResourceId: string; ResourceType: string }[];
  };
  const owners = new Map(
    tags.filter(({ Key }) => Key === TAG_OWNER).map((tag) => [tag.ResourceId, tag.Value]),
  );
  const tagged = tags
    .filter(({ Key, ResourceType }) => Key === TAG_RUN && KNOWN.includes(ResourceType))
    .map(({ ResourceType, ResourceId, Value }) => {
      return { type: ResourceType, id: ResourceId, run: Value, owner: owners.get(ResourceId) ?? 'unknown' };
    });
  const gone = await terminated(tagged.filter(({ type }) => type === 'instance').map(({ id }) => id));
  // The emptied default group goes with its VPC, and only with it.
  const defaults = await defaultGroups(
    tagged.filter(({ type }) => type === 'security-group').map(({ id }) => id),
  );
  return tagged.filter(({ id }) => !gone.includes(id) && !defaults.includes(id));
}

/** EC2 shows an instance for an hour after its end. */
async function terminated(ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const query = "Reservations[].Instances[?State.Name!='terminated'].InstanceId[]";
  const filter = `Name=instance-id,Values=${ids.join(',')}`;
  const alive = await ask<string[]>(['describe-instances', '--filters', filter, '--query', query]);
  return ids.filter((id) => !alive.includes(id));
}

async function defaultGroups(ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const query = "SecurityGroups[?GroupName=='default'].GroupId";
  return ask([
    'describe-security-groups',
    '--filters',
    `Name=group-id,Values=${ids.join(',')}`,
    '--query',
    query,
  ]);
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
