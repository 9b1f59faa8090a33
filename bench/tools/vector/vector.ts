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
      balances: false,
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
    max_read_bytes: 1_048_576,
    oldest_first: true,
    fingerprint: { strategy: 'device_and_inode' },
  };
}

function fromVector({ host, port }: { readonly host: string; readonly port: number }): object {
  return { type: 'vector', address: `${host}:${port}` };
}

function toVector(configuration: Configuration, node: ToolNode, { host, port }: SendTarget): object {
  const max_size = Math.max(BUFFER_BYTES_MIN, node.capBytes);
  const base = {
    ...{ type: 'vector', inputs: ['in'], address: `${host}:${port}` },
    buffer: { type: 'disk', max_size, when_full: node.policy === 'dropNewest' ? 'drop_newest' : 'block' },
  };
  if (configuration === 'defaults') return base;
  return {
    ...base,
    compression: false,
    batch: { max_bytes: 10_000_000, timeout_secs: 0.2 },
    request: { retry_initial_backoff_secs: 1, retry_max_duration_secs: 5 },
  };
}

/** A file a minute, by the time of the event. */
function toFile(node: ToolNode): object {
  return {
    ...{ type: 'file', inputs: ['in'], path: `${node.eventsDir}/events-%Y%m%d%H%M.log` },
    encoding: { codec: 'text' },
    framing: { method: 'newline_delimited' },
  };
}
