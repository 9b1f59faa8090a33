// What a file in configs/bench is: told by the one key that only its kind has.

import { z } from 'zod';
import { readYaml } from './scenario-yaml.ts';

export type ScenarioKind = 'scenario' | 'suite' | 'comparison';

export async function kindOf(file: string): Promise<ScenarioKind> {
  const { value } = await readYaml(file, z.looseObject({}));
  if ('columns' in value) return 'comparison';
  return 'scenarios' in value ? 'suite' : 'scenario';
}
