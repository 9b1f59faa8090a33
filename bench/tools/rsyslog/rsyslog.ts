// rsyslog: imfile -> disk-assisted queue -> omfwd over TCP -> imptcp -> omfile. One rsyslogd a node, from a private
// prefix or the system's, with nothing of it outside the node's folder. The configuration is in configs/rsyslog.
//
// Plain TCP has no acknowledgement: what a broken connection had taken is lost, and the verifier will say so.

import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../run-error.ts';
import { findProgram, programVersion } from '../program.ts';
import { renderTemplate } from '../template.ts';
import type { FoundTool, NodePlan, Tool, ToolNode } from '../tool.ts';

const CONFIG_FOLDER = 'configs/rsyslog';
const FIRST_FILE = 'events-000001.log';
const MODULES = 'LD_LIBRARY_PATH';

export const rsyslog: Tool = {
  name: 'rsyslog',
  summary: 'rsyslogd with disk-assisted queues over plain TCP',
  features: {
    rollsEventFiles: true,
    acknowledges: false,
    buffersOnDisk: true,
    capsBuffer: true,
    fansOut: true,
    balances: true,
    keepsOrder: false,
    durabilities: ['fsync', 'os'],
    acknowledgedAfter: { fsync: 'memory', os: 'memory' },
    usesRegistry: false,
    expiresEventFiles: false,
  },
  accounts: null,

  async locate(root) {
    const program = await findProgram(root, 'rsyslog', 'rsyslogd');
    const version = program && (await programVersion(program, '-v', /rsyslogd\s+([\w.]+)/));
    if (program === null || version === null) {
      return {
        found: false,
        howToGet:
          'scripts/fetch-deb.sh .tools/rsyslog rsyslog --libs libestr0 libfastjson4 liblognorm5 (no root; the package itself conflicts with other loggers)',
      };
    }
    return { found: true, version, binary: program.binary, env: program.env };
  },

  async plan(node, found): Promise<NodePlan> {
    const file = join(node.confDir, 'rsyslog.conf');
    const argv = [found.binary, '-f', file, ...moduleArguments(found)];
    return {
      log: null,
      files: [{ path: file, text: await configuration(node) }],
      checks: [{ argv: [...argv, '-N1'], env: found.env }],
      processes: [
        {
          name: '',
          argv: [...argv, '-n', '-i', join(node.bufferDir, 'rsyslogd.pid')],
          env: found.env,
          ready: node.receive === null ? { kind: 'running' } : { kind: 'tcp', ...node.receive },
          stop: 'process',
        },
      ],
    };
  },
};

async function configuration(node: ToolNode): Promise<string> {
  const folder = join(node.root, CONFIG_FOLDER);
  const sync = node.durability === 'fsync' ? 'on' : 'off';
  const forwards = await Promise.all(
    node.send.map(({ name, host, port }) => {
      const { bufferDir, capBytes } = node;
      return renderTemplate(join(folder, 'forward.conf'), {
        target: name,
        host,
        port,
        bufferDir,
        capBytes,
        sync,
      });
    }),
  );
  const base = await renderTemplate(join(folder, 'base.conf'), { workDir: node.bufferDir });
  const forward = forwards.join('\n');
  if (node.receive === null) {
    const { eventsDir } = node;
    return `${base}\n${await renderTemplate(join(folder, 'tail.conf'), { eventsDir, forward })}`;
  }
  const received = await renderTemplate(join(folder, 'receive.conf'), {
    ...node.receive,
    link: await currentFileLink(node),
    rollCommand: join(folder, 'roll.sh'),
    segmentBytes: node.segmentBytes,
    sync,
    forward,
  });
  return `${base}\n${received}`;
}

/** rsyslogd writes to a link, so that rolling never renames a file that somebody follows. */
async function currentFileLink(node: ToolNode): Promise<string> {
  const link = join(node.bufferDir, 'current.log');
  try {
    await symlink(join(node.eventsDir, FIRST_FILE), link);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  return link;
}

/** Unpacked into a prefix, its modules lie beside its libraries: the same folders, one level down. */
function moduleArguments(found: FoundTool): string[] {
  const libraries = found.env[MODULES];
  if (libraries === undefined) return [];
  const folders = libraries.split(':').map((folder) => join(folder, 'rsyslog'));
  return ['-M', folders.join(':')];
}
