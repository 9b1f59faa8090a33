// The machines of a chain, as a user lists them or as the provisioning step writes them down: one machine for each
// node of the chain and, where the tool uses a registry, one for etcd (else etcd runs beside the first instance).
//
//   durability: fsync                  # all but `hosts` as in configs/chain/*.yaml
//   hosts:
//     - { id: instance1, address: 198.51.100.7, user: ec2-user, key: ~/.ssh/id_ed25519, inside: 10.0.0.11 }
//     - { id: a, address: 198.51.100.8, user: ec2-user }
//     - { id: etcd, address: 198.51.100.9, user: ec2-user, role: registry }

import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ETCD } from '../chain/registry.ts';
import { BenchError } from '../run-error.ts';
import { type ChainShape, chainSchema, logSchema, nodeNames } from '../scenario.ts';
import { readYaml } from '../scenario-yaml.ts';

const SSH_PORT = 22;
const HOSTS_MAX = 64;
const NAME = /^[a-z][a-z0-9-]*$/;
/** Goes into ssh_config and onto command lines: a name or an address and nothing else. */
const ADDRESS = /^[A-Za-z0-9][A-Za-z0-9.:_-]*$/;
const USER = /^[a-z_][a-z0-9_.-]*$/i;

const hostSchema = z.strictObject({
  /** The node of the chain that this machine is: instance1, instance2, ..., a, b, ...; or `etcd`. */
  id: z.string().regex(NAME, 'expected lower case letters, digits and dashes'),
  address: z.string().regex(ADDRESS, 'expected a host name or an address'),
  user: z.string().regex(USER, 'expected a user name').default('root'),
  port: z.int().min(1).max(65_535).default(SSH_PORT),
  /** Private key; without it ssh tries what it has. */
  key: z.string().min(1).optional(),
  role: z.enum(['instance', 'destination', 'registry']).optional(),
  /** Its address for the other machines of the chain, where that is another one. */
  inside: z.string().regex(ADDRESS, 'expected an address').optional(),
});
export const hostsFileSchema = z.strictObject({
  hosts: z.array(hostSchema).min(2, 'expected at least two machines').max(HOSTS_MAX),
  /** Left out: as many instances and destinations as there are machines. */
  chain: chainSchema.optional(),
  tool: z.string().default('agent'),
  durability: z.enum(['fsync', 'os']).default('fsync'),
  log: logSchema.prefault({}),
});

export type HostRole = 'instance' | 'destination' | 'registry';
export interface Host {
  readonly id: string;
  readonly role: HostRole;
  readonly address: string;
  readonly inside: string;
  readonly user: string;
  readonly port: number;
  readonly key: string | null;
}
export interface RemoteChain {
  readonly shape: ChainShape;
  readonly durability: 'fsync' | 'os';
  readonly log: z.infer<typeof logSchema>;
  readonly hosts: readonly Host[];
}

export async function readHostsFile(file: string): Promise<RemoteChain> {
  const { hosts: listed, chain, tool, durability, log } = (await readYaml(file, hostsFileSchema)).value;
  const hosts = listed.map((entry): Host => {
    const { id, address, user, port, inside = address } = entry;
    const key = entry.key === undefined ? null : keyPath(dirname(resolve(file)), entry.key);
    return { id, role: entry.role ?? roleOf(id), address, inside, user, port, key };
  });
  const shape = chain ?? { ...shapeOf(hosts), tool };
  complainAbout(file, hosts, shape);
  return { shape, durability, log, hosts };
}

/** Of the machine that etcd runs on. */
export function registryHost({ hosts }: Pick<RemoteChain, 'hosts'>): Host {
  const host = hosts.find(({ role }) => role === 'registry') ?? hosts.find(({ id }) => id === 'instance1');
  if (host === undefined) throw new BenchError('usage', 'no machine for etcd');
  return host;
}

/** The machine that is this node, or that etcd runs on. */
export function hostOf(chain: Pick<RemoteChain, 'hosts'>, node: string): Host {
  if (node === ETCD) return registryHost(chain);
  const host = chain.hosts.find(({ id }) => id === node);
  if (host === undefined) throw new BenchError('usage', `no machine for ${node}`);
  return host;
}

function roleOf(id: string): HostRole {
  if (id === ETCD) return 'registry';
  return /^instance\d+$/.test(id) ? 'instance' : 'destination';
}

function shapeOf(hosts: readonly Host[]): ChainShape {
  const count = (wanted: HostRole) => Math.max(1, hosts.filter(({ role }) => role === wanted).length);
  return chainSchema.parse({ instances: count('instance'), fanOut: count('destination') });
}

function keyPath(folder: string, key: string): string {
  return key.startsWith('~/') ? join(homedir(), key.slice(2)) : resolve(folder, key);
}

function complainAbout(file: string, hosts: readonly Host[], shape: ChainShape): void {
  const wanted = nodeNames(shape);
  const nodes = hosts.filter(({ role }) => role !== 'registry').map(({ id }) => id);
  const all = hosts.map(({ id }) => id);
  const places = hosts.map(({ address, port }) => `${address}:${port}`);
  const twice = [...all, ...places].find((value, index, list) => list.indexOf(value) !== index);
  if (twice !== undefined)
    throw new BenchError('usage', `${file}: ${twice} is there twice: a machine is one node`);
  if (hosts.filter(({ role }) => role === 'registry').length > 1) {
    throw new BenchError('usage', `${file}: more than one machine has the role registry`);
  }
  const missing = wanted.filter((id) => !nodes.includes(id));
  const strange = nodes.filter((id) => !wanted.includes(id));
  if (missing.length + strange.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`no machine for ${missing.join(', ')}`] : []),
    ...(strange.length > 0 ? [`not in the chain: ${strange.join(', ')}`] : []),
  ];
  throw new BenchError('usage', `${file}: ${parts.join('; ')}; a chain like this has ${wanted.join(', ')}`);
}
