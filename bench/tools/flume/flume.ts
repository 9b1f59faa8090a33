// Apache Flume: TAILDIR source -> a file channel for each target -> avro sinks -> avro source -> file channel ->
// rolling files. One JVM a node, from the jars that scripts/fetch-flume.sh gets or those beside a `flume-ng` on the
// PATH. Two configurations, in configs/flume: its defaults, and tuned as its guide advises.
//
// A batch is acknowledged when it is in the receiver's channels, synced there under `durability: fsync`. From a channel
// it goes into a file that Flume never syncs.

import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram, programVersion } from '../program.ts';
import type { NodePlan, Tool, ToolLocation } from '../tool.ts';
import { type Configuration, propertiesOf } from './properties.ts';

/** What conf/flume-env.sh of its own distribution suggests; its start script gives 20 MB otherwise. */
const HEAP = ['-Xms100m', '-Xmx2000m'];
const MAIN = 'org.apache.flume.node.Application';
const LIBRARY = 'FLUME_LIB';
const JAR = /^flume-ng-node-([\d.]+)\.jar$/;

export const flumeTools: readonly Tool[] = [
  flume('defaults', 'flume', 'Apache Flume as it comes, with file channels, over Avro RPC'),
  flume(
    'tuned',
    'flume:tuned',
    'Apache Flume with large batches and several sinks in parallel, over Avro RPC',
  ),
];

function flume(configuration: Configuration, name: string, summary: string): Tool {
  return {
    name,
    summary,
    features: {
      rollsEventFiles: true,
      acknowledges: true,
      buffersOnDisk: true,
      capsBuffer: true,
      fansOut: true,
      balances: true,
      keepsOrder: false,
      durabilities: ['fsync', 'os'],
      acknowledgedAfter: { fsync: 'sync', os: 'write' },
      usesRegistry: false,
      expiresEventFiles: false,
    },
    sustainsPerMinute: configuration === 'tuned' ? 600_000 : 200_000,
    accounts: null,
    locate,

    async plan(node, found): Promise<NodePlan> {
      const file = join(node.confDir, 'flume.properties');
      const logging = `-Dlog4j2.configurationFile=${join(node.root, 'configs/flume/log4j2.properties')}`;
      const started = join(node.outDir, 'started');
      const argv = [
        found.binary,
        ...HEAP,
        logging,
        `-Dstarted=${started}`,
        '-cp',
        `${found.env[LIBRARY] ?? ''}/*`,
        MAIN,
      ];
      return {
        log: null,
        files: [{ path: file, text: await propertiesOf(configuration, node) }],
        // It has no configuration check; what it refuses is in its output.
        checks: [],
        processes: [
          {
            name: '',
            argv: [...argv, '--name', 'node', '--conf-file', file, '--no-reload-conf'],
            env: found.env,
            ready: { kind: 'file', path: started, text: 'Component type: SOURCE, name: in started' },
            stop: 'process',
          },
        ],
      };
    },
  };
}

async function locate(root: string): Promise<ToolLocation> {
  const java = await findProgram(root, 'java', 'java');
  const isThere = java !== null && (await programVersion(java, '-version', /version "([\w.]+)/)) !== null;
  if (java === null || !isThere) {
    return {
      found: false,
      howToGet: 'install a JRE (on Debian: default-jre-headless), then scripts/fetch-flume.sh',
    };
  }
  const script = await findProgram(root, 'flume', 'flume-ng');
  const beside = script === null ? [] : [join(dirname(dirname(script.binary)), 'lib')];
  for (const folder of [join(root, '.tools/flume/lib'), ...beside]) {
    const version = await versionIn(folder);
    if (version !== null) return { found: true, version, binary: java.binary, env: { [LIBRARY]: folder } };
  }
  return { found: false, howToGet: 'scripts/fetch-flume.sh (Maven; see docs/tools/flume.md)' };
}

async function versionIn(folder: string): Promise<string | null> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => JAR.exec(name)?.[1]).find((version) => version !== undefined) ?? null;
}
