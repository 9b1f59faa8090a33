import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import test from 'ava';
import { parse } from 'yaml';
import { agent } from '../../../bench/tools/agent/agent.ts';
import { knownTools, toolNamed } from '../../../bench/tools/registry.ts';
import { socat } from '../../../bench/tools/socat/socat.ts';
import type { SendTarget } from '../../../bench/tools/tool.ts';
import { CLUSTER, FOUND, root, toolNode } from './node.ts';

for (const tool of knownTools()) {
  test(`${tool.name}: plans of every kind of node leave no placeholder and have processes`, async (t) => {
    const first = toolNode(t, { receive: null });
    const last = toolNode(t, { send: [] });
    for (const node of [first, toolNode(t), last]) {
      const { files, processes } = await tool.plan(node, FOUND);
      t.true(processes.length > 0);
      t.is(new Set(processes.map(({ name }) => name)).size, processes.length, 'names are unique in a node');
      const rendered = [...files.map(({ text }) => text), ...processes.flatMap(({ argv }) => argv)];
      t.false(rendered.some((text) => text.includes('{{')));
      t.true(
        files.every(({ path }) => path.startsWith(node.confDir)),
        'files belong into conf/',
      );
    }
  });
}

test('an unknown tool names those that exist', (t) => {
  t.throws(() => toolNamed('hammer'), {
    message:
      /^no tool 'hammer'; there are agent, agent-scribe, .*rsyslog, rsyslog:tuned, rsyslog:relp, .*socat/,
  });
});

test('agent: a node that receives logs into events/ and is known to its peers', async (t) => {
  const node = toolNode(t);
  const [file] = (await agent.plan(node, FOUND)).files;
  t.like(parse(file?.text ?? ''), {
    id: 'instance2',
    log: { dir: node.eventsDir, durability: 'fsync', keepBytes: 2 ** 28 },
    registry: { type: 'static' },
    sources: [{ type: 'listen', address: '127.77.1.2:4100' }],
    destinations: [
      { name: 'a', instance: 'a' },
      { name: 'b', instance: 'b' },
    ],
    http: { address: '127.77.1.2:8100' },
  });
});

test('agent-scribe: links are Scribe, at the addresses that senders are told', async (t) => {
  const node = toolNode(t);
  const [file] = (await toolNamed('agent-scribe').plan(node, FOUND)).files;
  const { sources, destinations } = parse(file?.text ?? '');
  t.deepEqual(sources, [{ type: 'scribe', name: 'hop', address: '127.77.1.2:4100' }]);
  t.deepEqual(
    destinations,
    node.send.map(({ name, host, port }) => {
      return { name, address: `${host}:${port}`, scribe: { category: 'events' }, policy: node.policy };
    }),
  );
});

test('agent: a cluster by the addresses of its members, or by where they register', async (t) => {
  const balancing = { strategy: 'keyHash', key: { format: 'influx', field: 'host' }, prefix: null } as const;
  const destinations = async (send: SendTarget) => {
    const [file] = (await agent.plan(toolNode(t, { send: [send] }), FOUND)).files;
    return parse(file?.text ?? '').destinations;
  };
  t.deepEqual(await destinations({ ...CLUSTER, balancing }), [
    {
      name: 'c',
      policy: 'block',
      cluster: {
        strategy: 'keyHash',
        key: { format: 'influx', field: 'host' },
        members: [
          { name: 'c1', address: '127.77.1.101:4100' },
          { name: 'c2', address: '127.77.1.102:4100' },
        ],
      },
    },
  ]);
  const live = { ...balancing, strategy: 'roundRobin', prefix: '/spillway/x/c' } as const;
  t.deepEqual(await destinations({ ...CLUSTER, balancing: live }), [
    { name: 'c', policy: 'block', cluster: { strategy: 'roundRobin', prefix: '/spillway/x/c' } },
  ]);
});

test('agent: one that shall drain says so in what it registers', async (t) => {
  const registry = { type: 'etcd', endpoints: ['http://127.0.0.1:1'], prefix: '/x' } as const;
  const node = toolNode(t, { registry });
  const [planned] = (await agent.plan(node, FOUND)).files;
  const [drained] = (await agent.drained?.(node, FOUND, true)) ?? [];
  t.is(drained?.path, planned?.path);
  t.deepEqual(parse(drained?.text ?? ''), {
    ...parse(planned?.text ?? ''),
    registry: { ...registry, draining: true },
  });
});

test('agent: where the generator writes, events/ is tailed into a log in buffer/', async (t) => {
  const node = toolNode(t, { receive: null });
  const [file] = (await agent.plan(node, FOUND)).files;
  t.like(parse(file?.text ?? ''), {
    log: { dir: node.bufferDir },
    sources: [{ type: 'tail', dir: node.eventsDir, include: ['*.log'] }],
  });
});

for (const name of ['agent', 'agent-scribe']) {
  test(`${name}: accepts every configuration that is made for it`, async (t) => {
    const tool = toolNamed(name);
    const found = await tool.locate(root);
    if (!found.found) return t.fail(found.howToGet);
    for (const node of [toolNode(t, { receive: null }), toolNode(t), toolNode(t, { send: [] })]) {
      const { files, checks } = await tool.plan(node, found);
      for (const { path, text } of files) writeFileSync(path, text);
      for (const { argv } of checks)
        t.notThrows(() => execFileSync(argv[0] ?? '', argv.slice(1), { stdio: 'pipe' }));
      t.is(checks.length, 1);
    }
  });
}

test('socat: one sender a target, one receiver', async (t) => {
  const { processes } = await socat.plan(toolNode(t), FOUND);
  t.deepEqual(
    processes.map(({ name, stop }) => [name, stop]),
    [
      ['receive', 'group'],
      ['send-a', 'process'],
      ['send-b', 'process'],
    ],
  );
});
