// Loads every file in configs/ by the loader that its program uses, so that no example ever stops working.
//
// Directories that an example names need not be there. The pieces of a rival tool's configuration and templates
// are filled in and tried by the tests of the bench's tools; here each must at least be named by its tool.

import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadConfig } from '../agent/config/load.ts';
import { readChainConfig } from '../bench/chain/chain-config.ts';
import { loadComparison } from '../bench/compare/comparison-file.ts';
import { INSTANCE_TYPES, readInstanceTypes } from '../bench/remote/instance-types.ts';
import { loadScenario } from '../bench/scenario-file.ts';
import { loadSuite } from '../bench/suite-file.ts';

const root = join(import.meta.dirname, '..');

function check(file: string): unknown {
  const [, folder = '', name = ''] = file.split('/');
  const path = join(root, file);
  const isYaml = /\.ya?ml$/.test(file);
  if (isYaml && folder === 'agent') return loadConfig(path, { directories: 'unchecked' });
  if (isYaml && folder === 'bench') return loadBench(path);
  if (isYaml && folder === 'chain') return readChainConfig(path);
  if (file === INSTANCE_TYPES) return readInstanceTypes(root);
  return namedByTool(folder, name);
}

async function loadBench(path: string): Promise<unknown> {
  return (await loadSuite(root, path)) ?? (await loadComparison(root, path)) ?? loadScenario(root, path);
}

function namedByTool(folder: string, name: string): void {
  const sources = globSync(`bench/tools/${folder}/*.ts`, { cwd: root });
  const stem = basename(name).replace(/\..*$/, '');
  if (sources.some((source) => readFileSync(join(root, source), 'utf8').includes(stem))) return;
  throw new Error(
    `nothing in bench/tools/${folder}/ uses it, and scripts/check-configs.ts knows no loader for it`,
  );
}

const files = globSync('configs/**/*', { cwd: root, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  .sort();
let failed = files.length === 0 ? 1 : 0;
for (const file of files) {
  try {
    await check(file);
  } catch (error) {
    failed += 1;
    process.stderr.write(`${file}: ${error instanceof Error ? error.message : error}\n`);
  }
}
process.stdout.write(`${files.length} configuration files, ${failed} refused\n`);
process.exitCode = failed === 0 ? 0 : 1;
