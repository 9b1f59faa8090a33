// rsyslog: imfile -> disk-assisted queue -> omfwd or omrelp -> imptcp or imrelp -> omfile. One rsyslogd a node, from a
// private prefix or the system's, with nothing of it outside the node's folder. Three configurations, in configs/rsyslog:
// its defaults, tuned as its documentation advises, and the tuned one over RELP.
//
// Plain TCP has no acknowledgement: what a broken connection had taken is lost. RELP confirms what is in the receiver's
// queue in memory. The verifier says what either comes to.

import { findProgram, programVersion } from '../program.ts';
import type { NodePlan, Tool, ToolFeatures } from '../tool.ts';
import { abilitiesOf, moduleArguments } from './abilities.ts';
import { type Configuration, configurationOf, configurationPath } from './configuration.ts';

const FEATURES: ToolFeatures = {
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
};
const PACKAGES = 'rsyslog rsyslog-relp --libs libestr0 libfastjson4 liblognorm5 librelp0';
const HOW_TO_GET = `scripts/fetch-deb.sh .tools/rsyslog ${PACKAGES} (no root; see docs/tools/rsyslog.md)`;

export const rsyslogTools: readonly Tool[] = [
  rsyslog(
    'defaults',
    'rsyslog',
    'rsyslogd as it comes, with a disk-assisted queue, over plain TCP',
    FEATURES,
  ),
  rsyslog(
    'tuned',
    'rsyslog:tuned',
    'rsyslogd tuned for not losing data and for speed, over plain TCP',
    FEATURES,
  ),
  rsyslog('relp', 'rsyslog:relp', 'rsyslogd tuned, over RELP, which acknowledges', {
    ...FEATURES,
    acknowledges: true,
  }),
];

function rsyslog(configuration: Configuration, name: string, summary: string, features: ToolFeatures): Tool {
  return {
    name,
    summary,
    features,
    sustainsPerMinute: configuration === 'relp' ? 2e6 : 4e6,
    accounts: null,

    async locate(root) {
      const program = await findProgram(root, 'rsyslog', 'rsyslogd');
      const version = program && (await programVersion(program, '-v', /rsyslogd\s+([\w.]+)/));
      if (program === null || version === null) return { found: false, howToGet: HOW_TO_GET };
      const abilities = await abilitiesOf(program);
      if (configuration === 'relp' && !abilities.includes('relp')) {
        const missing = program.prefix === null ? 'install the package rsyslog-relp' : HOW_TO_GET;
        return { found: false, howToGet: `${program.binary} lacks omrelp and imrelp: ${missing}` };
      }
      return { found: true, version, binary: program.binary, env: program.env, abilities };
    },

    async plan(node, found): Promise<NodePlan> {
      const file = configurationPath(node);
      const argv = [found.binary, '-f', file, ...moduleArguments(found.env)];
      return {
        log: null,
        files: [{ path: file, text: await configurationOf(configuration, node, found) }],
        checks: [{ argv: [...argv, '-N1'], env: found.env }],
        processes: [
          {
            name: '',
            argv: [...argv, '-n', '-i', `${node.bufferDir}/rsyslogd.pid`],
            env: found.env,
            ready: node.receive === null ? { kind: 'running' } : { kind: 'tcp', ...node.receive },
            stop: 'process',
          },
        ],
      };
    },
  };
}
