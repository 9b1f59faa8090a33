// configs/chain/*.yaml: the shape of a chain that is brought up without a scenario.

import { z } from 'zod';
import { chainSchema, logSchema } from '../scenario.ts';
import { DURATION_EXPECTED, parseDurationMs, quantity } from '../scenario-units.ts';
import { readYaml } from '../scenario-yaml.ts';

export const DEFAULT_CHAIN_CONFIG = 'configs/chain/local.yaml';

const DISK_GIB_MIN = 8;
const machineSchema = z.strictObject({
  /** As the provider calls it: c6i.large. */
  type: z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, 'expected an instance type like c6i.large'),
  diskGiB: z.int().min(DISK_GIB_MIN).max(16_384),
});
/** For `./create.sh aws`: what each node of the chain runs on. */
const machinesSchema = z.strictObject({
  /** With the generator on it, where `chain.generators` is 1. */
  generator: machineSchema.prefault({ type: 'c6i.large', diskGiB: 40 }),
  instance: machineSchema.prefault({ type: 'c6i.large', diskGiB: 40 }),
  destination: machineSchema.prefault({ type: 'c6i.large', diskGiB: 40 }),
  /** Of a cluster; left out: as the other destinations. */
  member: machineSchema.optional(),
  registry: machineSchema.prefault({ type: 't3.small', diskGiB: DISK_GIB_MIN }),
  /** The machines end themselves after this. */
  expires: quantity(parseDurationMs, DURATION_EXPECTED).default(4 * 3_600_000),
  /** An existing public subnet; left out: a VPC of the rig's own. */
  network: z
    .strictObject({
      vpc: z.string().regex(/^vpc-[0-9a-f]+$/, 'expected an id like vpc-0a1b2c'),
      subnet: z.string().regex(/^subnet-[0-9a-f]+$/, 'expected an id like subnet-0a1b2c'),
    })
    .optional(),
});

export const chainConfigSchema = z.strictObject({
  chain: chainSchema,
  durability: z.enum(['fsync', 'os']).default('fsync'),
  log: logSchema.prefault({}),
  machines: machinesSchema.prefault({}),
});
export type ChainConfig = z.infer<typeof chainConfigSchema>;

export async function readChainConfig(file: string): Promise<ChainConfig> {
  return (await readYaml(file, chainConfigSchema)).value;
}
