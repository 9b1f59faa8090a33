// The OpenTelemetry Collector: filelog -> persistent sending queue in file_storage -> OTLP over gRPC -> file exporter.
// Built by its own builder with the parts that are needed (bench/tools/otelcol/builder.yaml). Two configurations.
//
// The receiver answers when its pipeline has taken a batch: the file exporter's buffer in memory at the end of a chain.

import { join } from 'node:path';
import { daemonTool } from '../daemon.ts';
import { renderTemplate } from '../template.ts';
import type { SendTarget, Tool, ToolNode } from '../tool.ts';

type Configuration = 'defaults' | 'tuned';

const LINE_BYTES_MAX = 131_072;

export const otelcolTools: readonly Tool[] = [
  otelcol('defaults', 'otelcol', 'OpenTelemetry Collector with a persistent queue, over OTLP'),
  otelcol(
    'tuned',
    'otelcol:tuned',
    'OpenTelemetry Collector that never gives up, in large batches, over OTLP',
  ),
];

function otelcol(configuration: Configuration, name: string, summary: string): Tool {
  return daemonTool({
    name,
    summary,
    features: {
      rollsEventFiles: false,
      acknowledges: true,
      buffersOnDisk: true,
      capsBuffer: true,
      fansOut: true,
      balances: false,
      keepsOrder: false,
      durabilities: ['fsync', 'os'],
      acknowledgedAfter: { fsync: 'memory', os: 'memory' },
      usesRegistry: false,
      expiresEventFiles: false,
    },
    sustainsPerMinute: 2e6,
    program: 'otelcol',
    version: { flag: '--version', shape: /version v?([\w.]+)/ },
    howToGet: 'scripts/fetch-otelcol.sh (Go; see docs/tools/otelcol.md)',
    fileName: 'otelcol.yaml',
    render: async (node) => ({ text: await configurationOf(configuration, node) }),
    arguments: {
      check: (file) => ['validate', '--config', file],
      run: (file) => ['--config', file],
    },
    ready: ({ receive }) => (receive === null ? { kind: 'running' } : { kind: 'tcp', ...receive }),
  });
}

function configurationOf(configuration: Configuration, node: ToolNode): Promise<string> {
  const { receive } = node;
  const exporters = node.send.map((target) => exporter(configuration, node, target));
  if (receive !== null) exporters.push(['file', fileExporter(configuration, node)]);
  // JSON is YAML: what has a variable number of entries goes in as such.
  return renderTemplate(join(node.root, 'configs/otelcol/base.yaml'), {
    storageDir: JSON.stringify(join(node.bufferDir, 'storage')),
    sync: String(node.durability === 'fsync'),
    receiver: receive === null ? 'filelog' : 'otlp',
    receivers: JSON.stringify(
      receive === null ? { filelog: filelog(configuration, node) } : { otlp: otlpReceiver(receive) },
    ),
    exporters: JSON.stringify(Object.fromEntries(exporters)),
    pipeline: JSON.stringify(exporters.map(([name]) => name)),
  });
}

/** Blanks are kept and lines may be long in either configuration; without `storage` a restart reads everything again. */
function filelog(configuration: Configuration, node: ToolNode): object {
  return {
    include: [`${node.eventsDir}/*.log`],
    start_at: 'beginning',
    include_file_name: false,
    encoding: 'utf-8-raw',
    max_log_size: LINE_BYTES_MAX,
    preserve_leading_whitespaces: true,
    preserve_trailing_whitespaces: true,
    ...(configuration === 'tuned' && { storage: 'file_storage', retry_on_failure: { enabled: true } }),
  };
}

function otlpReceiver({ host, port }: { readonly host: string; readonly port: number }): object {
  return { protocols: { grpc: { endpoint: `${host}:${port}` } } };
}

function fileExporter(configuration: Configuration, node: ToolNode): object {
  const path = join(node.eventsDir, 'events.log');
  const base = { path, append: true, encoding: 'text_encoding' };
  return configuration === 'tuned' ? { ...base, flush_interval: '100ms' } : base;
}

/** The queue on disk and its cap are the job; by default a batch is given up after five minutes. */
function exporter(
  configuration: Configuration,
  node: ToolNode,
  { name, host, port }: SendTarget,
): [string, object] {
  const queue = { enabled: true, storage: 'file_storage', sizer: 'bytes', queue_size: node.capBytes };
  const base = { endpoint: `${host}:${port}`, tls: { insecure: true } };
  if (configuration === 'defaults') return [`otlp/${name}`, { ...base, sending_queue: queue }];
  const batch = { sizer: 'bytes', flush_timeout: '200ms', min_size: 524_288, max_size: 2_097_152 };
  return [
    `otlp/${name}`,
    {
      ...base,
      // Its default, gzip, costs more than the link.
      compression: 'none',
      retry_on_failure: { enabled: true, initial_interval: '1s', max_interval: '5s', max_elapsed_time: 0 },
      sending_queue: { ...queue, block_on_overflow: true, num_consumers: 4, batch },
    },
  ];
}
