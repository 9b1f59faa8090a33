// A configuration that is right gives what the agent needs; one that is wrong says everything, in place.

import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { loadConfig } from '../../../agent/config/load.ts';
import { load, MINIMAL, problemsOf, refuses, write } from './written.ts';

const MiB = 2 ** 20;

test('the least there is gets every default, and paths begin at the file', async (t) => {
  const { dir, file } = await write(t, MINIMAL);
  const { warnings, ...config } = await loadConfig(file);
  t.deepEqual(config, {
    file,
    id: 'instance2',
    role: 'agent',
    log: {
      dir: join(dir, 'events'),
      durability: 'fsync',
      segmentBytes: 64 * MiB,
      journalBytesMax: 4 * MiB,
      capBytes: 4096 * MiB,
      reserveBytes: 256 * MiB,
      keepBytes: 256 * MiB,
      keepAgeMs: 86_400_000,
      pendingBytesMax: 8 * MiB,
    },
    sources: [],
    destinations: [],
    stop: { drainMs: 5_000 },
  });
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? '', /agent\.yaml:1:1: sources: no sources/);
});

test('a full configuration: sizes, durations, addresses, both kinds of destination', async (t) => {
  const config = await load(
    t,
    `id: instance2
role: relay
log: { dir: /tmp/spillway-events, durability: os, segmentBytes: 1MB, capBytes: 1.5 GiB, keepAge: 90m, reserveBytes: 0 }
registry: { type: etcd, endpoints: ['http://127.0.0.1:2379/'], prefix: /spillway/chain1/ }
sources:
  - { type: tail, name: events, dir: ./spool, include: ['*.log'], pollMs: 20ms }
  - { type: listen, name: hop, address: '[::]:4100', advertise: 'relay.example.org:4100' }
destinations:
  - { name: a, instance: instance3, lagBytesMax: 1GiB }
  - { name: b, address: '[::1]:4100', startAt: newest }
http: { address: '127.0.0.1:0' }
stop: { drainMs: 0 }
`,
  );
  t.like(config.log, {
    durability: 'os',
    segmentBytes: 1_000_000,
    capBytes: 1.5 * 1024 * MiB,
    keepAgeMs: 5_400_000,
  });
  t.is(config.log.dir, '/tmp/spillway-events');
  t.like(config.registry, {
    type: 'etcd',
    endpoints: ['http://127.0.0.1:2379'],
    prefix: '/spillway/chain1',
    ttlSeconds: 5,
  });
  t.like(config.sources[0], {
    type: 'tail',
    include: ['*.log'],
    pollMs: 20,
    idlePollMs: 250,
    readBytesMax: MiB,
  });
  t.like(config.sources[1], {
    type: 'listen',
    address: { host: '::', port: 4100 },
    advertise: { host: 'relay.example.org', port: 4100 },
    windowBytes: 8 * MiB,
  });
  t.like(config.destinations[0], { to: { by: 'instance', instance: 'instance3' }, lagBytesMax: 1024 * MiB });
  t.like(config.destinations[1], {
    to: { by: 'address', address: { host: '::1', port: 4100 } },
    startAt: 'newest',
  });
  t.like(config.http, { address: { host: '127.0.0.1', port: 0 } });
  t.is(config.stop.drainMs, 0);
});

test('a small cap brings the journal and what is kept down with it', async (t) => {
  const { log } = await load(t, 'id: a\nlog: { dir: events, segmentBytes: 1MiB, capBytes: 16MiB }\n');
  t.like(log, { journalBytesMax: MiB, keepBytes: 4 * MiB });
});

test('every problem is reported at once, in the order of the file', async (t) => {
  const problems = await problemsOf(
    t,
    `id: -x
rol: relay
log:
  capBytes: 100MiB
  keepAge: 24 hours
  durability: maybe
sources:
  - { type: tail, name: events, dir: spool, includ: ['*'] }
  - { type: listn, name: events }
destinations:
  - { name: a, address: foo }
  - { name: a }
http:
`,
  );
  t.deepEqual(problems, [
    '1:5: id: found "-x", expected a name of 1 to 64 letters, digits, dots, dashes or underscores',
    '2:1: rol: unknown key, did you mean role?',
    '4:3: log.dir: missing, expected the path of a directory',
    '5:12: log.keepAge: found "24 hours", expected a duration in milliseconds, such as 500, 500ms, 30s or 24h',
    '6:15: log.durability: found "maybe", expected one of fsync, os',
    '8:45: sources[0].includ: unknown key, did you mean include?',
    '9:13: sources[1].type: found "listn", expected one of tail, listen, scribe',
    '9:26: sources[1].name: duplicate name events, sources[0] has it already',
    '11:25: destinations[0].address: found "foo", expected host:port, such as 127.0.0.1:4100 or [::1]:4100',
    '12:5: destinations[1]: expected exactly one of instance, address and cluster, found none',
    '12:13: destinations[1].name: duplicate name a, destinations[0] has it already',
    '13:6: http: found nothing, expected a mapping',
  ]);
});

