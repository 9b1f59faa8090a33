// Tools that are one program with one configuration file. Where the program is not here a stand-in records how it is
// asked and started, and the content of its configuration is asserted.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { fluentBitTools } from '../../../bench/tools/fluent-bit/fluent-bit.ts';
import { otelcolTools } from '../../../bench/tools/otelcol/otelcol.ts';
import { toolNamed } from '../../../bench/tools/registry.ts';
import type { ToolNode } from '../../../bench/tools/tool.ts';
import { vectorTools } from '../../../bench/tools/vector/vector.ts';
import { checked } from './checked.ts';
import { CLUSTER, FOUND, toolNode } from './node.ts';

type Tree = Record<string, never>;

async function configuration(name: string, node: ToolNode): Promise<Tree> {
  return parse((await toolNamed(name).plan(node, FOUND)).files[0]?.text ?? '') as Tree;
}

/** A root in whose .tools the program is a script that writes down its arguments. */
function standIn(t: ExecutionContext, program: string, version: string): { root: string; record: string } {
  const root = mkdtempSync(join(tmpdir(), 'spillway-stand-in-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const bin = join(root, '.tools', program, 'bin');
  mkdirSync(bin, { recursive: true });
  const record = join(root, 'record');
  writeFileSync(join(bin, program), `#!/bin/sh\necho "$@" >> ${record}\necho '${version}'\n`);
  chmodSync(join(bin, program), 0o755);
  return { root, record };
}

const PROGRAMS = [
  ['fluent-bit', 'Fluent Bit v5.0.4', '5.0.4', '--dry-run -c FILE', '-c FILE'],
  ['vector', 'vector 0.56.0 (x86_64)', '0.56.0', 'validate --no-environment FILE', '--config FILE --quiet'],
  ['otelcol', 'otelcol version 0.145.0', '0.145.0', 'validate --config FILE', '--config FILE'],
] as const;
for (const [program, says, version, check, run] of PROGRAMS) {
  test(`${program}: is found in .tools, asked for its version, its check and its start`, async (t) => {
    const { root, record } = standIn(t, program, says);
    const found = await toolNamed(program).locate(root);
    if (!found.found) return t.fail(found.howToGet);
    t.is(found.version, version);
    const node = toolNode(t);
    const { checks, processes, files } = await toolNamed(program).plan(node, found);
    const commands = [...checks.map(({ argv }) => argv), ...processes.map(({ argv }) => argv)];
    for (const [command = '', ...args] of commands) execFileSync(command, args);
    const wanted = ['--version', check, run].map((line) => line.replace('FILE', files[0]?.path ?? ''));
    t.deepEqual(readFileSync(record, 'utf8').trim().split('\n'), wanted);
  });

  test(`${program}: where it is not, it says how to get it`, async (t) => {
    const found = await toolNamed(program).locate('/no/such/root');
    // It may be installed on the machine that runs the test.
    if (found.found) t.true(found.version.length > 0);
    else t.regex(found.howToGet, /docs\/tools\//);
  });
}

test('fluent-bit: its defaults retry once, and have nothing but the chunks on disk', async (t) => {
  const node = toolNode(t, { receive: null, capBytes: 7000 });
  const { service, pipeline } = await configuration('fluent-bit', node);
  t.like(service, {
    'storage.path': join(node.bufferDir, 'chunks'),
    http_listen: '127.77.1.2',
    http_port: 8100,
  });
  t.like(pipeline, {
    inputs: [
      { name: 'tail', path: `${node.eventsDir}/*.log`, read_from_head: true, 'storage.type': 'filesystem' },
    ],
    outputs: [
      { name: 'forward', host: '127.77.1.101', port: 4100, 'storage.total_limit_size': 7000 },
      { name: 'forward', host: '127.77.1.102' },
    ],
  });
  t.notRegex(JSON.stringify(pipeline), /retry_limit|require_ack_response|"db"/);
});

test('fluent-bit:tuned keeps its place, waits for acknowledgements and never gives up', async (t) => {
  const node = toolNode(t, { receive: null });
  const { pipeline } = await configuration('fluent-bit:tuned', node);
  t.like(pipeline, {
    inputs: [{ db: join(node.bufferDir, 'tail.db') }],
    outputs: [{ require_ack_response: true, retry_limit: 'no_limits' }],
  });
});

test('fluent-bit:tuned loses nothing that it has read when it is killed', async (t) => {
  const text = JSON.stringify(await configuration('fluent-bit:tuned', toolNode(t, { receive: null })));
  // A threaded input keeps what it has read in memory, with its offset already saved; a chunk that was being written
  // to has no valid checksum yet, and is left out at the next start.
  t.notRegex(text, /"threaded"|storage.checksum/);
});

test('fluent-bit:tuned holds its input before the cap would delete the oldest, unless that is asked for', async (t) => {
  for (const receive of [null, { host: '127.77.1.2', port: 4100 }]) {
    const block = toolNode(t, { receive, capBytes: 2 ** 30 });
    const { service, pipeline } = await configuration('fluent-bit:tuned', block);
    t.like(service, { 'storage.max_chunks_up': 429, 'storage.backlog.mem_limit': 2 ** 30 });
    t.like(pipeline, { inputs: [{ 'storage.pause_on_chunks_overlimit': true }] });
    const dropping = await configuration('fluent-bit:tuned', { ...block, policy: 'dropOldest' });
    t.notRegex(JSON.stringify(dropping), /pause_on_chunks/);
  }
  for (const [capBytes, chunks] of [
    [1, 8],
    [2 ** 40, 512],
  ] as const) {
    const { service } = await configuration('fluent-bit:tuned', toolNode(t, { capBytes }));
    t.like(service, { 'storage.max_chunks_up': chunks });
  }
});

test('fluent-bit: a receiver writes plain lines, and forwards; a cluster is an upstream of nodes', async (t) => {
  const node = toolNode(t, { send: [CLUSTER] });
  const { files } = await toolNamed('fluent-bit:tuned').plan(node, FOUND);
  const upstream = join(node.confDir, 'upstream-c.conf');
  t.like((parse(files[0]?.text ?? '') as Tree)['pipeline'], {
    inputs: [{ name: 'forward', listen: '127.77.1.2', port: 4100 }],
    outputs: [
      { name: 'forward', upstream },
      { name: 'file', path: node.eventsDir, file: 'events.log', format: 'template', template: '{log}' },
    ],
  });
  t.is(files[1]?.path, upstream);
  t.regex(
    files[1]?.text ?? '',
    /\[UPSTREAM\]\n {4}name c\n[\s\S]*\[NODE\]\n {4}name c2\n {4}host 127\.77\.1\.102/,
  );
});

test('vector: a disk buffer for each target, of its smallest size at least', async (t) => {
  const node = toolNode(t, { capBytes: 1000 });
  const found = await configuration('vector', node);
  t.like(found, {
    data_dir: node.bufferDir,
    acknowledgements: { enabled: false },
    sources: { in: { type: 'vector', address: '127.77.1.2:4100' } },
    sinks: {
      'to-a': {
        ...{ type: 'vector', inputs: ['in'], address: '127.77.1.101:4100' },
        buffer: { type: 'disk', max_size: 268_435_488, when_full: 'block' },
      },
      'to-b': { address: '127.77.1.102:4100' },
      events: { type: 'file', path: `${node.eventsDir}/events-%Y%m%d%H%M.log`, encoding: { codec: 'text' } },
    },
  });
});

test('vector:tuned acknowledges end to end; a policy that drops newest is that of its buffer', async (t) => {
  const node = toolNode(t, { receive: null, policy: 'dropNewest' });
  t.like(await configuration('vector:tuned', node), {
    acknowledgements: { enabled: true },
    sources: { in: { type: 'file', include: [`${node.eventsDir}/*.log`], read_from: 'beginning' } },
    sinks: {
      'to-a': {
        batch: { max_events: 20_000 },
        buffer: { max_size: 4 * 2 ** 30, when_full: 'drop_newest' },
      },
    },
  });
});

test('vector: a cluster is the endpoints of one sink, with short back-off when tuned', async (t) => {
  const endpoints = ['127.77.1.101:4100', '127.77.1.102:4100'];
  const node = toolNode(t, { send: [CLUSTER] });
  const { sinks } = await configuration('vector', node);
  t.deepEqual(Object.keys(sinks?.['to-c'] ?? {}), ['type', 'inputs', 'routing', 'buffer']);
  t.like(sinks, { 'to-c': { routing: { endpoints } } });
  t.like(await configuration('vector:tuned', node), {
    sinks: {
      'to-c': { routing: { endpoints, strategy: 'load_balance', health: { retry_max_duration_secs: 5 } } },
    },
  });
});

test('otelcol: a persistent queue for each target; tuned, it never gives up and keeps its place', async (t) => {
  const node = toolNode(t, { receive: null, capBytes: 9000 });
  const queue = { enabled: true, storage: 'file_storage', sizer: 'bytes', queue_size: 9000 };
  const defaults = await configuration('otelcol', node);
  t.like(defaults, {
    extensions: { file_storage: { directory: join(node.bufferDir, 'storage'), fsync: true } },
    exporters: { 'otlp/a': { endpoint: '127.77.1.101:4100', sending_queue: queue } },
    service: { pipelines: { logs: { receivers: ['filelog'], exporters: ['otlp/a', 'otlp/b'] } } },
  });
  t.notRegex(JSON.stringify(defaults), /retry_on_failure/);
  t.like(await configuration('otelcol:tuned', node), {
    receivers: { filelog: { storage: 'file_storage' } },
    exporters: {
      'otlp/b': {
        retry_on_failure: { max_elapsed_time: 0 },
        sending_queue: { ...queue, block_on_overflow: true },
      },
    },
  });
});

test('otelcol: a receiver writes plain lines, and forwards', async (t) => {
  const node = toolNode(t, { durability: 'os' });
  t.like(await configuration('otelcol', node), {
    extensions: { file_storage: { fsync: false } },
    receivers: { otlp: { protocols: { grpc: { endpoint: '127.77.1.2:4100' } } } },
    exporters: {
      file: { path: join(node.eventsDir, 'events.log'), encoding: 'text_encoding', append: true },
    },
    service: { pipelines: { logs: { exporters: ['otlp/a', 'otlp/b', 'file'] } } },
  });
});

for (const tool of [...otelcolTools, ...fluentBitTools, ...vectorTools]) {
  test(`${tool.name}: accepts every configuration that is made for it`, async (t) => {
    await checked(t, tool);
  });
}
