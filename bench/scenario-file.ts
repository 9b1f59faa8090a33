// Finding and reading scenario files: by name in configs/bench, or by path.

import { globSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { EventContent } from './generator/spec.ts';
import { BenchError } from './run-error.ts';
import { type Scenario, scenarioSchema } from './scenario.ts';
import { kindOf } from './scenario-kind.ts';
import { readYaml } from './scenario-yaml.ts';

export const SCENARIO_FOLDER = 'configs/bench';

export interface ScenarioFile {
  readonly file: string;
  readonly text: string;
  readonly scenario: Scenario;
}

/** `throughput` is configs/bench/throughput.yaml; anything with a slash or a suffix is a path. */
export async function loadScenario(root: string, nameOrPath: string): Promise<ScenarioFile> {
  const file = await fileOf(root, nameOrPath);
  const { value, text } = await readYaml(file, scenarioSchema);
  return { file, text, scenario: value };
}

export async function listScenarios(root: string): Promise<ScenarioFile[]> {
  const names = await scenarioNames(root);
  const kinds = await Promise.all(names.map((name) => kindOf(join(root, SCENARIO_FOLDER, `${name}.yaml`))));
  const scenarios = names.filter((_, index) => kinds[index] === 'scenario');
  return Promise.all(scenarios.map((name) => loadScenario(root, name)));
}

/** What the generator is given: globs expanded to sorted paths. */
export function contentOf(root: string, scenario: Scenario): EventContent {
  const { content, format } = scenario.generator;
  if (content === 'synthetic') return { kind: 'synthetic', format };
  const files = scenario.generator.files.flatMap((pattern) => expand(root, pattern));
  return content === 'replay-raw' ? { kind: content, files } : { kind: content, files, format };
}

function expand(root: string, pattern: string): string[] {
  const found = globSync(pattern, { cwd: root }).sort();
  if (found.length > 0) return found.map((file) => resolve(root, file));
  throw new BenchError('usage', `generator.files: no file matches '${pattern}' in ${root}`);
}

/** Where `throughput`, or a path, is. */
export async function fileOf(root: string, nameOrPath: string): Promise<string> {
  if (nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath)) return resolve(nameOrPath);
  const names = await scenarioNames(root);
  if (names.includes(nameOrPath)) return join(root, SCENARIO_FOLDER, `${nameOrPath}.yaml`);
  throw new BenchError(
    'usage',
    `no scenario '${nameOrPath}' in ${SCENARIO_FOLDER}; there are ${names.join(', ') || 'none'} (or give a path)`,
  );
}

/** Of scenarios and suites. */
export async function scenarioNames(root: string): Promise<string[]> {
  const entries = await readdir(join(root, SCENARIO_FOLDER));
  return entries
    .filter((entry) => entry.endsWith('.yaml'))
    .map((entry) => basename(entry, '.yaml'))
    .sort();
}
