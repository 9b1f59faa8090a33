// What chain a file of machines describes, and what a scenario becomes on them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { layoutChain } from '../../../bench/chain/layout.ts';
import { type RemoteChain, readHostsFile } from '../../../bench/remote/hosts-file.ts';
import { layoutRemote } from '../../../bench/remote/layout.ts';
import { onMachines } from '../../../bench/remote/prepare.ts';
import { chainSchema, linkNames, nodeNames, type Scenario } from '../../../bench/scenario.ts';
import { loadScenario } from '../../../bench/scenario-file.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** `ids`: each becomes a machine; `more`: further lines of the file. */
async function read(t: ExecutionContext, ids: readonly string[], more = ''): Promise<RemoteChain> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-shape-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const hosts = ids.map((id, index) => {
    const [name, role] = id.split('=');
    return `  - { id: ${name}, address: 198.51.100.${index + 1}${role === undefined ? '' : `, role: ${role}`} }`;
  });
  const file = join(folder, 'machines.yaml');
  writeFileSync(file, `${more}\nhosts:\n${hosts.join('\n')}\n`);
  return readHostsFile(file);
}

async function scenario(name: string): Promise<Scenario> {
  return (await loadScenario(ROOT, name)).scenario;
}

test('the ids of the machines are the chain: a generator of its own, members of a cluster, another destination', async (t) => {
  const { shape, hosts } = await read(t, ['load', 'instance1', 'instance2', 'a1', 'a2', 'b', 'etcd']);
  t.deepEqual(nodeNames(shape), ['load', 'instance1', 'instance2', 'a1', 'a2', 'b']);
  t.is(shape.cluster?.members, 2);
  t.deepEqual(
    hosts.map(({ role }) => role),
    ['generator', 'instance', 'instance', 'destination', 'destination', 'destination', 'registry'],
  );
});

test("a chain's configuration is taken from its own file, and every node of it wants a machine", async (t) => {
  const config = `config: ${join(ROOT, 'configs/chain/cluster.yaml')}`;
  const ids = ['load', 'instance1', 'instance2', 'a1', 'a2', 'a3'];
  const { shape, log } = await read(t, ids, config);
  t.deepEqual(nodeNames(shape), ids);
  t.is(log.cap, 16 * 2 ** 30);
  await t.throwsAsync(read(t, ids.slice(1), config), {
    message: /no machine for load; a chain like this has/,
  });
  await t.throwsAsync(read(t, ids, `${config}\ndurability: os`), { message: /both config and durability/ });
  await t.throwsAsync(read(t, ids, 'config: nowhere.yaml'), { message: /nowhere\.yaml: no such file/ });
});

test('files of machines that are no chain are refused with what was expected', async (t) => {
  const refusals: readonly (readonly [ids: readonly string[], more: string, message: RegExp])[] = [
    [['instance1', 'instance1'], '', /instance1 is there twice/],
    [['instance1', 'a', 'a1'], '', /both a and a1, \.\.\.: a is one machine or a cluster/],
    [['instance1', 'a1', 'a3'], '', /no machine for a2; not in the chain: a3/],
    [['instance1', 'a', 'load2=generator'], '', /load2 is a generator: that is the machine with the id load/],
    [['instance1', 'a=instance'], '', /a has the role instance; by its id it is a destination/],
    [['instance1', 'instance3', 'a'], '', /no machine for instance2; not in the chain: instance3/],
    [
      ['instance1', 'a'],
      'chain: { instances: 1, links: [agent, socat] }',
      /names 2 tools, but instance1 send/,
    ],
    [
      ['instance1', 'a'],
      'chain: { instances: 1, tls: [a] }',
      /chain\.tls: certificates are made for chains on one/,
    ],
    [['instance1', 'a'], 'chain: { instances: 1, generators: 2 }', /expected 0 or 1: a chain has one source/],
    [['instance1', 'a'], 'chain: { instances: 1 }\ntool: socat', /both tool and chain/],
  ];
  for (const [ids, more, message] of refusals) {
    await t.throwsAsync(read(t, ids, more), { message }, `${ids.join(' ')} ${more}`);
  }
});

test("the generator's node sends to the first instance, on one machine and on several", async (t) => {
  const shape = chainSchema.parse({ instances: 2, generators: 1 });
  t.deepEqual(linkNames(shape), ['load -> instance1', 'instance1 -> instance2', 'instance2 -> a']);
  const ends = (nodes: ReturnType<typeof layoutChain>['nodes']) =>
    nodes.map(({ id, from, to }) => [id, from, to]);
  const expected = [
    ['load', null, ['instance1']],
    ['instance1', 'load', ['instance2']],
    ['instance2', 'instance1', ['a']],
    ['a', 'instance2', []],
  ];
  const here = layoutChain('/x', 'run-1', shape).nodes;
  t.deepEqual(ends(here), expected);
  t.is(new Set(here.map(({ address }) => address)).size, 4);
  const there = await read(t, ['load', 'instance1', 'instance2', 'a']);
  t.deepEqual(ends(layoutRemote(there, 'hosts').nodes), expected);
});

test('a scenario with a cluster takes its members from the machines and the strategy from itself', async (t) => {
  const three = await read(t, ['instance1', 'instance2', 'a1', 'a2', 'a3']);
  const keyed = onMachines(await scenario('cluster-key-hash'), three, {});
  t.is(keyed.chain.cluster?.strategy, 'keyHash');
  t.is(keyed.chain.cluster?.members, 3);
  const four = await read(t, ['instance1', 'a1', 'a2', 'a3', 'a4']);
  const more = onMachines(await scenario('cluster'), four, {});
  t.deepEqual([more.chain.cluster?.members, more.chain.instances], [4, 1]);
  // As many machines as members and reserves: who waits is the scenario's to say.
  const five = await read(t, ['instance1', 'instance2', 'a1', 'a2', 'a3', 'a4', 'a5']);
  t.is(onMachines(await scenario('cluster-churn'), five, {}).chain.cluster?.standby, 1);
});

test('what machines cannot do is refused before anything runs', async (t) => {
  const plain = await read(t, ['instance1', 'instance2', 'a']);
  const three = await read(t, ['instance1', 'instance2', 'a1', 'a2', 'a3']);
  const refused = async (name: string, chain: RemoteChain, message: RegExp) => {
    const asked = await scenario(name);
    t.throws(() => onMachines(asked, chain, {}), { message, code: 'usage' }, name);
  };
  await refused('cluster', plain, /the machines have none: machines with the ids a1, a2, a3, instead of a/);
  await refused('cluster-churn', three, /the machines have no a5/);
  await refused(
    'tls',
    plain,
    /the scenario has chain\.tls: certificates are made for chains on one machine only/,
  );
  await refused(
    'mixed',
    await read(t, ['instance1', 'a']),
    /a tool for each of \d links, the machines have 1/,
  );
  await refused('soak', three, /verify: a cluster is verified after the run/);
});