test('the registry: its type, its endpoints, its instances', async (t) => {
  await refuses(t, 'registry: { endpoints: [] }\n', [
    '3:11: registry.type: missing, expected one of etcd, static',
  ]);
  await refuses(t, 'registry: { type: etcd, endpoints: [] }\n', [
    '3:11: registry.prefix: missing, expected the beginning of the keys, such as /spillway/chain1',
    '3:36: registry.endpoints: found an empty list, expected at least 1 of them',
  ]);
  await refuses(
    t,
    "registry: { type: etcd, prefix: /a, endpoints: ['127.0.0.1:2379', 'ftp://a', 'http://a/b'] }\n",
    [
      '3:49: registry.endpoints[0]: found "127.0.0.1:2379", expected an address such as http://127.0.0.1:2379',
      '3:67: registry.endpoints[1]: found "ftp://a", expected an address such as http://127.0.0.1:2379',
      '3:78: registry.endpoints[2]: found "http://a/b", expected an address such as http://127.0.0.1:2379',
    ],
  );
  await refuses(t, "registry: { type: static, instances: { 'a b': '1.2.3.4:1', c: 7 } }\n", [
    '3:40: registry.instances.a b: expected a name of 1 to 64 letters, digits, dots, dashes or underscores',
    '3:63: registry.instances.c: found the number 7, expected host:port, such as 127.0.0.1:4100 or [::1]:4100',
  ]);
});

test('YAML that is none: the line, the column, and no guess', async (t) => {
  t.regex(
    (await problemsOf(t, 'id: a\nid: b\nlog: { dir: events }\n')).join(),
    /^2:1: id: this key stands twice in one mapping, expected it once$/,
  );
  t.regex((await problemsOf(t, 'id: a\nlog: { dir: events\n')).join(), /^3:1: /);
  t.regex((await problemsOf(t, 'id: a\n---\nid: b\n')).join(), /multiple documents/);
  t.regex((await problemsOf(t, 'id: !date 2020\nlog: { dir: events }\n')).join(), /^1:5: unresolved tag/);
  const keys = 'id, role, log, registry, sources, destinations, http, stop';
  t.deepEqual(await problemsOf(t, ''), [`1:1: found nothing, expected a mapping with ${keys}`]);
  t.deepEqual(await problemsOf(t, '- a\n'), [`1:1: found a list, expected a mapping with ${keys}`]);
});

test('values of the wrong kind are described, however odd', async (t) => {
  t.deepEqual(await problemsOf(t, 'id: 7\nlog: events\nsources: { type: tail }\ndestinations: [a, null]\n'), [
    '1:5: id: found the number 7, expected a name of 1 to 64 letters, digits, dots, dashes or underscores',
    '2:6: log: found "events", expected a mapping',
    '3:10: sources: found a mapping, expected a list',
    '4:16: destinations[0]: found "a", expected a mapping',
    '4:19: destinations[1]: found nothing, expected a mapping',
  ]);
  const [long] = await problemsOf(t, `id: ${'x'.repeat(5_000)}\nlog: { dir: events }\n`);
  t.true((long ?? '').length < 200);
});

test('an unknown key far from every known one gets the whole list', async (t) => {
  await refuses(t, 'http: { address: 127.0.0.1:1, certificate: x }\n', [
    '3:31: http.certificate: unknown key, expected one of address, connectionsMax, requestTimeoutMs',
  ]);
});

test('a file that cannot be read is named with the reason', async (t) => {
  const { dir } = await write(t, '');
  const missing = await t.throwsAsync(loadConfig(join(dir, 'none.yaml')), { code: 'config' });
  t.regex(missing?.message ?? '', /^cannot read configuration .*none\.yaml: it does not exist/);
  await t.throwsAsync(loadConfig(dir), { code: 'config', message: /it is a directory, a file is expected/ });
});

test('endless-configuration: a pipe, a device and a file without end are refused at once', async (t) => {
  const { dir } = await write(t, '');
  const pipe = join(dir, 'pipe.yaml');
  await promisify(execFile)('mkfifo', [pipe]);
  await t.throwsAsync(loadConfig(pipe), { code: 'config', message: /pipe\.yaml: it is no regular file$/ });
  await t.throwsAsync(loadConfig('/dev/zero'), { code: 'config', message: /it is no regular file$/ });
  const long = join(dir, 'long.yaml');
  await writeFile(long, 'id: a\n#'.padEnd(2 ** 20 + 1, 'x'));
  await t.throwsAsync(loadConfig(long), { code: 'config', message: /it is larger than 1048576 bytes$/ });
});

test('directories must be there, except the log itself', async (t) => {
  const source = (tail: string, log: string) =>
    `id: a\nlog: { dir: ${log} }\nsources: [{ type: tail, name: t, dir: ${tail} }]\n`;
  await t.notThrowsAsync(load(t, source('spool', 'events')));
  t.deepEqual(await problemsOf(t, source('spol', 'a/b/events')), [
    '2:13: log.dir: cannot use directory <dir>/a/b: it does not exist: create it or correct its path (ENOENT)',
    '3:39: sources[0].dir: cannot use directory <dir>/spol: it does not exist: create it or correct its path (ENOENT)',
  ]);
  t.deepEqual(await problemsOf(t, source('agent.yaml', 'agent.yaml')), [
    '2:13: log.dir: cannot use directory <dir>/agent.yaml: it is not a directory',
    '3:39: sources[0].dir: <dir>/agent.yaml is log.dir too: the agent would read what it writes, expected another directory',
  ]);
  const { file } = await write(t, source('nowhere', 'no/where'));
  await t.notThrowsAsync(loadConfig(file, { directories: 'unchecked' }));
});

const asUser = process.getuid?.() === 0 ? test.skip : test; // nothing is forbidden to root
asUser('a directory without permission says so', async (t) => {
  const { dir, file } = await write(
    t,
    'id: a\nlog: { dir: events }\nsources: [{ type: tail, name: t, dir: spool }]\n',
  );
  await chmod(join(dir, 'spool'), 0o000);
  await t.throwsAsync(loadConfig(file), { message: /spool: permission denied/ });
});
