// What a machine is told: its place in the chain, its unit, its words on a command line; and what a type of machine
// may do.

import { join } from 'node:path';
import test from 'ava';
import type { Host, RemoteChain } from '../../../bench/remote/hosts-file.ts';
import { readInstanceTypes } from '../../../bench/remote/instance-types.ts';
import { layoutRemote } from '../../../bench/remote/layout.ts';
import { limitNotes } from '../../../bench/remote/limits.ts';
import { unitText } from '../../../bench/remote/services.ts';
import { shellQuote } from '../../../bench/remote/ssh.ts';
import { chainSchema, logSchema } from '../../../bench/scenario.ts';
import { checkedNetwork } from '../../../scripts/aws/cidr.ts';
import { costOf, describeCost } from '../../../scripts/aws/cost.ts';
import { passingResult } from '../report/fixture.ts';

const ROOT = join(import.meta.dirname, '../../..');

function host(id: string, role: Host['role'], last: number): Host {
  const address = `198.51.100.${last}`;
  return { id, role, address, inside: `10.0.0.${last}`, user: 'u', port: 22, key: null };
}
const CHAIN: RemoteChain = {
  shape: chainSchema.parse({ instances: 2, fanOut: 1 }),
  durability: 'fsync',
  log: logSchema.parse({}),
  hosts: [
    host('instance1', 'instance', 1),
    host('instance2', 'instance', 2),
    host('a', 'destination', 3),
    host('etcd', 'registry', 4),
  ],
};

test('nodes listen where the others find them; one behind a proxy listens on its loopback', (t) => {
  const { nodes, etcdAddress } = layoutRemote(CHAIN, 'hosts', ['a']);
  t.deepEqual(
    nodes.map(({ id, address, advertised }) => [id, address, advertised]),
    [
      ['instance1', '10.0.0.1', '10.0.0.1'],
      ['instance2', '10.0.0.2', '10.0.0.2'],
      ['a', '127.0.0.1', '10.0.0.3'],
    ],
  );
  t.is(etcdAddress, '10.0.0.4');
  t.is(nodes[1]?.eventsDir, '/opt/spillway/.spillway/hosts/instance2/events');
});

test('without a machine of its own etcd is beside the first instance', (t) => {
  const hosts = CHAIN.hosts.filter(({ id }) => id !== 'etcd');
  t.is(layoutRemote({ ...CHAIN, hosts }, 'hosts').etcdAddress, '10.0.0.1');
});

test('a unit: as the user, started again for ever, with nothing that systemd would read as its own', (t) => {
  const unit = unitText(
    {
      name: 'spillway-a',
      argv: ['/opt/node', 'a "b" c', '100%', '$HOME', 'back\\slash'],
      env: { KEY: 'a b%' },
      cwd: '/opt/spillway',
      out: '/opt/out/agent.out',
    },
    'ec2-user',
  );
  const lines = unit.split('\n');
  t.true(lines.includes('User=ec2-user'));
  t.true(lines.includes('Restart=always'));
  t.true(lines.includes('Environment="KEY=a b%%"'));
  t.true(lines.includes('ExecStart="/opt/node" "a \\"b\\" c" "100%%" "$$HOME" "back\\\\slash"'), unit);
  t.true(lines.includes('StandardOutput=append:/opt/out/agent.out'));
});

test('words for a shell over there', (t) => {
  t.is(shellQuote(['bash', '-s', '--', 'look']), 'bash -s -- look');
  t.is(shellQuote(['a b', "it's", '$x', ';']), `'a b' 'it'\\''s' '$x' ';'`);
});

test('cost: machines, disks and addresses; a type that is not in the table is said to be missing', async (t) => {
  const table = await readInstanceTypes(ROOT);
  const machines = [
    { id: 'instance1', role: 'instance', type: 'c6i.large', diskGiB: 73 },
    { id: 'etcd', role: 'registry', type: 'x9.huge', diskGiB: 0 },
  ] as const;
  const { usdPerHour, unknown } = costOf(machines, table);
  t.is(usdPerHour.toFixed(4), (0.085 + (73 * 0.08) / 730 + 2 * 0.005).toFixed(4));
  t.deepEqual(unknown, ['x9.huge']);
  t.regex(describeCost(machines, table), /and what x9\.huge costs, which the table .* does not say/);
});

test('networks that may use ssh', (t) => {
  for (const network of ['198.51.100.7/32', '10.0.0.0/8', '2001:db8::/32'])
    t.is(checkedNetwork(network), network);
  for (const network of [
    '0.0.0.0/0',
    '128.0.0.0/1',
    '::/0',
    '198.51.100.7',
    '300.1.1.1/32',
    '1.2.3.4/33',
    'x/8',
    '',
  ]) {
    t.throws(() => checkedNetwork(network), { message: /--allow/ }, network);
  }
});

test('a figure near what its machine may do is marked as limited by it', async (t) => {
  const result = passingResult();
  const facts = {
    ...{ id: 'instance1', role: 'instance', address: '198.51.100.1', instanceType: 't3.micro' },
    ...{ cpu: 'x', cores: 2, memoryBytes: 1, kernel: '6', node: 'v24', filesystem: 'xfs' },
    clock: { offsetMs: 0, boundMs: 0 },
    syncWriteMbPerSecond: null,
  };
  const notes = (changed: Partial<typeof facts>, mbPerSecond: number) =>
    limitNotes(ROOT, { ...result, mbPerSecond, hosts: [{ ...facts, ...changed }], processes: [] });
  t.regex(
    (await notes({}, 7)).join('\n'),
    /instance1 used 88 % of what the network of a t3\.micro may do \(0\.064 Gbit\/s/,
  );
  t.deepEqual(await notes({}, 1), []);
  t.deepEqual(await notes({ instanceType: 'x9.huge' }, 7), [
    `what a x9.huge may do is not in the table of ${(await readInstanceTypes(ROOT)).asOf}`,
  ]);
});
