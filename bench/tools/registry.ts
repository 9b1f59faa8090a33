// The tools that a chain can be run with, by the name that `--tool` takes.

import { env } from 'node:process';
import { BenchError } from '../run-error.ts';
import { discoverTools, furtherFolders, TOOLS_VARIABLE } from './discovery.ts';
import { mixedTool } from './mixed.ts';
import type { Tool } from './tool.ts';

/** What was found, or why nothing was: told to whoever asks, since nobody can catch what an import throws. */
const discovered = await discover().then(
  (tools) => ({ tools, broken: null }),
  (broken: unknown) => ({ tools: [], broken }),
);

/** @throws BenchError of code `usage` for an adapter that cannot be taken */
export function knownTools(): readonly Tool[] {
  if (discovered.broken !== null) throw discovered.broken;
  return discovered.tools;
}

/** `rsyslog`, `rsyslog:tuned`, or link by link `flume,rsyslog,agent`. */
export function toolNamed(name: string): Tool {
  if (!name.includes(',')) return singleTool(name);
  return mixedTool(name, name.split(',').map(singleTool));
}

/** Of a mixed chain: the tool of each link; of any other one the same for all. */
export function linkToolName(name: string, link: number): string {
  const names = name.split(',');
  return names[link] ?? names[0] ?? name;
}

async function discover(): Promise<readonly Tool[]> {
  return discoverTools([import.meta.dirname, ...furtherFolders(env[TOOLS_VARIABLE])]);
}

function singleTool(name: string): Tool {
  const wanted = name.endsWith(DEFAULTS) ? name.slice(0, -DEFAULTS.length) : name;
  const tool = knownTools().find((candidate) => candidate.name === wanted);
  if (tool !== undefined) return tool;
  const names = knownTools()
    .map((candidate) => candidate.name)
    .join(', ');
  throw new BenchError('usage', `no tool '${name}'; there are ${names}`);
}

const DEFAULTS = ':defaults';
