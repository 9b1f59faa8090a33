// What tools have in common that are one program with one configuration file: found on the PATH or in .tools, asked for
// its version, asked to check its file, started with it. Each such tool says only what is its own.

import { join } from 'node:path';
import { findProgram, programVersion } from './program.ts';
import type { NodePlan, ReadyProbe, Tool, ToolFeatures, ToolNode } from './tool.ts';

export interface Daemon {
  readonly name: string;
  readonly summary: string;
  readonly features: ToolFeatures;
  readonly sustainsPerMinute: number;
  /** The program, and its folder in .tools. */
  readonly program: string;
  readonly version: { readonly flag: string; readonly shape: RegExp };
  readonly howToGet: string;
  /** Of its configuration, in conf/. */
  readonly fileName: string;
  /** Its file, and others that the file names. */
  render(node: ToolNode): Promise<{ readonly text: string; readonly others?: NodePlan['files'] }>;
  /** Arguments; `check` only looks at the file. */
  readonly arguments: { check(file: string): string[]; run(file: string): string[] };
  ready(node: ToolNode): ReadyProbe;
}

export function daemonTool(daemon: Daemon): Tool {
  const { name, summary, features, program, version, howToGet } = daemon;
  return {
    name,
    summary,
    features,
    sustainsPerMinute: daemon.sustainsPerMinute,
    accounts: null,
    async locate(root) {
      const found = await findProgram(root, program, program);
      const said = found && (await programVersion(found, version.flag, version.shape));
      if (found === null || said === null) return { found: false, howToGet };
      return { found: true, version: said, binary: found.binary, env: found.env };
    },
    async plan(node, { binary, env }) {
      const file = join(node.confDir, daemon.fileName);
      const { text, others = [] } = await daemon.render(node);
      return {
        log: null,
        files: [{ path: file, text }, ...others],
        checks: [{ argv: [binary, ...daemon.arguments.check(file)], env }],
        processes: [
          {
            name: '',
            argv: [binary, ...daemon.arguments.run(file)],
            env,
            ready: daemon.ready(node),
            stop: 'process',
          },
        ],
      };
    },
  };
}
