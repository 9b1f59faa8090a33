import test from 'ava';
import { toolNamed } from '../../../bench/tools/registry.ts';
import type { ToolNode } from '../../../bench/tools/tool.ts';
import { CLUSTER, FOUND, toolNode } from './node.ts';

async function properties(name: string, node: ToolNode): Promise<Map<string, string>> {
  const text = (await toolNamed(name).plan(node, FOUND)).files[0]?.text ?? '';
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => line.split(' = ') as [string, string]));
}

function like(
  t: { is: (a: unknown, b: unknown, why?: string) => void },
  found: Map<string, string>,
  wanted: object,
) {
  for (const [key, value] of Object.entries(wanted)) t.is(found.get(`node.${key}`), value, key);
}

test('flume: a node that receives copies each event into a channel for its files and one for each target', async (t) => {
  const node = toolNode(t, { capBytes: 11_500, durability: 'fsync' });
  const found = await properties('flume', node);
  like(t, found, {
    channels: 'events to-a to-b',
    sinks: 'events to-a-1 to-b-1',
    'sources.in.type': 'avro',
    'sources.in.bind': '127.77.1.2',
    'sources.in.channels': 'events to-a to-b',
    'sources.in.selector.type': 'replicating',
    'sinks.events.type': 'file_roll',
    'sinks.events.sink.directory': node.eventsDir,
    'channels.to-a.type': 'file',
    'channels.to-a.capacity': '100',
    'channels.to-a.fsyncPerTransaction': 'true',
    'sinks.to-b-1.type': 'avro',
    'sinks.to-b-1.hostname': '127.77.1.102',
    'sinks.to-b-1.channel': 'to-b',
  });
  t.false(found.has('node.sinks.to-a-1.batch-size'), 'its defaults stay what they are');
});

test('flume: where the generator writes it tails, and keeps its positions in buffer/', async (t) => {
  const node = toolNode(t, { receive: null, durability: 'os' });
  like(t, await properties('flume', node), {
    channels: 'to-a to-b',
    'sources.in.type': 'TAILDIR',
    'sources.in.filegroups.events': `${node.eventsDir}/.*[.]log`,
    'sources.in.positionFile': `${node.bufferDir}/positions.json`,
    'channels.to-a.fsyncPerTransaction': 'false',
  });
});

test('flume:tuned has several sinks empty a channel side by side, in large batches', async (t) => {
  const found = await properties(
    'flume:tuned',
    toolNode(t, { receive: null, send: [CLUSTER.members?.[0] ?? CLUSTER] }),
  );
  like(t, found, {
    sinks: 'to-c1-1 to-c1-2 to-c1-3 to-c1-4',
    'sinks.to-c1-4.channel': 'to-c1',
    'sinks.to-c1-4.batch-size': '5000',
    'sources.in.batchSize': '5000',
    'channels.to-c1.transactionCapacity': '10000',
  });
  t.false(found.has('node.sinkgroups'), 'a group would run on one thread');
});

test('flume: a cluster is a load-balancing group; tuned, four of them that leave out who failed', async (t) => {
  const send = [CLUSTER];
  like(t, await properties('flume', toolNode(t, { send })), {
    sinkgroups: 'c-1',
    'sinkgroups.c-1.sinks': 'to-c1-1 to-c2-1',
    'sinkgroups.c-1.processor.type': 'load_balance',
    'sinkgroups.c-1.processor.backoff': undefined,
    'sinks.to-c2-1.channel': 'to-c',
  });
  like(t, await properties('flume:tuned', toolNode(t, { send })), {
    sinkgroups: 'c-1 c-2 c-3 c-4',
    'sinkgroups.c-4.sinks': 'to-c1-4 to-c2-4',
    'sinkgroups.c-4.processor.backoff': 'true',
  });
});
