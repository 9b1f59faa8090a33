// Vector: file -> disk buffer -> Vector's own protocol over gRPC -> file. Used where the program is found. Two
// configurations, in configs/vector.
//
// With acknowledgements on, a batch is confirmed when it is in the receiver's disk buffers, which are synced every 500
// ms; at the end of a chain when it is written to the file.

import { join } from 'node:path';
import { daemonTool } from '../daemon.ts';
import { renderTemplate } from '../template.ts';
import type { SendTarget, Tool, ToolNode } from '../tool.ts';

type Configuration = 'defaults' | 'tuned';

/** Vector refuses a smaller disk buffer. */
const BUFFER_BYTES_MIN = 268_435_488;
const LINE_BYTES_MAX = 131_072;
const BACK_OFF = { retry_initial_backoff_secs: 1, retry_max_duration_secs: 5 } as const;

export const vectorTools: readonly Tool[] = [
  vector('defaults', 'vector', 'Vector as it comes, with a disk buffer, over its own protocol'),
  vector('tuned', 'vector:tuned', 'Vector with acknowledgements and large batches, over its own protocol'),
];

function vector(configuration: Configuration, name: string, summary: string): Tool {
  const isTuned = configuration === 'tuned';
  return daemonTool({
    name,
    summary,
    features: {
      rollsEventFiles: true,
      acknowledges: isTuned,
      buffersOnDisk: true,
      capsBuffer: true,
      fansOut: true,
      balances: true,
      keepsOrder: false,
      durabilities: ['os'],
      acknowledgedAfter: { fsync: isTuned ? 'write' : 'memory', os: isTuned ? 'write' : 'memory' },
      usesRegistry: false,
      expiresEventFiles: false,
    },
    sustainsPerMinute: 4e6,
    program: 'vector',
    version: { flag: '--version', shape: /vector (\d[\w.]*)/ },
    howToGet:
      'see docs/tools/vector.md: a package of the Vector project, or the released binary in .tools/vector/bin',
    fileName: 'vector.yaml',
    render: async (node) => ({ text: await configurationOf(configuration, node) }),
    arguments: {
      check: (file) => ['validate', '--no-environment', file],
      run: (file) => ['--config', file, '--quiet'],
    },
    ready: ({ address, httpPort }) => ({ kind: 'http', url: `http://${address}:${httpPort}/health` }),
  });
}

function configurationOf(configuration: Configuration, node: ToolNode): Promise<string> {
  const { address, httpPort, receive, bufferDir } = node;
  const sinks: (readonly [string, object])[] = node.send.map((target) => {
    return [`to-${target.name}`, toVector(configuration, node, target)];
  });
  if (receive !== null) sinks.push(['events', toFile(node)]);
  // JSON is YAML: what has a variable number of entries goes in as such.
  return renderTemplate(join(node.root, 'configs/vector/base.yaml'), {
    dataDir: JSON.stringify(bufferDir),
    api: `${address}:${httpPort}`,
    acknowledgements: String(configuration === 'tuned'),
    source: JSON.stringify(receive === null ? fromFiles(configuration, node) : fromVector(receive)),
    sinks: JSON.stringify(Object.fromEntries(sinks)),
  });
}

function fromFiles(configuration: Configuration, node: ToolNode): object {
  const base = {
    ...{ type: 'file', include: [`${node.eventsDir}/*.log`], read_from: 'beginning' },
    max_line_bytes: LINE_BYTES_MAX,
  };
  if (configuration === 'defaults') return base;
  return {
    ...base,
    // Files are drained one after the other, whatever max_read_bytes says; a new one is looked for more often.
    ...{ oldest_first: true, glob_minimum_cooldown_ms: 250 },
    fingerprint: { strategy: 'device_and_inode' },
    // What it adds to each event costs on the way and is not written at the end.
    ...{ file_key: '', host_key: '' },
  };
}

function fromVector({ host, port }: { readonly host: string; readonly port: number }): object {
  return { type: 'vector', address: `${host}:${port}` };
}

function toVector(configuration: Configuration, node: ToolNode, target: SendTarget): object {
  const max_size = Math.max(BUFFER_BYTES_MIN, node.capBytes);
  const base = {
    ...{ type: 'vector', inputs: ['in'], ...whereTo(configuration, target) },
    buffer: { type: 'disk', max_size, when_full: node.policy === 'dropNewest' ? 'drop_newest' : 'block' },
  };
  if (configuration === 'defaults') return base;
  return {
    ...base,
    // Of its limits the one of events comes first by far: 1000 by default.
    batch: { max_events: 20_000, max_bytes: 10_000_000, timeout_secs: 0.2 },
    request: BACK_OFF,
  };
}

/** `routing`, which shares among several, is known since 0.57; `address` is older, and still read. */
function whereTo(configuration: Configuration, { host, port, members }: SendTarget): object {
  if (members === undefined) return { address: `${host}:${port}` };
  const endpoints = members.map((member) => `${member.host}:${member.port}`);
  if (configuration === 'defaults') return { routing: { endpoints } };
  // By default it stays away from a member that failed for up to an hour.
  return { routing: { endpoints, strategy: 'load_balance', health: BACK_OFF } };
}

/** A file a minute, by the time of the event. */
function toFile(node: ToolNode): object {
  return {
    ...{ type: 'file', inputs: ['in'], path: `${node.eventsDir}/events-%Y%m%d%H%M.log` },
    encoding: { codec: 'text' },
    framing: { method: 'newline_delimited' },
  };
}
