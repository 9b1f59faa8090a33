// A destination that is a cluster: what it becomes, and what it is refused for.

import test from 'ava';
import { load, MINIMAL, refuses } from './written.ts';

const ETCD = "registry: { type: etcd, endpoints: ['http://a:1'], prefix: p }\n";
const ONE = "members: [{ name: b1, address: '127.0.0.4:4100' }]";

function cluster(keys: string): string {
  return `destinations: [{ name: b, cluster: { ${keys} } }]\n`;
}

test('the least there is gets every default', async (t) => {
  const { destinations } = await load(t, MINIMAL + cluster(ONE));
  t.deepEqual(destinations[0]?.to, {
    by: 'cluster',
    cluster: {
      strategy: 'leastInflight',
      from: { by: 'list', members: [{ name: 'b1', host: '127.0.0.4', port: 4100, draining: false }] },
      membersMax: 64,
      probeMinMs: 200,
      probeMaxMs: 10_000,
      probeSuccesses: 3,
      slowStartMs: 5_000,
      ackTimeoutMs: 1_500,
      handoverMs: 500,
      rangeBytes: 524_288,
      rangesMax: 128,
      inDoubtRangesMax: 128,
    },
  });
});

test('members under a prefix in etcd, IPv6, a member that drains, a key', async (t) => {
  const { destinations } = await load(
    t,
    `${MINIMAL}${ETCD}destinations:
  - { name: a, cluster: { prefix: /spillway/sinks/a/, strategy: keyHash, key: { format: json, field: host } } }
  - { name: b, cluster: { members: [{ name: b1, address: '[::1]:4100', draining: true }] } }
`,
  );
  t.like(destinations[0]?.to, {
    by: 'cluster',
    cluster: {
      from: { by: 'prefix', prefix: '/spillway/sinks/a' },
      strategy: 'keyHash',
      key: { format: 'json', field: 'host' },
    },
  });
  t.like(destinations[1]?.to, {
    cluster: { from: { members: [{ name: 'b1', host: '::1', port: 4100, draining: true }] } },
  });
});

test('an address or an instance beside the cluster', async (t) => {
  await refuses(
    t,
    `destinations: [{ name: b, address: '1.2.3.4:1', instance: c, cluster: { ${ONE} } }]\n${ETCD}`,
    [
      '3:16: destinations[0]: expected exactly one of instance, address and cluster, found instance and address and cluster',
    ],
  );
});

test('members and prefix: neither, both, none in the list, a prefix without etcd', async (t) => {
  await refuses(t, cluster('strategy: failover'), [
    '3:36: destinations[0].cluster: expected exactly one of members and prefix, found neither',
  ]);
  await refuses(t, ETCD + cluster(`${ONE}, prefix: /a`), [
    '4:36: destinations[0].cluster: expected exactly one of members and prefix, found both',
  ]);
  await refuses(t, cluster('members: []'), [
    '3:47: destinations[0].cluster.members: found an empty list, expected at least 1 of them',
  ]);
  await refuses(t, cluster('prefix: /a'), [
    '3:46: destinations[0].cluster.prefix: members are found in etcd, expected a registry section of type etcd, or members in place of prefix',
  ]);
});

test('two members with one name or one address, more members than the limit', async (t) => {
  const members = `members: [{ name: b1, address: '[::1]:1' }, { name: b2, address: '[::1]:1' }, { name: b1, address: 'c:1' }]`;
  await refuses(t, cluster(`${members}, membersMax: 2`), [
    '3:47: destinations[0].cluster.members: has 3 members, expected at most membersMax (2)',
    '3:103: destinations[0].cluster.members[1].address: duplicate address [::1]:1, members[0] has it already',
    '3:124: destinations[0].cluster.members[2].name: duplicate name b1, members[0] has it already',
  ]);
});

test('an unknown strategy, keyHash without a format, a key that nobody reads', async (t) => {
  await refuses(t, cluster(`${ONE}, strategy: random`), [
    '3:100: destinations[0].cluster.strategy: found "random", expected one of leastInflight, roundRobin, failover, keyHash',
  ]);
  await refuses(t, cluster(`${ONE}, strategy: keyHash`), [
    '3:36: destinations[0].cluster: expected key.format beside strategy keyHash (influx, graphite or json), found none',
  ]);
  await refuses(t, cluster(`${ONE}, strategy: keyHash, key: { field: host }`), [
    '3:114: destinations[0].cluster.key.format: missing, expected one of influx, graphite, json',
  ]);
  await refuses(t, cluster(`${ONE}, key: { format: influx }`), [
    '3:36: destinations[0].cluster: expected key only beside strategy keyHash',
  ]);
  const keyHash = `${ONE}, strategy: keyHash, key: { format: influx }`;
  await refuses(t, cluster(`${keyHash}, membersMax: 65`), [
    '3:36: destinations[0].cluster: expected membersMax up to 64 with keyHash',
  ]);
  await refuses(t, cluster(`${keyHash}, inDoubtRangesMax: 129`), [
    '3:36: destinations[0].cluster: expected inDoubtRangesMax up to 128 with keyHash',
  ]);
});

test('waits that contradict each other, and a member that is this agent itself', async (t) => {
  await refuses(t, cluster(`${ONE}, probeMinMs: 11s`), [
    '3:36: destinations[0].cluster.probeMaxMs: is 10000, expected at least probeMinMs (11000)',
  ]);
  const listen = "sources: [{ type: listen, name: l, address: '127.0.0.4:4100' }]\n";
  const { warnings } = await load(t, MINIMAL + listen + cluster(ONE));
  t.regex(
    warnings.join(),
    /destinations\[0\]\.cluster\.members\[0\]\.address: this agent itself listens there/,
  );
});
