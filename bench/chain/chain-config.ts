// configs/chain/*.yaml: the shape of a chain that is brought up without a scenario.

import { z } from 'zod';
import { chainSchema, logSchema } from '../scenario.ts';
import { readYaml } from '../scenario-yaml.ts';

export const DEFAULT_CHAIN_CONFIG = 'configs/chain/local.yaml';

export const chainConfigSchema = z.strictObject({
  chain: chainSchema,
  durability: z.enum(['fsync', 'os']).default('fsync'),
  log: logSchema.prefault({}),
});
export type ChainConfig = z.infer<typeof chainConfigSchema>;

export async function readChainConfig(file: string): Promise<ChainConfig> {
  return (await readYaml(file, chainConfigSchema)).value;
}
