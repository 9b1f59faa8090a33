// syslog-ng: wildcard-file -> disk buffer -> network over TCP -> file. One process a node, from a private prefix or the
// system's, with nothing of it outside the node's folder. Two configurations, in configs/syslog-ng.
//
// TCP without acknowledgement: what is in a socket's buffer counts as delivered. The disk buffer is never synced.

import { dirname, join } from 'node:path';
import { findProgram, type Program, programVersion } from '../program.ts';
import { renderTemplate } from '../template.ts';
import type { FoundTool, NodePlan, SendTarget, Tool, ToolNode } from '../tool.ts';
import { abilitiesOf } from './abilities.ts';

type Configuration = 'defaults' | 'tuned';

const FOLDER = 'configs/syslog-ng';
const PIECES = {
  defaults: { base: 'base.conf', tail: 'tail.conf', receive: 'receive.conf', forward: 'forward.conf' },
  tuned: {
    ...{ base: 'base-tuned.conf', tail: 'tail-tuned.conf' },
    ...{ receive: 'receive-tuned.conf', forward: 'forward-tuned.conf' },
  },
} as const;
/** It rolls by time only: the file's name holds the number of the interval. */
const ROLL_SECONDS = 10;
const PACKAGES = 'syslog-ng-core --libs libivykis0 libpcre3 libnet1 libwrap0 libnsl2 libtirpc3';

export const syslogNgTools: readonly Tool[] = [
  syslogNg('defaults', 'syslog-ng', 'syslog-ng as it comes, with a disk buffer, over plain TCP'),
  syslogNg(
    'tuned',
    'syslog-ng:tuned',
    'syslog-ng with a reliable disk buffer and flow control, over plain TCP',
  ),
];

function syslogNg(configuration: Configuration, name: string, summary: string): Tool {
  return {
    name,
    summary,
    features: {
      rollsEventFiles: true,
      acknowledges: false,
      buffersOnDisk: true,
      capsBuffer: true,
      fansOut: true,
      balances: true,
      keepsOrder: false,
      durabilities: ['os'],
      acknowledgedAfter: { fsync: 'memory', os: 'memory' },
      usesRegistry: false,
      expiresEventFiles: false,
    },
    sustainsPerMinute: 2e6,
    accounts: null,

    async locate(root) {
      const program = await findProgram(root, 'syslog-ng', 'syslog-ng');
      const version = program && (await programVersion(program, '--version', /Installer-Version: ([\w.]+)/));
      if (program === null || version === null) {
        return {
          found: false,
          howToGet: `scripts/fetch-deb.sh .tools/syslog-ng ${PACKAGES} (no root; see docs/tools/syslog-ng.md)`,
        };
      }
      const abilities = await abilitiesOf(program, moduleArguments(program, version), branchOf(version));
      return { found: true, version, binary: program.binary, env: program.env, abilities };
    },

    async plan(node, found): Promise<NodePlan> {
      const file = join(node.confDir, 'syslog-ng.conf');
      const own = (what: string) => join(node.bufferDir, `syslog-ng.${what}`);
      const argv = [found.binary, '-f', file, '--no-caps', ...moduleArguments(found, found.version)];
      const places = ['--persist-file', own('persist'), '--control', own('ctl'), '--pidfile', own('pid')];
      return {
        log: null,
        files: [{ path: file, text: await configurationOf(configuration, node, found) }],
        checks: [{ argv: [...argv, '-s'], env: found.env }],
        processes: [
          {
            name: '',
            argv: [...argv, '-F', ...places],
            env: found.env,
            ready: node.receive === null ? { kind: 'running' } : { kind: 'tcp', ...node.receive },
            stop: 'process',
          },
        ],
      };
    },
  };
}

async function configurationOf(
  configuration: Configuration,
  node: ToolNode,
  found: FoundTool,
): Promise<string> {
  const folder = join(node.root, FOLDER);
  const pieces = PIECES[configuration];
  const { eventsDir, receive } = node;
  const incoming =
    receive === null
      ? await renderTemplate(join(folder, pieces.tail), { eventsDir })
      : await renderTemplate(join(folder, pieces.receive), {
          ...receive,
          eventsDir,
          rollSeconds: ROLL_SECONDS,
        });
  const forwards = await Promise.all(
    node.send.map((target) => {
      const tuned =
        configuration === 'tuned' ? { memory: memoryOption(found), cache: cacheOption(found) } : {};
      return renderTemplate(join(folder, pieces.forward), {
        ...forwardValues(node, target, found),
        ...tuned,
      });
    }),
  );
  const names = [...(receive === null ? [] : ['events']), ...node.send.map(({ name }) => `to-${name}`)];
  return [
    await renderTemplate(join(folder, pieces.base), { version: branchOf(found.version) }),
    incoming,
    ...forwards,
    await renderTemplate(join(folder, 'path.conf'), {
      destinations: names.map((name) => `destination(${name});`).join(' '),
      flags: configuration === 'tuned' ? 'flags(flow-control);' : '',
    }),
  ].join('\n');
}

function forwardValues(node: ToolNode, target: SendTarget, found: FoundTool) {
  const [first = target, ...others] = target.members ?? [target];
  const servers = others.map(({ host }) => `"${host}"`).join(', ');
  const failback = 'failback(successful-probes-required(3) tcp-probe-interval(5))';
  return {
    ...{ target: target.name, host: first.host, port: first.port },
    failover: others.length === 0 ? '' : `failover(servers(${servers}) ${failback})`,
    capacity: capacityOption(found),
    capBytes: node.capBytes,
    bufferDir: node.bufferDir,
  };
}

/** Renamed in 4.2; the old names are refused later on. */
function capacityOption({ abilities = [] }: FoundTool): string {
  return abilities.includes('capacity-bytes') ? 'capacity-bytes' : 'disk-buf-size';
}
function memoryOption({ abilities = [] }: FoundTool): string {
  return abilities.includes('capacity-bytes') ? 'flow-control-window-bytes' : 'mem-buf-size';
}
function cacheOption({ abilities = [] }: FoundTool): string {
  return abilities.includes('capacity-bytes') ? 'front-cache-size' : 'qout-size';
}

/** Unpacked into a prefix, its modules are not where they were built to be. */
function moduleArguments({ binary, env }: Pick<Program, 'binary' | 'env'>, version: string): string[] {
  if (env['LD_LIBRARY_PATH'] === undefined) return [];
  return ['--module-path', join(dirname(dirname(binary)), 'lib/syslog-ng', branchOf(version))];
}

/** What a configuration names as its version, and a package its folder of modules. */
function branchOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
