// What concerns more than one key: contradictions are refused, doubts are warnings.

import test from 'ava';
import { load, MINIMAL, problemsOf, refuses } from './written.ts';

test('exactly one of instance, address and cluster', async (t) => {
  await refuses(
    t,
    "registry: { type: static, instances: { b: '1.2.3.4:1' } }\ndestinations: [{ name: a, instance: b, address: '1.2.3.4:1' }]\n",
    [
      '4:16: destinations[0]: expected exactly one of instance, address and cluster, found instance and address',
    ],
  );
});

test('an instance needs a registry that can know it, and is not this one', async (t) => {
  await refuses(t, 'destinations: [{ name: a, instance: b }]\n', [
    '3:37: destinations[0].instance: an instance is found through the registry, expected a registry section or an address',
  ]);
  await refuses(
    t,
    "registry: { type: static, instances: { b: '1.2.3.4:1', c: '1.2.3.5:1' } }\ndestinations: [{ name: a, instance: d }]\n",
    ['4:37: destinations[0].instance: d is not in registry.instances, expected one of b, c'],
  );
  await refuses(
    t,
    "registry: { type: etcd, endpoints: ['http://a:1'], prefix: p }\ndestinations: [{ name: a, instance: instance2 }]\n",
    ['4:37: destinations[0].instance: instance2 is this instance itself, expected another'],
  );
});

test('a wildcard cannot be registered, so it needs an advertised address', async (t) => {
  const etcd = "registry: { type: etcd, endpoints: ['http://a:1'], prefix: p }\n";
  await refuses(t, `${etcd}sources: [{ type: listen, name: a, address: '0.0.0.0:4100' }]\n`, [
    '4:45: sources[0].address: nobody can connect to a wildcard address, expected advertise beside it: the address to register',
  ]);
  await t.notThrowsAsync(
    load(t, `${MINIMAL}sources: [{ type: listen, name: a, address: '0.0.0.0:4100' }]\n`),
  );
});

test('limits that contradict each other', async (t) => {
  const problems = await problemsOf(
    t,
    `id: a
log: { dir: events, segmentBytes: 1MiB, capBytes: 3MiB, keepBytes: 4MiB, journalBytesMax: 1MiB, pendingBytesMax: 64KiB }
sources:
  - { type: tail, name: t, dir: spool, readBytesMax: 64KiB, eventBytesMax: 64KiB, pollMs: 300 }
  - { type: listen, name: l, address: '127.0.0.1:1', batchBytesMax: 64KiB, windowBytes: 64KiB, heartbeatMs: 3s }
destinations:
  - { name: d, address: '127.0.0.1:2', batchBytesMax: 1MiB, inflightBytesMax: 64KiB, lagBytesMax: 2MiB, retryMinMs: 6s }
`,
  );
  t.deepEqual(problems, [
    '2:51: log.capBytes: is 3145728, expected at least 4194304, 4 times segmentBytes',
    '2:68: log.keepBytes: is 4194304, expected at most capBytes (3145728)',
    '2:91: log.journalBytesMax: is 1048576, expected at most a quarter of capBytes (3145728)',
    '4:5: sources[0].idlePollMs: is 250, expected at least pollMs (300)',
    '5:5: sources[1].peerTimeoutMs: is 5000, expected at least twice heartbeatMs (3000)',
    '7:5: destinations[0].retryMaxMs: is 5000, expected at least retryMinMs (6000)',
    '7:79: destinations[0].inflightBytesMax: is 65536, expected at least batchBytesMax (1048576)',
    '7:99: destinations[0].lagBytesMax: is 2097152, expected at most 1048576, log.capBytes less two segments',
  ]);
});

test('small-cap: a cap that is too small for what a source reads names the cap that it takes', async (t) => {
  const log = 'segmentBytes: 256KiB, capBytes: 1MiB, keepBytes: 256KiB, journalBytesMax: 64KiB';
  const problems = await problemsOf(
    t,
    `id: a
log: { dir: events, ${log} }
sources:
  - { type: tail, name: t, dir: spool }
`,
  );
  t.is(
    problems[0],
    '4:5: sources[0].readBytesMax: is 1048576, which takes a log.capBytes of at least 3145728: found 1048576, expected that',
  );
});

test('what is allowed and likely not meant is a warning with its place', async (t) => {
  const { warnings } = await load(
    t,
    `id: a
log: { dir: events, durability: os }
sources:
  - { type: tail, name: t, dir: spool }
  - { type: tail, name: u, dir: ./spool/ }
  - { type: listen, name: l, address: '127.0.0.1:4100' }
destinations:
  - { name: d, address: '127.0.0.1:4100' }
`,
  );
  const places = warnings.map((warning) => warning.replace(/^.*agent\.yaml:/, ''));
  t.is(places.length, 4);
  t.regex(places[0] ?? '', /^2:33: log\.durability: os: a crash of the machine loses/);
  t.regex(places[1] ?? '', /^4:5: sources\[0\]: once log\.capBytes is reached because d is away/);
  t.regex(places[2] ?? '', /^5:33: sources\[1\]\.dir: another tail follows/);
  t.regex(places[3] ?? '', /^8:25: destinations\[0\]\.address: this agent itself listens there/);
});

test('one-address-twice: two that would listen on one address are refused', async (t) => {
  const listen = (name: string, address: string) => `{ type: listen, name: ${name}, address: '${address}' }`;
  const config = (a: string, b: string, http: string) =>
    `${MINIMAL}sources: [${listen('a', a)}, ${listen('b', b)}]\nhttp: { address: '${http}' }\n`;
  t.deepEqual(await problemsOf(t, config('127.0.0.1:4100', '127.0.0.1:4100', '0.0.0.0:4100')), [
    '3:99: sources[1].address: is 127.0.0.1:4100, sources[0].address listens there already, expected another',
    '4:18: http.address: is 0.0.0.0:4100, sources[0].address listens there already, expected another',
  ]);
  await t.notThrowsAsync(load(t, config('127.0.0.1:4100', '127.0.0.2:4100', '127.0.0.1:4101')));
  await t.notThrowsAsync(load(t, config('127.0.0.1:0', '127.0.0.1:0', '127.0.0.1:0')));
});
