import test from 'ava';
import { endsOf, isCluster, layoutChain } from '../../../bench/chain/layout.ts';
import { clusterSchema } from '../../../bench/cluster-shape.ts';

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

test('a destination that is a cluster: its members are nodes, together one end; who joins later stands by', (t) => {
  const cluster = clusterSchema.parse({ members: 2, standby: 1 });
  const { nodes } = layoutChain('/checkout', 'local', { ...SHAPE, instances: 1, fanOut: 2, cluster });
  t.deepEqual(
    nodes.map(({ id, destination, standby, to }) => [id, destination, standby, to.join(' ')]),
    [
      ['instance1', null, false, 'a1 a2 a3 b'],
      ['a1', 'a', false, ''],
      ['a2', 'a', false, ''],
      ['a3', 'a', true, ''],
      ['b', 'b', false, ''],
    ],
  );
  const ends = endsOf(nodes);
  t.deepEqual(
    ends.map((end) => [end.name, end.nodes.map(({ id }) => id).join(' '), isCluster(end)]),
    [
      ['a', 'a1 a2 a3', true],
      ['b', 'b', false],
    ],
  );
  t.is(new Set(nodes.map(({ address }) => address)).size, 5);
  const onlyNext = endsOf(layoutChain('/checkout', 'local', SHAPE).nodes, ['instance2']);
  t.deepEqual(
    onlyNext.map(({ name }) => name),
    ['instance2'],
  );
});
