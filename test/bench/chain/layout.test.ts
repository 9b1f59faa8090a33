import test from 'ava';
import { layoutChain } from '../../../bench/chain/layout.ts';

const SHAPE = { instances: 3, fanOut: 3, tool: 'agent' } as const;

test('the data flows from instance to instance, and from the last one to every destination', (t) => {
  const { nodes } = layoutChain('/checkout', 'local', SHAPE);
  t.deepEqual(
    nodes.map(({ id, from, to }) => [from, id, to.join(' ')]),
    [
      [null, 'instance1', 'instance2'],
      ['instance1', 'instance2', 'instance3'],
      ['instance2', 'instance3', 'a b c'],
      ['instance3', 'a', ''],
      ['instance3', 'b', ''],
      ['instance3', 'c', ''],
    ],
  );
});

test('every node has an address and a folder of its own, in a network of the chain', (t) => {
  const { nodes, etcdAddress } = layoutChain('/checkout', 'local', SHAPE);
  const addresses = [...nodes.map(({ address }) => address), etcdAddress];
  t.is(new Set(addresses).size, 7);
  t.is(new Set(addresses.map((address) => address.replace(/\.\d+$/, ''))).size, 1);
  t.true(addresses.every((address) => /^127\.(?:1[6-9]|[2-9]\d|1\d\d|2[0-3]\d)\.\d+\.\d+$/.test(address)));
  t.is(nodes[0]?.eventsDir, '/checkout/.spillway/local/instance1/events');
});

test('chains of two checkouts, and two chains of one, do not meet', (t) => {
  const networks = [
    ['/one', 'local'],
    ['/two', 'local'],
    ['/one', 'run-1'],
    ['/one', 'run-2'],
  ].map(([root = '', name = '']) => layoutChain(root, name, SHAPE).etcdAddress);
  t.is(new Set(networks).size, networks.length);
});

test('data can lie elsewhere while chain.json stays in the checkout', (t) => {
  const layout = layoutChain('/checkout', 'run-1', SHAPE, '/dev/shm');
  t.is(layout.dir, '/checkout/.spillway/run-1');
  t.regex(layout.nodes[3]?.eventsDir ?? '', /^\/dev\/shm\/spillway-data-[0-9a-f]{10}-run-1\/a\/events$/);
});
