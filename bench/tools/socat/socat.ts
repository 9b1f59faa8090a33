// socat: bytes from a file over TCP into a file, with nothing promised. It is the physical limit of the path that
// every forwarder takes, not a rival: no buffer, no resume, no acknowledgement, nothing synced.
//
// Sender: feed.ts reads events/ in the order of the names, file after file as they roll, and pipes them into one
// socat a target (so a chain that fans out reads its files once a target). Receiver: one socat appends to one file
// that never rolls.

import { join } from 'node:path';
import { BenchError } from '../../run-error.ts';
import { findProgram, programVersion } from '../program.ts';
import { renderTemplate } from '../template.ts';
import type { NodePlan, PlannedProcess, Tool, ToolNode } from '../tool.ts';

const PREFIX = 'socat';

export const socat: Tool = {
  name: 'socat',
  summary: 'a bare copy of the bytes over TCP: the physical limit, promises nothing',
  features: {
    rollsEventFiles: false,
    acknowledges: false,
    buffersOnDisk: false,
    capsBuffer: false,
    fansOut: true,
    balances: false,
    keepsOrder: true,
    durabilities: ['os'],
    acknowledgedAfter: { fsync: 'memory', os: 'memory' },
    usesRegistry: false,
    expiresEventFiles: false,
  },
  sustainsPerMinute: null,
  accounts: null,

  async locate(root) {
    const program = await findProgram(root, PREFIX, 'socat');
    const version = program && (await programVersion(program, '-V', /socat version ([\w.]+)/));
    if (program === null || version === null) {
      return {
        found: false,
        howToGet:
          'sudo apt-get install socat, or without root: scripts/fetch-deb.sh .tools/socat socat --libs libwrap0 libnsl2 libtirpc3',
      };
    }
    return { found: true, version, binary: program.binary, env: program.env };
  },

  async plan(node, found): Promise<NodePlan> {
    const processes: PlannedProcess[] = [];
    if (node.receive !== null) {
      const file = join(node.eventsDir, 'events.log');
      const args = await readArgs(node, 'receive.args', { ...node.receive, file });
      processes.push({
        name: 'receive',
        argv: [found.binary, ...args],
        env: found.env,
        ready: { kind: 'tcp', ...node.receive },
        // A child for each connection, which would wait for its sender.
        stop: 'group',
      });
    }
    for (const target of node.send) {
      const args = await readArgs(node, 'send.args', { host: target.host, port: target.port });
      processes.push({
        name: `send-${target.name}`,
        argv: [process.execPath, join(import.meta.dirname, 'feed.ts'), node.eventsDir, found.binary, ...args],
        env: found.env,
        ready: { kind: 'running' },
        stop: 'process',
      });
    }
    return { log: null, files: [], checks: [], processes };
  },
};

async function readArgs(
  node: ToolNode,
  name: string,
  values: Record<string, string | number>,
): Promise<string[]> {
  const text = await renderTemplate(join(node.root, 'configs/socat', name), values);
  const args = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (args.length === 0) throw new BenchError('usage', `configs/socat/${name}: no arguments`);
  return args;
}
