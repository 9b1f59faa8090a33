// A suite: several scenarios run one after the other (configs/bench/all.yaml). A file is one when it lists
// `scenarios`; everything else in configs/bench is a scenario.

import { z } from 'zod';
import { BenchError } from './run-error.ts';
import { fileOf, loadScenario, type ScenarioFile } from './scenario-file.ts';
import { kindOf } from './scenario-kind.ts';
import { readYaml } from './scenario-yaml.ts';

const suiteSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'expected lower case letters, digits and dashes'),
  description: z.string(),
  /** Names in configs/bench, in the order they are run. */
  scenarios: z.array(z.string()).min(1),
});

export interface SuiteFile {
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly scenarios: readonly ScenarioFile[];
}

/** null: a scenario, or nothing that could be read as a suite. */
export async function loadSuite(root: string, nameOrPath: string): Promise<SuiteFile | null> {
  const file = await fileOf(root, nameOrPath);
  if ((await kindOf(file)) !== 'suite') return null;
  const { value } = await readYaml(file, suiteSchema);
  const scenarios = await Promise.all(value.scenarios.map((name) => loadScenario(root, name)));
  const twice = value.scenarios.find((name, index) => value.scenarios.indexOf(name) !== index);
  if (twice !== undefined) throw new BenchError('usage', `${file}: scenarios: '${twice}' is listed twice`);
  return { file, name: value.name, description: value.description, scenarios };
}
