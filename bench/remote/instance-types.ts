// configs/aws/instance-types.yaml: what the machines of a cloud cost and may do, as of a date.

import { join } from 'node:path';
import { z } from 'zod';
import { readYaml } from '../scenario-yaml.ts';

export const INSTANCE_TYPES = 'configs/aws/instance-types.yaml';

const typeSchema = z.strictObject({
  usdPerHour: z.number().positive(),
  cores: z.int().positive(),
  memoryGiB: z.number().positive(),
  /** Baselines: what it may do all the time. */
  networkGbps: z.number().positive(),
  /** MB/s. */
  diskMbps: z.number().positive(),
});
export const instanceTypesSchema = z.strictObject({
  asOf: z.iso.date(),
  source: z.string(),
  diskGbMonth: z.number().positive(),
  /** USD an hour for an address that the internet sees. */
  publicAddressHour: z.number().positive(),
  types: z.record(z.string(), typeSchema),
});
export type InstanceTypes = z.infer<typeof instanceTypesSchema>;

export async function readInstanceTypes(root: string): Promise<InstanceTypes> {
  return (await readYaml(join(root, INSTANCE_TYPES), instanceTypesSchema)).value;
}
