// Scribe, where a real `scribed` is found: feed.ts reads the event files, as an application's client would, and logs them
// to the node's own scribed; that one buffers for each target in files and sends to the next, which writes files.
//
// OK means: in a queue in memory. Nothing is ever synced, and nothing limits the buffer on disk.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from '../../run-error.ts';
import { findProgram } from '../program.ts';
import { renderTemplate } from '../template.ts';
import type { NodePlan, PlannedProcess, SendTarget, Tool, ToolLocation, ToolNode } from '../tool.ts';

type Configuration = 'defaults' | 'tuned';

const FOLDER = 'configs/scribe';
const INNER_HOST = '127.0.0.1';
const INNER_PORT_MIN = 12_000;
const INNER_PORTS = 20_000;
const ASK_MS = 5000;

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
    sustainsPerMinute: 500_000,
    accounts: null,
    locate,

    async plan(node, { binary, env }): Promise<NodePlan> {
      const file = join(node.confDir, 'scribe.conf');
      const port = innerPort(node.address);
      const daemon: PlannedProcess = {
        ...{ name: 'scribed', argv: [binary, '-c', file], env, stop: 'process' },
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

/** It has no version to tell: one that starts at all is it. */
async function locate(root: string): Promise<ToolLocation> {
  const program = await findProgram(root, 'scribe', 'scribed');
  const howToGet =
    'see docs/tools/scribe.md: build facebookarchive/scribe, and put scribed on the PATH or into .tools/scribe/bin';
  if (program === null) return { found: false, howToGet };
  const env = { ...process.env, ...program.env };
  const runs = await promisify(execFile)(program.binary, ['-h'], { env, timeout: ASK_MS }).then(
    () => true,
    // It ran, and says by its status that it was only asked.
    (error: unknown) => !hasCode(error, 'ENOENT') && !hasCode(error, 'EACCES') && statusOf(error) !== 127,
  );
  if (!runs) return { found: false, howToGet };
  return { found: true, version: 'of unknown version', binary: program.binary, env: program.env };
}

/** 127: its libraries are missing. */
function statusOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}

async function configurationOf(configuration: Configuration, node: ToolNode, port: number): Promise<string> {
  const folder = join(node.root, FOLDER);
  const parts = [await renderTemplate(join(folder, 'base.conf'), { port })];
  const isTuned = configuration === 'tuned';
  if (isTuned) parts.push(await renderTemplate(join(folder, 'base-tuned.conf'), {}));
  const settings = isTuned ? (await renderTemplate(join(folder, 'buffer-tuned.conf'), {})).trimEnd() : '';
  const offset = node.receive === null ? 0 : 1;
  const stores = await Promise.all(
    node.send.map((target, index) => bufferStore(node, target, index + offset, settings)),
  );
  if (node.receive !== null) stores.unshift(await fileStore(node));
  parts.push(await renderTemplate(join(folder, 'store.conf'), { stores: stores.join('').trimEnd() }));
  return parts.join('\n');
}

function bufferStore(
  node: ToolNode,
  { name, host, port }: SendTarget,
  index: number,
  settings: string,
): Promise<string> {
  const values = { index, settings, host, port, target: name, bufferDir: node.bufferDir };
  return renderTemplate(join(node.root, FOLDER, 'buffer.conf'), values);
}

function fileStore({ root, eventsDir, segmentBytes }: ToolNode): Promise<string> {
  return renderTemplate(join(root, FOLDER, 'file.conf'), { index: 0, eventsDir, segmentBytes });
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

/** Nodes of one machine differ in the last two numbers of their address. */
function innerPort(address: string): number {
  const [high = 0, low = 0] = address.split('.').slice(-2).map(Number);
  return INNER_PORT_MIN + ((high * 256 + low) % INNER_PORTS);
}
