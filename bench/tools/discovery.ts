// Finding tools: one folder is one tool. In bench/tools, and in every folder that SPILLWAY_TOOLS names, `<name>/<name>.ts`
// is an adapter, and what it exports that is a tool, or a list of tools, can be given to `--tool`. So a tool of one's own
// is compared without a change to the bench.

import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BenchError, messageOf } from '../run-error.ts';
import type { Tool } from './tool.ts';

/** Folders of further tools, separated as in PATH. */
export const TOOLS_VARIABLE = 'SPILLWAY_TOOLS';

/** In the order of the folders' names. @throws BenchError of code `usage` for an adapter without a tool, or a name twice */
export async function discoverTools(folders: readonly string[]): Promise<readonly Tool[]> {
  const found: Tool[] = [];
  for (const file of folders.flatMap(adaptersIn)) {
    for (const tool of await toolsOf(file)) {
      if (found.some(({ name }) => name === tool.name))
        throw new BenchError('usage', `${file}: there is a tool ${tool.name} already; give it another name`);
      found.push(tool);
    }
  }
  return found;
}

export function furtherFolders(value: string | undefined): readonly string[] {
  const folders = (value ?? '').split(delimiter).filter((folder) => folder !== '');
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) throw new BenchError('usage', `${TOOLS_VARIABLE}: no folder ${missing}`);
  return folders.map((folder) => resolve(folder));
}

function adaptersIn(folder: string): string[] {
  const names = readdirSync(folder).sort();
  return names.map((name) => join(folder, name, `${name}.ts`)).filter((file) => existsSync(file));
}

async function toolsOf(file: string): Promise<readonly Tool[]> {
  const module: unknown = await import(pathToFileURL(file).href).catch((cause: unknown) => {
    throw new BenchError('usage', `${file}: cannot be loaded: ${messageOf(cause)}`, { cause });
  });
  const exported: unknown[] = Object.values(module as object);
  const tools = exported.flat().filter(isTool);
  if (tools.length > 0) return tools;
  throw new BenchError('usage', `${file}: exports no tool; the contract is in bench/tools/tool.ts`);
}

function isTool(value: unknown): value is Tool {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'name' in value &&
    typeof value.name === 'string' &&
    'locate' in value &&
    typeof value.locate === 'function' &&
    'plan' in value &&
    typeof value.plan === 'function' &&
    'features' in value
  );
}
