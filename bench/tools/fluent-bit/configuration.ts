// One fluent-bit.yaml for a node, and the upstream files that it names, from the templates in configs/fluent-bit.

import { join } from 'node:path';
import { renderTemplate } from '../template.ts';
import type { NodePlan, SendTarget, ToolNode } from '../tool.ts';

export type Configuration = 'defaults' | 'tuned';

const FOLDER = 'configs/fluent-bit';
const SERVICE = { defaults: 'service.yaml', tuned: 'service-tuned.yaml' } as const;
const STORAGE = { 'storage.type': 'filesystem' } as const;
/** It closes a chunk of 2,048,000 bytes after what has passed that size: one read of the tail, encoded. */
const CHUNK_BYTES_MAX = 2_500_000;
/** Mapped chunks: each costs a file descriptor and the memory it is mapped to. */
const CHUNKS_UP_MIN = 8;
const CHUNKS_UP_MAX = 512;

export async function configurationOf(configuration: Configuration, node: ToolNode): Promise<string> {
  const { address, httpPort, receive } = node;
  const outputs = node.send.map((target) => forward(configuration, node, target));
  if (receive !== null) outputs.push(file(node));
  return renderTemplate(join(node.root, FOLDER, 'base.yaml'), {
    address,
    httpPort,
    service: (await service(configuration, node)).trimEnd(),
    // JSON is YAML: what has a variable number of entries goes in as such.
    inputs: JSON.stringify([
      receive === null ? tail(configuration, node) : listen(configuration, node, receive),
    ]),
    outputs: JSON.stringify(outputs),
  });
}

function service(configuration: Configuration, node: ToolNode): Promise<string> {
  const template = join(node.root, FOLDER, SERVICE[configuration]);
  const values = { storageDir: JSON.stringify(join(node.bufferDir, 'chunks')) };
  if (configuration === 'defaults') return renderTemplate(template, values);
  return renderTemplate(template, { ...values, chunksUpMax: chunksUpMax(node), backlogBytes: node.capBytes });
}

/** An input that is held when this many chunks are mapped never meets the limit at which the oldest is deleted. */
function chunksUpMax({ capBytes }: ToolNode): number {
  return Math.min(CHUNKS_UP_MAX, Math.max(CHUNKS_UP_MIN, Math.floor(capBytes / CHUNK_BYTES_MAX)));
}

/**
 * Beyond buffer_max_size (32 KiB by default) a line ends the watch of its file; a file that appears is found after
 * refresh_interval (a minute by default, longer than most runs last; less than a second costs a tenth of a core). Not
 * threaded: what a thread has read waits for the engine in memory, while the database already has its offset.
 */
function tail(configuration: Configuration, node: ToolNode): object {
  const base = {
    ...{ name: 'tail', tag: 'events', path: `${node.eventsDir}/*.log`, read_from_head: true },
    ...{ buffer_chunk_size: '256k', buffer_max_size: '1M', refresh_interval: 1, ...STORAGE },
  };
  if (configuration === 'defaults') return base;
  const db = { db: join(node.bufferDir, 'tail.db'), 'db.locking': true, 'db.compare_filename': true };
  return {
    ...base,
    ...held(node),
    ...db,
    refresh_interval: 0.25,
    rotate_wait: 300,
    file_cache_advise: false,
  };
}

function listen(
  configuration: Configuration,
  node: ToolNode,
  { host, port }: { readonly host: string; readonly port: number },
): object {
  const base = { name: 'forward', listen: host, port, ...STORAGE };
  if (configuration === 'defaults') return base;
  return { ...base, ...held(node), buffer_max_size: '64M', buffer_chunk_size: '1M' };
}

/** Back pressure instead of the deletion of the oldest, unless that is what was asked for. */
function held({ policy }: ToolNode): object {
  return policy === 'block' ? { 'storage.pause_on_chunks_overlimit': true } : {};
}

/** Retry_Limit is 1 by default, and what failed twice is discarded although it is on disk. */
function forward(configuration: Configuration, node: ToolNode, target: SendTarget): object {
  const where =
    target.members === undefined
      ? { host: target.host, port: target.port }
      : { upstream: upstreamFile(node, target) };
  const base = { name: 'forward', match: '*', ...where, 'storage.total_limit_size': node.capBytes };
  if (configuration === 'defaults') return base;
  return {
    ...base,
    ...{ require_ack_response: true, retry_limit: 'no_limits', workers: 2 },
    // By default it waits for the acknowledgement of a peer that is gone for as long as TCP does.
    ...{ 'net.connect_timeout': 5, 'net.io_timeout': 30 },
  };
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
export function upstreams(node: ToolNode): NodePlan['files'] {
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
