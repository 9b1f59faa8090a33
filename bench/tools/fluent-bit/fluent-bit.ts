// Fluent Bit (4 and later): tail -> chunks on the filesystem -> forward -> file. Used where the program is found. Two
// configurations, in configs/fluent-bit.
//
// With require_ack_response a chunk is confirmed when it is a chunk of the receiver, mapped into memory and not synced.

import { join } from 'node:path';
import { daemonTool } from '../daemon.ts';
import { renderTemplate } from '../template.ts';
import type { NodePlan, SendTarget, Tool, ToolNode } from '../tool.ts';

type Configuration = 'defaults' | 'tuned';

const FOLDER = 'configs/fluent-bit';
const SERVICE = { defaults: 'service.yaml', tuned: 'service-tuned.yaml' } as const;
const STORAGE = { 'storage.type': 'filesystem' } as const;

export const fluentBitTools: readonly Tool[] = [
  fluentBit('defaults', 'fluent-bit', 'Fluent Bit as it comes, with chunks on the filesystem, over Forward'),
  fluentBit(
    'tuned',
    'fluent-bit:tuned',
    'Fluent Bit that never gives up, with acknowledgements, over Forward',
  ),
];

function fluentBit(configuration: Configuration, name: string, summary: string): Tool {
  const isTuned = configuration === 'tuned';
  return daemonTool({
    name,
    summary,
    features: {
      rollsEventFiles: false,
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
    sustainsPerMinute: 10e6,
    program: 'fluent-bit',
    version: { flag: '--version', shape: /Fluent Bit v([\w.]+)/ },
    howToGet:
      'see docs/tools/fluent-bit.md: a package of the Fluent Bit project, or a binary in .tools/fluent-bit/bin',
    fileName: 'fluent-bit.yaml',
    render: async (node) => ({ text: await configurationOf(configuration, node), others: upstreams(node) }),
    arguments: { check: (file) => ['--dry-run', '-c', file], run: (file) => ['-c', file] },
    ready: ({ address, httpPort }) => ({ kind: 'http', url: `http://${address}:${httpPort}/` }),
  });
}

async function configurationOf(configuration: Configuration, node: ToolNode): Promise<string> {
  const { address, httpPort, receive, bufferDir } = node;
  const outputs = node.send.map((target) => forward(configuration, node, target));
  if (receive !== null) outputs.push(file(node));
  const storageDir = JSON.stringify(join(bufferDir, 'chunks'));
  return renderTemplate(join(node.root, FOLDER, 'base.yaml'), {
    address,
    httpPort,
    service: (
      await renderTemplate(join(node.root, FOLDER, SERVICE[configuration]), { storageDir })
    ).trimEnd(),
    // JSON is YAML: what has a variable number of entries goes in as such.
    inputs: JSON.stringify([receive === null ? tail(configuration, node) : listen(receive)]),
    outputs: JSON.stringify(outputs),
  });
}

/** Beyond buffer_max_size (32 KiB by default) a line ends the watch of its file. */
function tail(configuration: Configuration, node: ToolNode): object {
  const base = {
    ...{ name: 'tail', tag: 'events', path: `${node.eventsDir}/*.log`, read_from_head: true },
    ...{ buffer_chunk_size: '256k', buffer_max_size: '1M', ...STORAGE },
  };
  if (configuration === 'defaults') return base;
  const db = { db: join(node.bufferDir, 'tail.db'), 'db.locking': true, 'db.compare_filename': true };
  return { ...base, ...db, refresh_interval: 1, rotate_wait: 30, threaded: true };
}

function listen({ host, port }: { readonly host: string; readonly port: number }): object {
  return { name: 'forward', listen: host, port, buffer_max_size: '64M', buffer_chunk_size: '1M', ...STORAGE };
}

/** Retry_Limit is 1 by default, and what failed twice is discarded although it is on disk. */
function forward(configuration: Configuration, node: ToolNode, target: SendTarget): object {
  const where =
    target.members === undefined
      ? { host: target.host, port: target.port }
      : { upstream: upstreamFile(node, target) };
  const base = { name: 'forward', match: '*', ...where, 'storage.total_limit_size': node.capBytes };
  if (configuration === 'defaults') return base;
  return { ...base, require_ack_response: true, retry_limit: 'no_limits', workers: 2 };
}

/** Without the template it writes JSON. */
function file(node: ToolNode): object {
  return {
    ...{ name: 'file', match: '*', path: node.eventsDir, file: 'events.log' },
    ...{ format: 'template', template: '{log}', retry_limit: 'no_limits' },
  };
}

function upstreamFile(node: ToolNode, { name }: SendTarget): string {
  return join(node.confDir, `upstream-${name}.conf`);
}

/** The members of a cluster, by turns: files of their own, in Fluent Bit's older format. */
function upstreams(node: ToolNode): NodePlan['files'] {
  const clusters = node.send.filter(({ members }) => members !== undefined);
  return clusters.map((target) => {
    const nodes = (target.members ?? []).map(({ name, host, port }) => {
      return `[NODE]\n    name ${name}\n    host ${host}\n    port ${port}\n`;
    });
    return {
      path: upstreamFile(node, target),
      text: [`[UPSTREAM]\n    name ${target.name}\n`, ...nodes].join('\n'),
    };
  });
}
