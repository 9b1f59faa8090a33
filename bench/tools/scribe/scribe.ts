// Scribe, where a real `scribed` is found: feed.ts reads the event files, as an application's client would, and logs them
// to the node's own scribed; that one buffers for each target in files and sends to the next, which writes files.
//
// OK means: in a queue in memory. Nothing is ever synced, and nothing limits the buffer on disk. scribed is ended by a
// call, which empties the queues, and not by SIGTERM, which it does not handle.

import { join } from 'node:path';
import { findProgram } from '../program.ts';
import { renderTemplate } from '../template.ts';
import type { NodePlan, PlannedProcess, SendTarget, Tool, ToolLocation, ToolNode } from '../tool.ts';
import { versionOf } from './version.ts';

type Configuration = 'defaults' | 'tuned';

const FOLDER = 'configs/scribe';
const INNER_HOST = '127.0.0.1';
const INNER_PORT_MIN = 12_000;
const INNER_PORTS = 10_000;

export const scribeTools: readonly Tool[] = [
  scribe('defaults', 'scribe', 'Facebook Scribe as it comes, with a buffer store, over its own protocol'),
  scribe(
    'tuned',
    'scribe:tuned',
    'Facebook Scribe with quick retries and large writes, over its own protocol',
  ),
];

function scribe(configuration: Configuration, name: string, summary: string): Tool {
  return {
    name,
    summary,
    features: {
      rollsEventFiles: true,
      acknowledges: true,
      buffersOnDisk: true,
      capsBuffer: false,
      fansOut: true,
      balances: false,
      keepsOrder: false,
      durabilities: ['os'],
      acknowledgedAfter: { fsync: 'memory', os: 'memory' },
      usesRegistry: false,
      expiresEventFiles: false,
    },
    sustainsPerMinute: 2e6,
    accounts: null,
    locate,

    async plan(node, { binary, env }): Promise<NodePlan> {
      const file = join(node.confDir, 'scribe.conf');
      const port = innerPort(node);
      const run = join(node.root, FOLDER, 'run.sh');
      const stop = [process.execPath, join(import.meta.dirname, 'stop.ts'), INNER_HOST, String(port)];
      const daemon: PlannedProcess = {
        ...{ name: 'scribed', argv: [run, binary, file, ...stop], env, stop: 'process' },
        ready: { kind: 'tcp', host: INNER_HOST, port },
      };
      const companion = node.receive === null ? feeder(node, port) : relay(node.receive, port);
      return {
        log: null,
        files: [{ path: file, text: await configurationOf(configuration, node, port) }],
        // It has no check of its own; what it refuses is in its output.
        checks: [],
        processes: [daemon, companion],
      };
    },
  };
}

async function locate(root: string): Promise<ToolLocation> {
  const program = await findProgram(root, 'scribe', 'scribed');
  const version = program && (await versionOf(program));
  if (program === null || version === null) {
    const howToGet =
      'see docs/tools/scribe.md: build facebookarchive/scribe, and put scribed on the PATH or into .tools/scribe/bin';
    return { found: false, howToGet };
  }
  return { found: true, version, binary: program.binary, env: program.env };
}

async function configurationOf(configuration: Configuration, node: ToolNode, port: number): Promise<string> {
  const folder = join(node.root, FOLDER);
  const isTuned = configuration === 'tuned';
  const tuned = async (name: string) => (isTuned ? renderTemplate(join(folder, name), {}) : '');
  const queue = await tuned('queue-tuned.conf');
  const values = {
    settings: (queue + (await tuned('buffer-tuned.conf'))).trimEnd(),
    secondary: (await tuned('secondary-tuned.conf')).trimEnd(),
  };
  const parts = [
    await renderTemplate(join(folder, 'base.conf'), { port }),
    await tuned('base-tuned.conf'),
    ...(node.receive === null ? [] : [await fileStore(node, queue.trimEnd())]),
    ...(await Promise.all(node.send.map((target) => bufferStore(node, target, values)))),
  ];
  return parts.join('\n');
}

function bufferStore(
  { root, bufferDir }: ToolNode,
  { name, host, port }: SendTarget,
  values: { readonly settings: string; readonly secondary: string },
): Promise<string> {
  const place = { host, port, target: name, bufferDir };
  return renderTemplate(join(root, FOLDER, 'buffer.conf'), { ...values, ...place });
}

function fileStore({ root, eventsDir, segmentBytes }: ToolNode, settings: string): Promise<string> {
  return renderTemplate(join(root, FOLDER, 'file.conf'), { settings, eventsDir, segmentBytes });
}

function feeder(node: ToolNode, port: number): PlannedProcess {
  const feed = join(import.meta.dirname, 'feed.ts');
  const position = join(node.bufferDir, 'position.json');
  const argv = [process.execPath, feed, node.eventsDir, position, INNER_HOST, String(port)];
  return { name: 'feed', argv, env: {}, ready: { kind: 'running' }, stop: 'process' };
}

function relay(
  { host, port }: { readonly host: string; readonly port: number },
  inner: number,
): PlannedProcess {
  const program = join(import.meta.dirname, 'relay.ts');
  const argv = [process.execPath, program, host, String(port), INNER_HOST, String(inner)];
  return { name: 'relay', argv, env: {}, ready: { kind: 'tcp', host, port }, stop: 'process' };
}

/** Nodes of one machine differ in the last two numbers of their address; one of a mixed chain may have two. */
function innerPort({ address, receive }: ToolNode): number {
  const [high = 0, low = 0] = address.split('.').slice(-2).map(Number);
  return INNER_PORT_MIN + 2 * ((high * 256 + low) % INNER_PORTS) + (receive === null ? 1 : 0);
}
