// The registry that a configuration asks for.

import type { RegistryConfig } from '../config/schema.ts';
import { openEtcdRegistry } from './etcd.ts';
import type { Registry, RegistryLog } from './registry.ts';
import { StaticRegistry } from './static.ts';

/** Opens at once, whether or not etcd can be reached; without a registry section nobody is known. */
export async function openRegistry(config: RegistryConfig | undefined, log: RegistryLog): Promise<Registry> {
  switch (config?.type) {
    case undefined:
      return new StaticRegistry({});
    case 'static':
      return new StaticRegistry(config.instances);
    case 'etcd':
      return await openEtcdRegistry(config, log);
    default:
      return config satisfies never;
  }
}
