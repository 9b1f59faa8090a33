// Fluent Bit (4 and later): tail -> chunks on the filesystem -> forward -> file. Used where the program is found. Two
// configurations, in configs/fluent-bit.
//
// With require_ack_response a chunk is confirmed when it is a chunk of the receiver, mapped into memory and not synced.

import { daemonTool } from '../daemon.ts';
import type { Tool } from '../tool.ts';
import { type Configuration, configurationOf, upstreams } from './configuration.ts';

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
